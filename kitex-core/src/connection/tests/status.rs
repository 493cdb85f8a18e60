//! How answers end calls: values, declared exceptions, business statuses, failures (spec: kitex-wire 8.4, 9, 10.1).

use std::time::Duration;

use kitex_codec::Form;

use super::raw::{Asking, FORMS, Fed, HI, SAID, framed, headed, headed_with, message, section};
use super::*;
use crate::{BusinessStatus, Context, Error, ErrorKind, Metadata, Method, Response, Scope, Sent, Status};

#[test]
fn a_declared_exception_is_told_by_its_field_without_decoding() {
    for form in FORMS {
        for (id, method, expected) in [
            (1, RISKY, Status::Exception(1)),
            (2, RISKY, Status::Exception(2)),
            (0, RISKY, Status::Ok),
            (3, RISKY, Status::Ok),
            (1, ECHO, Status::Ok),
        ] {
            let mut pair = Pair::new(form);
            let thrown = Response::new(Status::Exception(id), pair::struct_of(id, "oops"));
            let response = pair.served(request(method, "x"), Ok(thrown)).unwrap();
            assert_eq!(response.status, expected, "{form:?} {id}");
            assert_eq!(pair::field_of(response.body.message().unwrap()), (id, "oops".into()));
            assert!(pair.client.is_reusable(0));
        }
    }
}

#[test]
fn a_business_status_crosses_with_its_extra() {
    for form in [Form::TTHeader, Form::TTHeaderFramed] {
        for status in [
            BusinessStatus::new(404, "not found").with_extra("k", "v").with_extra("\"é\n", ""),
            BusinessStatus::new(-1, ""),
            BusinessStatus::new(i32::MAX, "no extra"),
        ] {
            let mut pair = Pair::new(form);
            let sent = Response::empty(Status::Business(Box::new(status.clone())));
            let response = pair.served(request(ECHO, "x"), Ok(sent)).unwrap();
            assert_eq!(response.status, Status::Business(Box::new(status)));
            assert!(pair.client.is_reusable(0));
        }
    }
}

#[test]
fn a_business_status_has_no_place_in_forms_without_a_header() {
    for form in [Form::Buffered, Form::Framed] {
        let mut pair = Pair::new(form);
        let sent = Response::empty(Status::Business(Box::new(BusinessStatus::new(404, "not found"))));
        let response = pair.served(request(ECHO, "x"), Ok(sent)).unwrap();
        assert_eq!((response.status, response.body.message().unwrap().len()), (Status::Ok, 1));
    }
}

#[test]
fn a_status_code_counts_if_it_is_a_number_that_is_not_zero() {
    let code = |code: &str| {
        let mut asking = Asking::over(Form::TTHeader);
        asking.call(ECHO, 0);
        let pairs = [("biz-status", code), ("biz-message", "m")];
        asking.feed(&headed(0, 1, &pairs, &message(2, "Echo", 1, SAID))).unwrap().unwrap().1.unwrap().status
    };
    let status = |code| Status::Business(Box::new(BusinessStatus::new(code, "m")));
    assert_eq!(code("404"), status(404));
    assert_eq!(code("+5"), status(5));
    assert_eq!(code("-5"), status(-5));
    for none in ["0", "text", "", "2147483648", "1.5"] {
        assert_eq!(code(none), Status::Ok, "{none}");
    }
}

#[test]
fn a_status_whose_extra_cannot_be_read_is_an_error_and_not_a_success() {
    for extra in ["{", "[]", "{\"k\":1}", "null", "{\"k\":{\"k\":\"v\"}}", "{}x"] {
        let mut asking = Asking::over(Form::TTHeader);
        asking.call(ECHO, 0);
        let pairs = [("biz-status", "7"), ("biz-extra", extra)];
        let reply = headed(0, 1, &pairs, &message(2, "Echo", 1, b"\0"));
        let error = asking.feed(&reply).unwrap().unwrap().1.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{extra}");
        assert!(error.to_string().contains("business status 7"), "{error}");
    }
    // What the peer wrote is not quoted at whatever length it likes.
    let mut asking = Asking::over(Form::TTHeader);
    asking.call(ECHO, 0);
    let long = format!("\"{}\"", "é".repeat(20_000));
    let pairs = [("biz-status", "7"), ("biz-extra", &*long)];
    let error =
        asking.feed(&headed(0, 1, &pairs, &message(2, "Echo", 1, b"\0"))).unwrap().unwrap().1.unwrap_err();
    assert!(error.to_string().len() < 600 && error.to_string().ends_with(" bytes)"), "{error}");
    // Without a status nobody looks at it.
    let mut asking = Asking::over(Form::TTHeader);
    asking.call(ECHO, 0);
    let reply = headed(0, 1, &[("biz-extra", "{")], &message(2, "Echo", 1, SAID));
    assert!(asking.feed(&reply).unwrap().unwrap().1.is_ok());
}

#[test]
fn backward_metadata_comes_with_every_kind_of_answer() {
    let backward = || {
        let mut context = Context::new();
        context.set_backward("K", "v");
        context.set_backward("EMPTY", "");
        context.set_backward("", "no key");
        context.take_response_metadata()
    };
    let outcomes: [Result<Response, Error>; 4] = [
        Ok(Response { metadata: backward(), ..value("x") }),
        Ok(Response { metadata: backward(), ..Response::new(Status::Exception(1), pair::struct_of(1, "x")) }),
        Ok(Response {
            metadata: backward(),
            ..Response::empty(Status::Business(Box::new(BusinessStatus::new(1, "m"))))
        }),
        Err(Error::handler("boom").with_metadata(backward())),
    ];
    for outcome in outcomes {
        let mut pair = Pair::new(Form::TTHeaderFramed);
        let metadata = match pair.served(request(RISKY, "x"), outcome) {
            Ok(response) => response.metadata,
            Err(error) => error.metadata().clone(),
        };
        assert_eq!(metadata.get(Scope::Backward, "K"), Some("v"));
        assert_eq!(metadata.get(Scope::Backward, "EMPTY"), None);
        assert!(metadata.iter(Scope::Backward).all(|(key, _)| !key.is_empty()));
    }
}

#[test]
fn a_backward_key_is_written_raw_and_read_with_and_without_its_prefix() {
    let mut fed = Fed::new();
    let request = fed.feed(&headed(0, 1, &[], &message(1, "Echo", 1, HI))).unwrap().unwrap();
    let mut metadata = Metadata::new();
    metadata.set(Scope::Backward, "K", "v");
    metadata.set(Scope::Transient, "T", "not for a reply");
    fed.reply(&request, Ok(Response { metadata, ..value("x") }));
    let reply = &fed.written()[0];
    assert_eq!(reply.pairs.iter().collect::<Vec<_>>(), [(&b"K"[..], &b"v"[..])]);
    assert_eq!(reply.int(22), Some("2"));

    let mut asking = Asking::over(Form::TTHeader);
    asking.call(ECHO, 0);
    let pairs = [("RAW", "1"), ("RPC_BACKWARD_VOLO", "2")];
    let answer = asking.feed(&headed(0, 1, &pairs, &message(2, "Echo", 1, SAID))).unwrap();
    let metadata = answer.unwrap().1.unwrap().metadata;
    assert_eq!(metadata.get(Scope::Backward, "RAW"), Some("1"));
    assert_eq!(metadata.get(Scope::Backward, "VOLO"), Some("2"));
}

#[test]
fn a_failed_call_reaches_the_caller_with_its_code_and_text() {
    let cases = [
        (Error::handler("boom"), 6, "biz error: boom"),
        (Error::application(77, "seventy-seven"), 77, "seventy-seven"),
        (
            Error::panicked(&Method::from(ECHO), "oh"),
            6,
            "panic: [happened in biz handler, method=EchoSvc.Echo, please check the panic at the server side] oh",
        ),
    ];
    for form in FORMS {
        for (error, code, text) in &cases {
            let mut pair = Pair::new(form);
            let sent = Error::new(error.kind(), error.stage(), error.message().to_owned());
            let sent = match error.code() {
                Some(code) => sent.with_code(code),
                None => sent,
            };
            let error = pair.served(request(ECHO, "x"), Err(sent)).unwrap_err();
            assert_eq!(
                (error.kind(), error.code(), error.message()),
                (ErrorKind::Remote, Some(*code), *text)
            );
            assert_eq!((error.method().unwrap().name(), error.sent()), ("Echo", Sent::Maybe));
            // Over TTHeader the server would have said that it closes (spec: kitex-wire 10.5).
            assert_eq!(pair.client.is_reusable(0), form.has_header(), "{form:?}");
            assert!(!pair.server.is_finished(), "a handler's error keeps the connection");
        }
    }
}

#[test]
fn only_the_routers_refusals_are_safe_to_send_again() {
    let exception = |code: u8, text: &str| {
        let len = text.len() as u8;
        let body =
            [&b"\x0b\0\x01\0\0\0"[..], &[len], text.as_bytes(), b"\x08\0\x02\0\0\0", &[code], b"\0"].concat();
        let mut asking = Asking::over(Form::Framed);
        asking.call(ECHO, 0);
        asking.feed(&framed(&message(3, "Echo", 1, &body))).unwrap().unwrap().1.unwrap_err().sent()
    };
    assert_eq!(exception(1, "unknown method Echo (service EchoSvc)"), Sent::Never);
    assert_eq!(exception(20, "unknown service , method Echo"), Sent::Never);
    assert_eq!(exception(1, "unknown method Echo (no service is named)"), Sent::Never);
    assert_eq!(exception(1, "unknown service Nope, method Echo"), Sent::Never);
    // A handler ran, and passes on what it was told itself, or has codes of its own.
    assert_eq!(exception(1, "biz error: remote exception: unknown method X (service Y)"), Sent::Maybe);
    assert_eq!(exception(20, "unknown service Y, method X [biz error]"), Sent::Maybe);
    assert_eq!(exception(6, "unknown method Echo"), Sent::Maybe);
}

#[test]
fn a_long_error_text_is_shortened_and_metadata_that_does_not_fit_is_left_out() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let mut metadata = Metadata::new();
    metadata.set(Scope::Backward, "K", "v".repeat(70_000));
    let failed = Error::handler("é".repeat(1 << 20)).with_metadata(metadata);
    let error = pair.served(request(ECHO, "x"), Err(failed)).unwrap_err();
    assert!(error.message().starts_with("biz error: éé") && error.message().ends_with(" bytes in all)"));
    assert!(error.message().len() < 20_000);
    assert!(error.metadata().get(Scope::Backward, "K").is_none());
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let mut asking = Asking::over(Form::TTHeader);
    asking.call(ECHO, 0);
    let pairs = [("biz-status", "1"), ("biz-status", "2")];
    let info = [&[0, 0], &section(&pairs)[..], &section(&[("biz-status", "3")])].concat();
    let reply = headed_with(0, 1, &info, &message(2, "Echo", 1, SAID));
    let Status::Business(status) = asking.feed(&reply).unwrap().unwrap().1.unwrap().status else {
        panic!("a business status")
    };
    assert_eq!(status.code, 3);
}

#[test]
fn whoever_is_asked_to_stay_away_was_not_served() {
    let refused =
        || Error::refused("RateConfig::rate", "too many").with_push_back(Duration::from_micros(1_500));
    assert_eq!(refused().sent(), Sent::Never);
    for form in FORMS {
        let mut pair = Pair::new(form);
        let error = pair.served(request(ECHO, "x"), Err(refused())).unwrap_err();
        // Without a header there is no place to say it, and the call may have been served.
        let told = form.has_header().then(|| Duration::from_millis(2));
        assert_eq!(error.push_back(), told);
        assert_eq!(error.is_retry_safe(), form.has_header());
        assert_eq!(error.message(), "too many");
    }
}
