//! How a call ended for its caller, apart from the words that an implementation finds for it.

use crate::case::{Business, Case, ClientSays, Exception, Reply, Side};

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a value, as JSON; `null` for a result without one.
    Value(Reply),
    /// With an exception that the IDL declares, by its Go type and text.
    Declared(String, String),
    /// With a business status.
    Business(Business),
    /// With the application exception that the server sent.
    Exception(Exception),
    /// By a failure that the client found itself: time, connection, or an answer that it refused.
    Failed,
}

impl Case {
    /// How the recorded client took a call of this case. Kitex marks some of its own failures as remote ones, so an exception counts
    /// as the server's only if the server is on record with it.
    #[must_use]
    pub fn ended(&self, call: &ClientSays) -> Ended {
        if let Some(business) = &call.business {
            return Ended::Business(business.clone());
        }
        let Some(text) = &call.error else {
            return Ended::Value(call.reply.clone().unwrap_or(Reply::Json("null".to_owned())));
        };
        match &call.error_type {
            Some(kind) if kind != "*kerrors.DetailedError" => Ended::Declared(kind.clone(), text.clone()),
            _ => self.sent_exception(text, call.code).map_or(Ended::Failed, Ended::Exception),
        }
    }

    fn sent_exception(&self, text: &str, code: Option<i32>) -> Option<Exception> {
        let message = text.strip_prefix("remote or network error[remote]: ")?;
        if self.next_server_options.is_some() {
            // The recorded bytes are not those that this client received.
            return code.map(|code| Exception { message: message.to_owned(), code });
        }
        let replies = self.connections().into_iter().flat_map(|conn| self.cut(conn, Side::Server));
        let mut sent = replies.filter_map(|reply| reply.decoded.exception);
        sent.find(|sent| sent.message == message && Some(sent.code) == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(path: &str, call: usize) -> Ended {
        let case = crate::case(path).unwrap();
        case.ended(&case.calls[call])
    }

    #[test]
    fn a_call_ends_in_one_of_five_ways() {
        let json = |text: &str| Ended::Value(Reply::Json(text.to_owned()));
        assert_eq!(ended("framed/echo", 0), json(r#"{"msg":"hi"}"#));
        assert_eq!(ended("framed/void", 0), json("null"));
        assert_eq!(
            ended("framed/exception-second", 0),
            Ended::Declared("*rich.Denied".to_owned(), "Denied({Who:you})".to_owned())
        );
        let business = Business { code: -1, message: "minus".to_owned(), extra: Default::default() };
        assert_eq!(ended("ttheader/biz-status-negative", 0), Ended::Business(business));
        let exception = Exception { message: "boom".to_owned(), code: 6 };
        assert_eq!(ended("errors/client-exception", 0), Ended::Exception(exception));
        assert_eq!(ended("errors/client-exception-seq-0", 0), ended("errors/client-exception", 0));
        assert_eq!(ended("errors/client-seq-mismatch", 0), Ended::Failed);
        assert_eq!(ended("meta/timeout-fires", 0), Ended::Failed);
    }

    #[test]
    fn every_recorded_call_has_its_end() {
        let mut counts = [0; 5];
        for case in crate::all() {
            for call in &case.calls {
                let index = match case.ended(call) {
                    Ended::Value(_) => 0,
                    Ended::Declared(..) => 1,
                    Ended::Business(_) => 2,
                    Ended::Exception(_) => 3,
                    Ended::Failed => 4,
                };
                counts[index] += 1;
            }
        }
        assert_eq!(counts, [274, 15, 20, 48, 49]);
    }
}
