//! What an error says, and to whom.

use kitex_codec::EncodeError;

use super::*;

#[test]
fn an_error_says_all_it_knows() {
    let error = Error::deadline(Stage::Read).with_method(&Method::dynamic("EchoSvc", "Echo"));
    assert_eq!(
        error.to_string(),
        "deadline exceeded calling EchoSvc.Echo (while waiting for the response): the call's deadline has passed \
         [setting: timeout]"
    );
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn an_error_of_several_attempts_says_how_many_last() {
    let error = Error::new(ErrorKind::Connect, Stage::Dial, "refused").with_setting("connect_timeout");
    assert_eq!(error.attempts(), 1);
    let one = "cannot connect (while connecting): refused [setting: connect_timeout]: closed";
    let error = error.with_source("closed");
    assert_eq!(error.to_string(), one);
    assert_eq!(error.with_attempts(3).to_string(), format!("{one} [attempts: 3]"));
}

/// Who prints an error with all of its sources says nothing twice.
#[test]
fn what_caused_an_error_is_told_once() {
    #[derive(Debug)]
    struct Deeper;

    impl fmt::Display for Deeper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the disk is gone")
        }
    }

    impl StdError for Deeper {}

    let cause = std::io::Error::other(Deeper);
    let error = Error::new(ErrorKind::Closed, Stage::Read, "the connection broke").with_source(cause);
    assert_eq!(error.to_string().matches("the disk is gone").count(), 1);
    assert!(error.cause().unwrap().is::<std::io::Error>());
    let (mut chain, mut next) = (error.to_string(), error.source());
    while let Some(source) = next {
        chain = format!("{chain}: {source}");
        next = source.source();
    }
    assert_eq!(
        chain,
        "connection closed (while waiting for the response): the connection broke: the disk is gone"
    );
}

#[test]
fn an_error_is_found_again_in_its_box() {
    let boxed: BoxError = Box::new(Error::deadline(Stage::Pick));
    assert_eq!(Error::from_box(boxed).kind(), ErrorKind::Deadline);
    let foreign = Error::from_box("foreign".into());
    assert_eq!(foreign.kind(), ErrorKind::Layer);
    assert!(!foreign.is_retry_safe(), "the layer may have failed after the call was sent");
}

#[test]
fn what_a_format_cannot_express_is_nobodys_setting() {
    let setting = |what| Error::from(EncodeError::limit(what, 2, 1)).setting();
    assert_eq!(setting("Limits::max_string"), Some("Limits::max_string"));
    assert_eq!(setting("a key or value of a TTHeader"), None);
}

#[test]
fn the_code_of_an_exception_is_shown_and_that_of_a_violation_is_not() {
    let remote = Error::remote(ApplicationException { code: 6, message: Str::from("boom") });
    assert_eq!(remote.to_string(), "remote exception 6 (at the peer): boom");
    let violation = Error::new(ErrorKind::Protocol, Stage::Decode, "no").with_code(4);
    assert_eq!(violation.to_string(), "protocol violation (while decoding): no");
}

#[test]
fn what_never_left_can_be_sent_again() {
    assert!(Error::deadline(Stage::Dial).is_retry_safe());
    assert!(!Error::deadline(Stage::Read).is_retry_safe());
    let unknown = ApplicationException { code: 1, message: Str::from("unknown method M (service S)") };
    assert!(Error::remote(unknown).is_retry_safe());
    let too_late = Error::not_served(&Method::dynamic("S", "M")).to_exception();
    assert_eq!((too_late.code, &*too_late.message), (6, "not served: the server is shutting down"));
    assert!(Error::remote(too_late.clone()).is_retry_safe());
    assert!(!Error::remote(Error::remote(too_late).of_handler().to_exception()).is_retry_safe());
}

#[test]
fn an_error_that_a_handler_passes_on_is_a_failure_of_the_handler() {
    let remote = |code, text: &str| Error::remote(ApplicationException { code, message: Str::from(text) });
    let exception = remote(6, "biz error: boom").of_handler().to_exception();
    assert_eq!((exception.code, &*exception.message), (6, "biz error: remote exception: biz error: boom"));
    let exception = remote(77, "own").of_handler().to_exception();
    assert_eq!((exception.code, &*exception.message), (77, "remote exception: own"));
    let passed_on = remote(1, "unknown method M (service S)").of_handler();
    assert_eq!((passed_on.kind(), passed_on.sent()), (ErrorKind::Handler, Sent::Maybe));
    assert!(!Error::remote(passed_on.to_exception()).is_retry_safe());
    let dial = Error::new(ErrorKind::Connect, Stage::Dial, "refused").of_handler();
    assert!(!dial.is_retry_safe());
    let own = Error::application(1, "unknown method of mine").of_handler();
    assert_eq!((own.code(), own.message()), (Some(1), "unknown method of mine [biz error]"));
    assert!(!Error::remote(own.to_exception()).is_retry_safe(), "it is no router's");
}

#[test]
fn the_caller_is_told_as_a_kitex_server_tells_it() {
    let exception = Error::handler("boom").to_exception();
    assert_eq!((exception.code, &*exception.message), (6, "biz error: boom"));
    let exception = Error::application(77, "seventy-seven").to_exception();
    assert_eq!((exception.code, &*exception.message), (77, "seventy-seven"));
    let exception = Error::unknown_method(&Method::dynamic("S", "M")).to_exception();
    assert_eq!((exception.code, &*exception.message), (1, "unknown method M (service S)"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may begin at any time")]
fn what_a_handler_hands_on_has_not_ended_yet_for_its_own_caller() {
    let at = std::time::Instant::now();
    for kind in ErrorKind::ALL {
        let mut result = Err(Error::new(kind, Stage::Read, "no"));
        crate::ended_at(&mut result, || at);
        assert_eq!(crate::known_end(&result), Some(at));
        let handed_on = result.map_err(Error::of_handler);
        assert_eq!(crate::known_end(&handed_on), None, "{kind:?}");
    }
}
