//! A client set up as a recorded one was.

use golden::{Case, Decoded, Header, Side};
use kitex_codec::{Form, Limits};
use kitex_core::{ClientConfig, Context, Method, Scope};

use super::calls::Settings;
use super::replay::duration;

pub(crate) fn config(case: &Case) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.multiplexed = case.client_switch("mux").is_some();
    config.checksum = case.client_switch("crc").is_some();
    config.form = form(case);
    let is_relayed = case.next_server_options.is_some();
    config.caller = if is_relayed { "" } else { "live.client" }.into();
    config.service = Some(if is_relayed { "next.server" } else { "live.server" }.into());
    config
}

/// The form of the first request, or of calls without one the form asked for.
fn form(case: &Case) -> Form {
    let sent = case.messages.iter().find(|message| message.from == Side::Client);
    match sent.and_then(|message| message.decoded.as_ref()).map(|decoded| decoded.form) {
        Some(golden::Form::Buffered) => Form::Buffered,
        Some(golden::Form::Framed) => Form::Framed,
        Some(golden::Form::TtHeaderFramed) => Form::TTHeaderFramed,
        Some(golden::Form::TtHeader) => Form::TTHeader,
        None if case.client_switch("transport") == Some("ttheader") => Form::TTHeader,
        None => Form::Framed,
    }
}

pub(crate) fn limits(case: &Case) -> Limits {
    let mut limits = Limits::default();
    if let Some(max) = case.client_switch("max-size") {
        limits.max_frame = max.parse().expect("a recorded size");
    }
    limits
}

/// Whether calls were made before others had ended.
pub(crate) fn is_parallel(case: &Case) -> bool {
    case.client_switch("parallel").is_some() || case.client_switch("retry") == Some("backup")
}

/// Whether the recorded client took its connections in turn, or each for one call only.
pub(crate) fn takes_turns(case: &Case) -> bool {
    let connections = case.client_switch("mux").map(str::parse);
    connections.is_some_and(|count| count != Ok(1)) || case.client_switch("short").is_some()
}

/// What the recorded client set on a call.
pub(crate) fn settings(case: &Case, header: Option<&Header>) -> Settings {
    let timeout = case.client_switch("call-timeout").or(case.client_switch("timeout")).map(duration);
    let transient = pairs(case.client_switch("transient"));
    let mut persistent = pairs(case.client_switch("persistent"));
    if case.next_server_options.is_some() {
        return Settings { served: Some(served(&transient, &persistent, timeout)), ..Settings::default() };
    }
    // A retry is a call with a pair of its own.
    let retry = header.and_then(|header| header.str.get("RPC_PERSIST_RetryReq"));
    persistent.extend(retry.map(|value| ("RetryReq".to_owned(), value.clone())));
    Settings { timeout, transient, persistent, served: None }
}

/// The call that the first server served when it made that on record.
fn served(
    transient: &[(String, String)],
    persistent: &[(String, String)],
    timeout: Option<std::time::Duration>,
) -> Context {
    let mut context = Context::new();
    context.set_method(Method::dynamic("EchoSvc", "Echo"));
    context.timeout = timeout;
    for (scope, pairs) in [(Scope::Transient, transient), (Scope::Persistent, persistent)] {
        pairs.iter().for_each(|(key, value)| context.metadata.set(scope, key.clone(), value.clone()));
    }
    context
}

/// Reads `A=1,B=@3`, where `@3` stands for `vvv`.
fn pairs(switch: Option<&str>) -> Vec<(String, String)> {
    let pairs = switch.into_iter().flat_map(|text| text.split(','));
    let pair = |text: &str| {
        let (key, value) = text.split_once('=').expect("a recorded pair");
        let value = match value.strip_prefix('@') {
            Some(length) => "v".repeat(length.parse().expect("a recorded length")),
            None => value.to_owned(),
        };
        (key.to_owned(), value)
    };
    pairs.map(pair).collect()
}

/// Takes out what a Kitex client writes only with its TTHeader handler, where it was recorded without.
pub(crate) fn without_handler(request: &mut Decoded) {
    let Some(header) = &mut request.header else { return };
    header.int.clear();
    header.str.remove("isn");
}
