//! One run of a case: its calls, and what came of them.

use std::fmt::Debug;
use std::future::IntoFuture;

use kitex::{BusinessStatus, CallError, ErrorKind};
use serde_json::{Value, json};

use crate::cases::Case;
use crate::session::Session;

/// Nothing, or what was wrong.
pub(crate) type Checked = Result<(), String>;

/// The calls of a case.
pub(crate) struct Trial<'a> {
    pub(crate) session: &'a Session,
    /// Calls that reach a handler.
    seen: usize,
    /// How each call ended, for people to read.
    saw: Vec<String>,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, seen: 0, saw: Vec::new() }
    }

    /// Runs a case; the line to print for it.
    pub(crate) async fn run(mut self, case: &Case) -> Value {
        let checked = (case.run)(&mut self).await;
        let log = self.read_log().await;
        let (peer, read) = match log {
            Ok(log) => (log, Ok(())),
            Err(error) => (Value::Null, Err(error)),
        };
        let problem = checked.and(read).err();
        json!({"case": case.name, "ok": problem.is_none(), "error": problem, "saw": self.saw, "peer": peer})
    }

    /// What the handlers were called with.
    async fn read_log(&self) -> Result<Value, String> {
        let at_least = i32::try_from(self.seen).map_err(|error| error.to_string())?;
        let text = self.session.control.take(at_least).await;
        let text = text.map_err(|error| format!("take the handlers' log: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("the handlers' log {text}: {error}"))
    }

    /// Notes calls that reach a handler but are not made through this.
    pub(crate) fn note(&mut self, seen: usize, saw: impl Debug) {
        self.seen += seen;
        self.saw.push(brief(&saw));
    }

    /// A call that ends with a value.
    pub(crate) async fn value<T, E>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        want: T,
    ) -> Checked
    where
        T: Debug + PartialEq,
        E: Debug,
    {
        self.ends(call, &want, |got| matches!(got, Ok(got) if *got == want)).await
    }

    /// A call that ends with an exception that its method declares.
    pub(crate) async fn exception<T, E>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        want: impl Into<E>,
    ) -> Checked
    where
        T: Debug,
        E: Debug + PartialEq,
    {
        let want = want.into();
        self.ends(call, &want, |got| matches!(got, Err(CallError::Exception(got)) if *got == want)).await
    }

    /// A call that ends with a business status.
    pub(crate) async fn status<T: Debug, E: Debug>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        want: BusinessStatus,
    ) -> Checked {
        self.ends(call, &want, |got| matches!(got, Err(CallError::Status(got)) if **got == want)).await
    }

    /// A call that a handler's failure ends: an application exception whose text has `text` in it.
    pub(crate) async fn failure<T: Debug, E: Debug>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        code: i32,
        text: &str,
    ) -> Checked {
        let want = (code, text);
        self.ends(call, want, |got| {
            let Err(CallError::Failed(error)) = got else { return false };
            error.kind() == ErrorKind::Remote && error.code() == Some(code) && error.message().contains(text)
        })
        .await
    }

    /// The same, but no handler is reached, and the error says so.
    pub(crate) async fn refusal<T: Debug, E: Debug>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        code: i32,
        text: &str,
    ) -> Checked {
        self.failure(call, code, text).await?;
        self.seen -= 1;
        Ok(())
    }

    /// A call that fails on this side.
    pub(crate) async fn fails<T: Debug, E: Debug>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        kind: ErrorKind,
    ) -> Checked {
        self.ends(call, kind, |got| matches!(got, Err(CallError::Failed(error)) if error.kind() == kind))
            .await
    }

    /// A call with an end that `good` knows.
    async fn ends<T: Debug, E: Debug>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, CallError<E>>>,
        want: impl Debug,
        good: impl FnOnce(&Result<T, CallError<E>>) -> bool,
    ) -> Checked {
        let got = call.await;
        self.note(1, &got);
        match good(&got) {
            true => Ok(()),
            false => Err(format!("want {}, got {}", brief(&want), brief(&got))),
        }
    }
}

/// A value as a message shows it.
pub(crate) fn brief(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
