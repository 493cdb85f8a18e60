//! Calls as a program makes them with the generated clients.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use golden::{Business, Ended, Exception, Reply};
use kitex_codec::{Bytes, Limits, Message};
use kitex_core::{Call, CallError, Context, Error, ErrorKind, NoException};

use super::json::Printed;
use super::wire::Wire;
use crate::idl::{common::base_svc_calls as base, echo, rich};
use crate::idl::{
    echo::echo_svc_calls as echoes, rich::other_svc_calls as others, rich::rich_svc_calls as riches,
};

/// How a call ended, with the error if it failed by itself.
pub(crate) type Outcome = (Ended, Option<ErrorKind>);

/// A call under way.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Outcome>>>;

/// What is set on a call before it is made.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) transient: Vec<(String, String)>,
    pub(crate) persistent: Vec<(String, String)>,
    /// The call on whose behalf it is made.
    pub(crate) served: Option<Context>,
}

impl Settings {
    fn apply<'a, R>(self, mut call: Call<'a, R>) -> Call<'a, R> {
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        for (key, value) in self.transient {
            call = call.transient(key, value);
        }
        for (key, value) in self.persistent {
            call = call.persistent(key, value);
        }
        match &self.served {
            Some(served) => call.context(served),
            None => call,
        }
    }
}

/// Calls the method with the recorded arguments; `None` for a method that no client of ours has.
pub(crate) fn start(method: &str, args: &[u8], settings: Settings, wire: &Wire) -> Option<Pending> {
    macro_rules! call {
        ($client:ty, $args:ty, |$of:ident, $with:ident| $call:expr) => {{
            let ($of, $with): (_, $args) = (<$client>::new(wire.clone()), decoded(args));
            Box::pin(async move { outcome(settings.apply($call).await) }) as Pending
        }};
    }
    type Rich = rich::RichSvcClient;
    Some(match method {
        "Echo" => call!(echo::EchoSvcClient, echoes::EchoArgs, |of, args| of.echo(args.req)),
        "Hello" => call!(rich::OtherSvcClient, others::HelloArgs, |of, args| of.hello(args.name)),
        "All" => call!(Rich, riches::AllArgs, |of, args| of.all(args.v)),
        "Options" => call!(Rich, riches::OptionsArgs, |of, args| of.options(args.v)),
        "Pick" => call!(Rich, riches::PickArgs, |of, args| of.pick(args.c)),
        "Nop" => call!(Rich, riches::NopArgs, |of, _args| of.nop()),
        "Put" => call!(Rich, riches::PutArgs, |of, args| of.put(args.k, args.v)),
        "Fire" => call!(Rich, riches::FireArgs, |of, args| of.fire(args.what)),
        "Sum" => call!(Rich, riches::SumArgs, |of, args| of.sum(args.a, args.b, args.c)),
        "Two" => call!(Rich, riches::TwoArgs, |of, args| of.two(args.which)),
        "VoidThrow" => call!(Rich, riches::VoidThrowArgs, |of, args| of.void_throw(args.which)),
        "Longs" => call!(Rich, riches::LongsArgs, |of, args| of.longs(args.v)),
        "Big" => call!(Rich, riches::BigArgs, |of, args| of.big(args.s)),
        "Paint" => call!(Rich, riches::PaintArgs, |of, args| of.paint(args.c)),
        "Grow" => call!(Rich, riches::GrowArgs, |of, args| of.grow(args.t)),
        "Bytes" => call!(Rich, riches::BytesArgs, |of, args| of.bytes(args.b)),
        "Table" => call!(Rich, riches::TableArgs, |of, args| of.table(args.t)),
        "Sleep" => call!(Rich, riches::SleepArgs, |of, args| of.sleep(args.ms)),
        "BaseHello" => call!(Rich, base::BaseHelloArgs, |of, args| of.base_hello(args.name)),
        "BasePing" => call!(Rich, base::BasePingArgs, |of, args| of.base_ping(args.ping)),
        _ => return None,
    })
}

fn decoded<A: Message>(args: &[u8]) -> A {
    let mut limits = Limits::default();
    limits.max_depth = 100;
    kitex_codec::decode(&Bytes::copy_from_slice(args), &limits).expect("the recorded arguments")
}

fn outcome<T: Printed, E: Declared>(result: Result<T, CallError<E>>) -> Outcome {
    let ended = match result {
        Ok(value) => Ended::Value(Reply::Json(value.json().to_string())),
        Err(CallError::Exception(exception)) => exception.ended(),
        Err(CallError::Status(status)) => {
            let pairs = status.extra.iter().map(|(key, value)| (key.to_string(), value.to_string()));
            let (code, message) = (status.code, status.message.to_string());
            Ended::Business(Business { code, message, extra: pairs.collect() })
        }
        Err(CallError::Failed(error)) => return failed(&error),
    };
    (ended, None)
}

fn failed(error: &Error) -> Outcome {
    let ended = match (error.kind(), error.code()) {
        (ErrorKind::Remote, Some(code)) => {
            Ended::Exception(Exception { message: error.message().to_owned(), code })
        }
        // A client of Kitex returns nil here, which ours tells by this error.
        (ErrorKind::MissingResult, _) => Ended::Value(Reply::Json("null".to_owned())),
        (kind, _) => return (Ended::Failed, Some(kind)),
    };
    (ended, None)
}

/// The exceptions of a method, as Go prints them.
trait Declared {
    fn ended(self) -> Ended;
}

impl Declared for NoException {
    fn ended(self) -> Ended {
        match self {}
    }
}

impl Declared for rich::RichSvcTwoError {
    fn ended(self) -> Ended {
        match self {
            Self::Oops(exception) => oops(&exception),
            Self::Denied(exception) => denied(&exception),
        }
    }
}

impl Declared for rich::RichSvcVoidThrowError {
    fn ended(self) -> Ended {
        match self {
            Self::Oops(exception) => oops(&exception),
            Self::Denied(exception) => denied(&exception),
        }
    }
}

fn oops(exception: &rich::Oops) -> Ended {
    let text = format!("Oops({{Reason:{} Code:{}}})", exception.reason, exception.code);
    Ended::Declared("*rich.Oops".to_owned(), text)
}

fn denied(exception: &rich::Denied) -> Ended {
    Ended::Declared("*rich.Denied".to_owned(), format!("Denied({{Who:{}}})", exception.who))
}
