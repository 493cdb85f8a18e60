//! What a server answered on one connection, and how two servers' answers differ.

use crate::case::{Case, Side};
use crate::compare::{Difference, Facts, body_difference, differences};
use crate::exchange::Sent;
use crate::oracle;

/// All that a server did on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Its messages, in the order in which they were sent.
    pub replies: Vec<Sent>,
    /// Whether it closed the connection while the client still held it open.
    pub closed: bool,
}

impl Answers {
    /// What the recorded server did.
    #[must_use]
    pub fn recorded(case: &Case, conn: u32) -> Self {
        let closed = case.closed_by.get(&conn) == Some(&Side::Server);
        Self { replies: case.cut(conn, Side::Server), closed }
    }

    /// What a server under test did: all that it wrote, and whether it closed.
    #[must_use]
    pub fn of(bytes: &[u8], closed: bool) -> Self {
        let replies = oracle::split(bytes).into_iter().scan(0, |at, read| {
            let start = *at;
            *at += read.length;
            Some(Sent { bytes: bytes[start..*at].to_vec(), body: read.body.to_vec(), decoded: read.decoded })
        });
        Self { replies: replies.collect(), closed }
    }

    /// The facts in which `ours` is not what was recorded. Replies are matched by sequence id; their order counts as the fact
    /// `order` unless the server could answer out of order, where it depends on time.
    #[must_use]
    pub fn differences(&self, ours: &Self, in_order: bool) -> Vec<Difference> {
        let mut found: Vec<Difference> =
            Difference::of("closed", self.closed, ours.closed).into_iter().collect();
        if in_order {
            found.extend(Difference::of("order", self.sequence_ids(), ours.sequence_ids()));
        }
        let mut left: Vec<&Sent> = ours.replies.iter().collect();
        for recorded in &self.replies {
            let same = left.iter().position(|reply| reply.decoded.seq == recorded.decoded.seq);
            match same.map(|index| left.remove(index)) {
                Some(ours) => found.extend(reply_differences(recorded, ours)),
                None => {
                    found.extend(Difference::of("reply", Some(&recorded.decoded.method), None::<&String>))
                }
            }
        }
        let unexpected = left.into_iter().map(|reply| &reply.decoded.method);
        found.extend(unexpected.filter_map(|method| Difference::of("reply", None::<&String>, Some(method))));
        found
    }

    fn sequence_ids(&self) -> Vec<i32> {
        self.replies.iter().map(|reply| reply.decoded.seq).collect()
    }
}

/// The body of an exception is compared as its code and text, which [`differences`] does.
fn reply_differences(recorded: &Sent, ours: &Sent) -> Vec<Difference> {
    let mut found = differences(&recorded.decoded, &ours.decoded, Facts::OfTwoAnswers);
    if recorded.decoded.exception.is_none() {
        found.extend(body_difference(&recorded.body, &ours.body));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(recorded: &Answers, ours: &Answers) -> Vec<String> {
        recorded.differences(ours, true).into_iter().map(|difference| difference.fact).collect()
    }

    #[test]
    fn recorded_answers_are_like_what_their_bytes_say() {
        for case in crate::all() {
            for conn in case.connections() {
                let recorded = Answers::recorded(case, conn);
                let ours = Answers::of(&case.stream(conn, Side::Server), recorded.closed);
                let is_whole = ours.replies.len() == recorded.replies.len();
                assert!(!is_whole || facts(&recorded, &ours).is_empty(), "{}", case.path());
            }
        }
    }

    #[test]
    fn what_is_missing_added_moved_or_closed_is_named() {
        let case = crate::case("errors/pipelined-framed").unwrap();
        let recorded = Answers::recorded(case, 1);
        let mut ours = recorded.clone();
        ours.replies.swap(0, 1);
        ours.closed = true;
        assert_eq!(facts(&recorded, &ours), ["closed", "order"]);
        ours = recorded.clone();
        ours.replies.pop();
        assert_eq!(facts(&recorded, &ours), ["order", "reply"]);
        assert_eq!(facts(&ours, &recorded), ["order", "reply"]);
    }

    #[test]
    fn another_body_is_named() {
        let recorded = Answers::recorded(crate::case("framed/echo").unwrap(), 1);
        let mut ours = recorded.clone();
        ours.replies[0].body = vec![0];
        assert_eq!(facts(&recorded, &ours), ["body"]);
    }
}
