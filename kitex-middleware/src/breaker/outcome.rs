//! What the result of a call says of whoever was called.

use kitex_codec::ApplicationException;
use kitex_core::{CallResult, Error, ErrorKind, Sent, Stage};

/// What the result of a call says of whoever was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// Nothing.
    Ignore,
}

/// The outcome of a call, unless a breaker is told otherwise by its `classify`.
///
/// | result | outcome | why |
/// |---|---|---|
/// | a value, a declared exception, a business status | `Success` | each is an answer |
/// | `Deadline` | `Failure` | nobody answered in time |
/// | `Deadline` before anything was sent | `Ignore` | the caller came too late |
/// | `Connect`, `Closed` | `Failure` | nobody is there |
/// | `Protocol`, `MissingResult` | `Failure` | what came is no answer |
/// | `Remote`, `Handler`, `Panic` | `Failure` | the handler failed |
/// | `Remote`, not served | `Ignore` | it limits its load itself, shuts down, or has no such method |
/// | `Remote` 7 (undecodable arguments), and all others of the protocol's own codes (1 to 20) but 5 and 6 | `Ignore` | the caller's fault |
/// | `Arguments`, `UnknownMethod`, `UnknownService` | `Ignore` | the caller's fault |
/// | `Encode`, `Limit`, `Shutdown` | `Ignore` | this side's own |
/// | `Cancelled`, and a call that was dropped | `Ignore` | nobody waited for the answer |
/// | `Layer` | `Failure` | such as a timeout of tower's |
///
/// A call that is dropped when its deadline has passed counts as `Deadline`: a layer outside has ended it for that.
///
/// Kitex counts every error as a failure but those of its own rules (access, discovery, load balance). Here a server
/// that sheds load is not cut off for it, since that would take away what it still serves, and a caller that sends what
/// cannot be read does not cut others off.
pub fn outcome_of(result: &CallResult) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(error) => outcome_of_error(error),
    }
}

fn outcome_of_error(error: &Error) -> Outcome {
    match error.kind() {
        ErrorKind::Deadline if error.stage() == Stage::Local => Outcome::Ignore,
        ErrorKind::Remote if error.sent() == Sent::Never || error.push_back().is_some() => Outcome::Ignore,
        ErrorKind::Remote => outcome_of_code(error.code().unwrap_or(ApplicationException::INTERNAL_ERROR)),
        ErrorKind::Arguments | ErrorKind::UnknownMethod | ErrorKind::UnknownService => Outcome::Ignore,
        ErrorKind::Encode | ErrorKind::Limit | ErrorKind::Shutdown | ErrorKind::Cancelled => Outcome::Ignore,
        _ => Outcome::Failure,
    }
}

/// By its own codes the protocol says that a call cannot be read or is not served, but for those of a failed handler.
fn outcome_of_code(code: i32) -> Outcome {
    match code {
        ApplicationException::MISSING_RESULT | ApplicationException::INTERNAL_ERROR => Outcome::Failure,
        ApplicationException::UNKNOWN_METHOD..=ApplicationException::UNKNOWN_SERVICE => Outcome::Ignore,
        _ => Outcome::Failure,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kitex_core::{BusinessStatus, Response, Status};

    use super::*;

    fn failed(kind: ErrorKind, stage: Stage) -> Outcome {
        outcome_of(&Err(Error::new(kind, stage, "")))
    }

    fn remote(code: i32, text: &'static str) -> Error {
        Error::remote(ApplicationException { code, message: text.into() })
    }

    #[test]
    fn every_answer_is_a_success() {
        let business = Status::Business(Box::new(BusinessStatus::new(500, "")));
        for status in [Status::Ok, Status::Exception(1), business] {
            assert_eq!(outcome_of(&Ok(Response::empty(status))), Outcome::Success);
        }
    }

    #[test]
    fn a_deadline_is_a_failure_unless_the_call_was_made_too_late() {
        for stage in [Stage::Pick, Stage::Dial, Stage::Write, Stage::Read, Stage::Handle] {
            assert_eq!(failed(ErrorKind::Deadline, stage), Outcome::Failure);
        }
        assert_eq!(failed(ErrorKind::Deadline, Stage::Local), Outcome::Ignore);
    }

    #[test]
    fn who_is_not_there_or_does_not_speak_the_protocol_has_failed() {
        assert_eq!(failed(ErrorKind::Connect, Stage::Dial), Outcome::Failure);
        assert_eq!(failed(ErrorKind::Closed, Stage::Read), Outcome::Failure);
        assert_eq!(failed(ErrorKind::Protocol, Stage::Decode), Outcome::Failure);
        assert_eq!(failed(ErrorKind::MissingResult, Stage::Decode), Outcome::Failure);
    }

    #[test]
    fn a_handler_that_fails_is_a_failure() {
        assert_eq!(failed(ErrorKind::Handler, Stage::Handle), Outcome::Failure);
        assert_eq!(failed(ErrorKind::Panic, Stage::Handle), Outcome::Failure);
        for code in [0, 5, 6, 21, 1000, -1] {
            assert_eq!(outcome_of(&Err(remote(code, "biz error: no"))), Outcome::Failure, "{code}");
        }
    }

    #[test]
    fn a_peer_that_refuses_a_call_has_not_failed() {
        let shed = remote(6, "too much to do").with_push_back(Duration::from_millis(20));
        assert_eq!(outcome_of(&Err(shed)), Outcome::Ignore);
        assert_eq!(outcome_of(&Err(remote(6, "not served: shutting down"))), Outcome::Ignore);
        assert_eq!(outcome_of(&Err(remote(1, "unknown method X"))), Outcome::Ignore);
    }

    #[test]
    fn what_a_caller_does_wrong_is_not_the_callees_failure() {
        for code in [1, 2, 3, 4, 7, 20] {
            assert_eq!(outcome_of(&Err(remote(code, ""))), Outcome::Ignore, "{code}");
        }
        for kind in [ErrorKind::Arguments, ErrorKind::UnknownMethod, ErrorKind::UnknownService] {
            assert_eq!(failed(kind, Stage::Local), Outcome::Ignore);
        }
    }

    #[test]
    fn what_this_side_does_to_itself_says_nothing_of_the_other() {
        for kind in [ErrorKind::Encode, ErrorKind::Limit, ErrorKind::Shutdown, ErrorKind::Cancelled] {
            for stage in [Stage::Local, Stage::Pick, Stage::Decode] {
                assert_eq!(failed(kind, stage), Outcome::Ignore);
            }
        }
    }

    #[test]
    fn a_layer_beneath_that_fails_is_a_failure() {
        assert_eq!(outcome_of(&Err(Error::from_box("timed out".into()))), Outcome::Failure);
    }
}
