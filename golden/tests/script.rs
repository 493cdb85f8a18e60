//! The script of the recorded server predicts every answer that its handlers gave.

use std::collections::BTreeMap;

use golden::oracle::{Tree, tree};
use golden::script::{Answer, Outcome, Seen, answer};
use golden::{Case, Codec, Decoded, Difference, Exchange, Form, Header, Origin};

/// Requests whose echoed argument comes back with more fields than it had: the recorded server writes unset fields at their zero
/// value.
const FILLED_IN: [&str; 11] = [
    "framed/all-types-nil",
    "framed/defaults-new",
    "framed/defaults-zero",
    "framed/nil-argument",
    "errors/body-bool-2",
    "errors/body-buffered-depth-62",
    "errors/body-buffered-depth-63",
    "errors/body-framed-depth-1000",
    "errors/body-set-duplicates",
    "errors/deep-60",
    "errors/deep-80-framed",
];

#[test]
fn every_answer_of_a_handler_is_predicted() {
    let mut wrong = Vec::new();
    let mut predicted = 0;
    for case in golden::all().filter(|case| case.origin() != Origin::HandMadeAnswers && !is_generic(case)) {
        for exchange in case.exchanges() {
            let Some(expected) = expectation(case, &exchange) else { continue };
            predicted += 1;
            wrong.extend(expected.check(case, &exchange).map(|found| format!("{}: {found:?}", case.path())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(predicted, 347, "the number of handler answers in the recordings");
}

/// Servers that answer with the bytes they were given, whatever the method.
fn is_generic(case: &Case) -> bool {
    ["binary-generic", "unknown"].iter().any(|name| case.server_switch(name).is_some())
}

/// What the script says the reply must be, beside the request's own sequence id and name.
struct Expected {
    answer: Answer,
    service: &'static str,
}

fn expectation(case: &Case, exchange: &Exchange) -> Option<Expected> {
    let reply = exchange.reply.as_ref()?;
    let request = &exchange.request;
    let is_text = case.path() != "errors/body-not-utf8";
    if request.decoded.codec != Codec::Thrift || is_of_the_framework(&reply.decoded) || !is_text {
        return None;
    }
    let service = service(case, &request.decoded);
    let answer = answer(service, &request.decoded.method, &tree(&request.body)?)?;
    Some(Expected { answer, service })
}

/// Exceptions that no handler caused: routing, decoding, and what the server was told to refuse.
fn is_of_the_framework(reply: &Decoded) -> bool {
    let texts =
        ["unknown service", "unknown method", "request forbidden", "request over limit", "from middleware"];
    let Some(exception) = &reply.exception else { return false };
    exception.code == 7 || texts.iter().any(|text| exception.message.starts_with(text))
}

fn service(case: &Case, request: &Decoded) -> &'static str {
    let named = request.header.as_ref().and_then(|header| header.str.get("isn"));
    match (request.method.as_str(), named.map(String::as_str)) {
        ("Echo", _) => "EchoSvc",
        ("Hello", _) => "OtherSvc",
        ("Sleep", None) if case.server_switch("svcs").is_some_and(|hosted| hosted.contains("other+")) => {
            "OtherSvc"
        }
        _ => "RichSvc",
    }
}

impl Expected {
    fn check(&self, case: &Case, exchange: &Exchange) -> Option<Difference> {
        let reply = exchange.reply.as_ref()?;
        if let Some((code, text)) = self.exception() {
            let recorded = reply.decoded.exception.as_ref().map(|found| (found.code, found.message.clone()));
            return Difference::of("exception", recorded, Some((code, text)));
        }
        self.header_difference(case, &reply.decoded).or_else(|| {
            let (recorded, ours) = (tree(&reply.body)?, self.body(case, exchange));
            let may_have_more = FILLED_IN.contains(&case.path().as_str());
            let passes =
                if may_have_more { recorded != ours && holds(&recorded, &ours) } else { recorded == ours };
            Difference::of("body", recorded, ours).filter(|_| !passes)
        })
    }

    fn exception(&self) -> Option<(i32, String)> {
        match &self.answer.outcome {
            Outcome::Error(text) => Some((6, format!("biz error: {text}"))),
            Outcome::CodedError(code, text) => Some((*code, format!("{text} [biz error]"))),
            Outcome::Panic(text) => {
                let place = format!("happened in biz handler, method={}.Echo", self.service);
                Some((6, format!("panic: [{place}, please check the panic at the server side] {text}")))
            }
            _ => None,
        }
    }

    /// The string keys of the reply but for its checksum and `crrst`, which no handler sets.
    fn header_difference(&self, case: &Case, reply: &Decoded) -> Option<Difference> {
        let mut recorded = reply.header.as_ref()?.str.clone();
        for key in ["crc32c", "crrst", "PV_len"] {
            recorded.remove(key);
        }
        let mut expected: BTreeMap<String, String> = self.answer.backward.clone().into_iter().collect();
        if let (Outcome::Business(business), Some(_)) = (&self.answer.outcome, case.server_switch("meta")) {
            expected.insert("biz-status".to_owned(), business.code.to_string());
            expected.insert("biz-message".to_owned(), business.message.clone());
            let extra = business.extra.iter().map(|(key, value)| format!("{{\"{key}\":\"{value}\"}}"));
            expected.extend(extra.map(|extra| ("biz-extra".to_owned(), extra)));
        }
        Difference::of("str", recorded, expected)
    }

    fn body(&self, case: &Case, exchange: &Exchange) -> Tree {
        let request = &exchange.request;
        let result = |value: &str| match request.decoded.method.as_str() {
            "Echo" => field(0, field(1, text(value))),
            _ => field(0, text(value)),
        };
        match &self.answer.outcome {
            Outcome::Text(text) => result(text),
            Outcome::Seen => result(&seen(case, &request.decoded).json()),
            Outcome::Number(number) => field(0, Tree::I64(*number)),
            Outcome::Argument => tree(&request.body)
                .and_then(|args| Some(field(0, args.field(1)?.clone())))
                .expect("an echoed argument"),
            Outcome::Oops(reason, code) => {
                field(1, Tree::Struct([(1, text(reason)), (2, Tree::I32(*code))].into()))
            }
            Outcome::Denied(who) if request.decoded.method == "VoidThrow" => field(3, field(1, text(who))),
            Outcome::Denied(who) => field(2, field(1, text(who))),
            _ => Tree::Struct(BTreeMap::new()),
        }
    }
}

/// Whether `ours` is all there in what was recorded, which may have more fields.
fn holds(recorded: &Tree, ours: &Tree) -> bool {
    let Tree::Struct(fields) = ours else { return recorded == ours };
    fields.iter().all(|(id, field)| recorded.field(*id).is_some_and(|recorded| holds(recorded, field)))
}

fn text(text: &str) -> Tree {
    Tree::Bytes(text.as_bytes().to_vec())
}

fn field(id: i16, value: Tree) -> Tree {
    Tree::Struct([(id, value)].into())
}

/// What the recorded server says it saw, told from the request's header.
fn seen(case: &Case, request: &Decoded) -> Seen {
    let header = request.header.clone().unwrap_or_default();
    let has_handler = case.server_switch("meta").is_some();
    let int = |key| header.int.get(&key).cloned().unwrap_or_default();
    let timeout_ms = int(12).parse().ok().filter(|_| has_handler).unwrap_or(0);
    let applies = case.server_switch("ctx-timeout").is_some() && timeout_ms > 0;
    let mut transient = with_prefix(&header, "RPC_TRANSIT_");
    transient.retain(|key, _| !key.starts_with("UPSTREAM_"));
    transient.extend(header.acl_token.clone().map(|token| ("gdpr-token".to_owned(), token)));
    Seen {
        deadline_within_ms: applies.then_some(timeout_ms),
        from: int(3),
        from_addr: header.str.get("rip").cloned(),
        from_method: if has_handler { int(20) } else { String::new() },
        method: request.method.clone(),
        persistent: with_prefix(&header, "RPC_PERSIST_"),
        service: "EchoSvc".to_owned(),
        timeout_ms,
        transient,
        transport: transport(request.form).to_owned(),
    }
}

fn with_prefix(header: &Header, prefix: &str) -> BTreeMap<String, String> {
    let pairs = header.str.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    let pairs = pairs.filter(|(key, value)| !key.is_empty() && !value.is_empty());
    pairs.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn transport(form: Form) -> &'static str {
    match form {
        Form::Buffered => "PurePayload",
        Form::Framed => "Framed",
        Form::TtHeader => "TTHeader",
        Form::TtHeaderFramed => "TTHeader|Framed",
    }
}

#[test]
fn a_union_without_a_field_is_not_answered() {
    let case = golden::case("framed/union-empty-from-server").unwrap();
    let exchange = case.exchanges().swap_remove(0);
    let args = tree(&exchange.request.body).unwrap();
    assert_eq!(answer("RichSvc", "Pick", &args).unwrap().outcome, Outcome::EmptyUnion);
    assert_eq!(exchange.reply, None);
}
