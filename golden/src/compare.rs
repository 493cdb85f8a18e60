//! Equality of decoded meaning.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use crate::case::{Decoded, Header};
use crate::oracle;

/// What two messages are expected to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Two decoders read the same bytes: every fact.
    OfOneMessage,
    /// Two servers answered the same request. The checksum covers bytes that may stand in another order, so only its being there
    /// counts; the text of a protocol error (code 7) is in each decoder's own words; where the payload begins does not matter.
    OfTwoAnswers,
}

/// A fact that two messages do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name, as a deviation table has it: `type`, `int 22`, `str crrst`.
    pub fact: String,
    /// What was recorded.
    pub recorded: String,
    /// What ours is.
    pub ours: String,
}

impl Difference {
    /// The difference of one fact, if there is one; values are told apart by what they print.
    #[must_use]
    pub fn of(fact: impl Display, recorded: impl Debug, ours: impl Debug) -> Option<Self> {
        let (recorded, ours) = (format!("{recorded:?}"), format!("{ours:?}"));
        (recorded != ours).then(|| Self {
            fact: fact.to_string(),
            recorded: shortened(recorded),
            ours: shortened(ours),
        })
    }
}

/// Keeps a failing test's report readable when a value is long.
fn shortened(text: String) -> String {
    let head: String = text.chars().take(300).collect();
    if head.len() == text.len() { head } else { format!("{head}… ({} bytes)", text.len()) }
}

/// The facts in which `ours` is not what was recorded. The order of pairs never counts.
#[must_use]
pub fn differences(recorded: &Decoded, ours: &Decoded, facts: Facts) -> Vec<Difference> {
    let mut found = vec![
        Difference::of("form", recorded.form, ours.form),
        Difference::of("codec", recorded.codec, ours.codec),
        Difference::of("type", recorded.message_type, ours.message_type),
        Difference::of("seq", recorded.seq, ours.seq),
        Difference::of("method", &recorded.method, &ours.method),
    ];
    found.extend(exceptions(recorded, ours, facts));
    if let (Some(recorded), Some(ours)) = (&recorded.header, &ours.header) {
        found.extend(headers(recorded, ours, facts));
    }
    found.into_iter().flatten().collect()
}

fn exceptions(recorded: &Decoded, ours: &Decoded, facts: Facts) -> [Option<Difference>; 2] {
    let code = |of: &Decoded| of.exception.as_ref().map(|exception| exception.code);
    let text = |of: &Decoded| of.exception.as_ref().map(|exception| exception.message.clone());
    let own_words = facts == Facts::OfTwoAnswers && code(recorded) == Some(7);
    [
        Difference::of("code", code(recorded), code(ours)),
        Difference::of("text", text(recorded), text(ours)).filter(|_| !own_words),
    ]
}

fn headers(recorded: &Header, ours: &Header, facts: Facts) -> Vec<Option<Difference>> {
    let mut found = vec![
        Difference::of("flags", recorded.flags, ours.flags),
        Difference::of("header seq", recorded.seq, ours.seq),
        Difference::of("protocol", recorded.protocol_id, ours.protocol_id),
        Difference::of("acl", &recorded.acl_token, &ours.acl_token),
    ];
    if facts == Facts::OfOneMessage && recorded.payload_at.is_some() {
        found.push(Difference::of("payload at", recorded.payload_at, ours.payload_at));
    }
    found.extend(pairs("int", &recorded.int, &ours.int));
    let strings = |header: &Header| match facts {
        Facts::OfOneMessage => header.str.clone(),
        Facts::OfTwoAnswers => without_checksum(&header.str),
    };
    found.extend(pairs("str", &strings(recorded), &strings(ours)));
    found
}

fn without_checksum(pairs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut pairs = pairs.clone();
    if let Some(checksum) = pairs.get_mut("crc32c") {
        *checksum = "(a checksum)".to_owned();
    }
    pairs
}

fn pairs<K: Ord + Display>(
    kind: &str,
    recorded: &BTreeMap<K, String>,
    ours: &BTreeMap<K, String>,
) -> Vec<Option<Difference>> {
    let extra = ours.keys().filter(|key| !recorded.contains_key(key));
    let keys = recorded.keys().chain(extra);
    keys.map(|key| Difference::of(format!("{kind} {key}"), recorded.get(key), ours.get(key))).collect()
}

/// The difference of two Thrift structs in their bytes, as the fact `body`: the order of fields, of entries of a map and of
/// elements of a set does not count.
#[must_use]
pub fn body_difference(recorded: &[u8], ours: &[u8]) -> Option<Difference> {
    let meaning = |bytes| oracle::tree(bytes).ok_or("not a Thrift struct");
    Difference::of("body", meaning(recorded), meaning(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(name: &str) -> Decoded {
        let case = crate::case(name).unwrap();
        case.messages.last().unwrap().decoded.clone().unwrap()
    }

    fn facts(recorded: &Decoded, ours: &Decoded, facts: Facts) -> Vec<String> {
        differences(recorded, ours, facts).into_iter().map(|difference| difference.fact).collect()
    }

    #[test]
    fn a_message_is_like_itself() {
        let reply = reply("ttheader/biz-status-extra");
        assert_eq!(facts(&reply, &reply, Facts::OfOneMessage), Vec::<String>::new());
    }

    #[test]
    fn every_fact_is_named() {
        let recorded = reply("ttheader/biz-status-extra");
        let mut ours = recorded.clone();
        ours.message_type = 3;
        ours.seq = 9;
        let header = ours.header.as_mut().unwrap();
        header.flags = 1;
        header.int.clear();
        header.str.insert("crrst".to_owned(), "1".to_owned());
        header.str.remove("biz-extra");
        let expected = ["type", "seq", "flags", "int 22", "str biz-extra", "str crrst"];
        assert_eq!(facts(&recorded, &ours, Facts::OfTwoAnswers), expected);
    }

    #[test]
    fn a_decoder_may_use_its_own_words_for_code_7_only() {
        for (case, expected) in
            [("errors/body-truncated", &[][..]), ("errors/method-unknown-ttheader", &["text"])]
        {
            let case = crate::case(case).unwrap();
            let recorded = case.exchanges().swap_remove(0).reply.unwrap().decoded;
            let mut ours = recorded.clone();
            ours.exception.as_mut().unwrap().message = "other".to_owned();
            assert_eq!(facts(&recorded, &ours, Facts::OfTwoAnswers), expected);
            assert_eq!(facts(&recorded, &ours, Facts::OfOneMessage), ["text"]);
        }
    }

    #[test]
    fn bodies_are_compared_by_meaning() {
        let (one, other) = (b"\x02\0\x01\x01\x02\0\x02\0\0", b"\x02\0\x02\0\x02\0\x01\x01\0");
        assert_eq!(body_difference(one, other), None);
        assert_eq!(body_difference(one, b"\0").unwrap().fact, "body");
    }
}
