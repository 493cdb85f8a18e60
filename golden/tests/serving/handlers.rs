//! The recorded services, with handlers that follow the recorded script.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use golden::script::{self, Answer, Outcome, Seen};
use kitex_codec::{Bytes, Str};
use kitex_core::{BusinessStatus, CallError, Context, Error, Scope};

use super::clock::Clock;
use crate::idl::{common, echo, rich};

/// The handlers of all services.
#[derive(Clone)]
pub(crate) struct Handlers {
    pub(crate) clock: Clock,
    /// Whether the recorded server read what only its TTHeader handler reads.
    pub(crate) reads_header: bool,
    /// Whether the recorded server gave its handlers a deadline.
    pub(crate) gives_deadline: bool,
}

impl Handlers {
    /// Does what the script says for a word, but for declared exceptions.
    async fn obey<E>(&self, context: &mut Context, answer: Answer) -> Result<Str, CallError<E>> {
        if answer.wait_ms > 0 {
            self.clock.sleep(Duration::from_millis(answer.wait_ms)).await;
        }
        if let Some((key, value)) = answer.backward {
            context.set_backward(key, value);
        }
        match answer.outcome {
            Outcome::Text(text) => Ok(text.into()),
            Outcome::Seen => Ok(self.seen(context).json().into()),
            Outcome::Error(text) => Err(CallError::failed(text)),
            Outcome::CodedError(code, text) => Err(Error::application(code, text).into()),
            Outcome::Panic(text) => std::panic::resume_unwind(Box::new(Said(text))),
            Outcome::Business(status) => {
                let pairs = status.extra.into_iter();
                let extra = pairs.map(|(key, value)| (key.into(), value.into())).collect();
                Err(BusinessStatus { code: status.code, message: status.message.into(), extra }.into())
            }
            other => Err(CallError::failed(format!("no handler ends with {other:?}"))),
        }
    }

    async fn obey_word<E>(&self, context: &mut Context, word: &str) -> Result<Str, CallError<E>> {
        match script::word(word) {
            Some(answer) => self.obey(context, answer).await,
            None => Ok(Str::new()),
        }
    }

    fn seen(&self, context: &Context) -> Seen {
        let left = context.deadline.map(|deadline| deadline.remaining(self.clock.now()));
        let timeout_ms = left.map_or(0, |left| left.as_millis() as i64);
        let method = context.method().map(|method| (method.service(), method.name())).unwrap_or_default();
        let address = context.forwarded_peer().map(str::to_owned);
        Seen {
            deadline_within_ms: Some(timeout_ms).filter(|timeout| self.gives_deadline && *timeout > 0),
            from: context.caller().to_owned(),
            from_addr: address,
            from_method: if self.reads_header { context.caller_method().to_owned() } else { String::new() },
            method: method.1.to_owned(),
            persistent: pairs(context, Scope::Persistent),
            service: method.0.to_owned(),
            timeout_ms: if self.reads_header { timeout_ms } else { 0 },
            transient: pairs(context, Scope::Transient),
            transport: context.extension::<Form>().map_or_else(String::new, |form| form.0.to_owned()),
        }
    }
}

/// What a handler panics with, if the script says so.
pub(crate) struct Said(pub(crate) String);

/// The outer form of a request, which a handler cannot see: the recorded one could.
pub(crate) struct Form(pub(crate) &'static str);

fn pairs(context: &Context, scope: Scope) -> BTreeMap<String, String> {
    context.metadata.iter(scope).map(|(key, value)| (text(key), text(value))).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl echo::EchoSvc for Handlers {
    async fn echo(&self, context: &mut Context, req: echo::Req) -> Result<echo::Resp, CallError> {
        let msg = self.obey(context, script::echo(Some(&req.msg))).await?;
        Ok(echo::Resp { msg })
    }
}

impl rich::OtherSvc for Handlers {
    async fn hello(&self, _: &mut Context, name: Str) -> Result<Str, CallError> {
        Ok(format!("hello {name}").into())
    }

    async fn sleep(&self, _: &mut Context, _: i32) -> Result<Str, CallError> {
        Ok("other does not sleep".into())
    }
}

fn oops() -> rich::Oops {
    rich::Oops { reason: "why not".into(), code: 42 }
}

fn denied() -> rich::Denied {
    rich::Denied { who: "you".into() }
}

impl rich::RichSvc for Handlers {
    async fn base_hello(&self, _: &mut Context, name: Str) -> Result<Str, CallError> {
        Ok(format!("base hello {name}").into())
    }

    async fn base_ping(&self, _: &mut Context, _: common::Ping) -> Result<(), CallError> {
        Ok(())
    }

    async fn all(&self, _: &mut Context, v: rich::AllTypes) -> Result<rich::AllTypes, CallError> {
        Ok(v)
    }

    async fn options(&self, _: &mut Context, v: rich::Opts) -> Result<rich::Opts, CallError> {
        Ok(v)
    }

    async fn pick(&self, _: &mut Context, c: rich::Choice) -> Result<rich::Choice, CallError> {
        match c {
            rich::Choice::Text(text) if text == "give empty" => Ok(rich::Choice::default()),
            other => Ok(other),
        }
    }

    async fn nop(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn put(&self, _: &mut Context, _: Str, _: i64) -> Result<(), CallError> {
        Ok(())
    }

    async fn fire(&self, context: &mut Context, what: Str) -> Result<(), CallError> {
        self.obey_word(context, &what).await.map(drop)
    }

    async fn sum(&self, _: &mut Context, a: i64, b: i64, c: i32) -> Result<i64, CallError> {
        Ok(a.wrapping_add(b).wrapping_add(i64::from(c)))
    }

    async fn two(&self, context: &mut Context, which: Str) -> Result<Str, CallError<rich::RichSvcTwoError>> {
        match &*which {
            "oops" => Err(oops().into()),
            "denied" => Err(denied().into()),
            word => self.obey_word(context, word).await,
        }
    }

    async fn void_throw(
        &self,
        context: &mut Context,
        which: Str,
    ) -> Result<(), CallError<rich::RichSvcVoidThrowError>> {
        match &*which {
            "oops" => Err(oops().into()),
            "denied" => Err(denied().into()),
            word => self.obey_word(context, word).await.map(drop),
        }
    }

    async fn longs(&self, _: &mut Context, v: Vec<i64>) -> Result<Vec<i64>, CallError> {
        Ok(v)
    }

    async fn big(&self, _: &mut Context, s: Str) -> Result<Str, CallError> {
        Ok(s)
    }

    async fn paint(&self, _: &mut Context, c: rich::Color) -> Result<rich::Color, CallError> {
        Ok(c)
    }

    async fn grow(&self, _: &mut Context, t: rich::Tree) -> Result<rich::Tree, CallError> {
        Ok(t)
    }

    async fn bytes(&self, _: &mut Context, b: Bytes) -> Result<Bytes, CallError> {
        Ok(b)
    }

    async fn table(
        &self,
        _: &mut Context,
        t: HashMap<Str, rich::Inner>,
    ) -> Result<HashMap<Str, rich::Inner>, CallError> {
        Ok(t)
    }

    async fn sleep(&self, context: &mut Context, ms: i32) -> Result<Str, CallError> {
        self.obey_word(context, &format!("sleep:{ms}")).await
    }
}
