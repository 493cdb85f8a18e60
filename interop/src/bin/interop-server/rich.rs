//! `RichSvc`: every type, every kind of method, every kind of failure.

use std::collections::{HashMap, HashSet};

use interop::common::{Ping, Refused};
use interop::rich::{
    AllTypes, Choice, Color, Denied, Inner, Keys, Oops, Opts, RichSvc, RichSvcFailError,
    RichSvcFailVoidError, Tree, UserID,
};
use kitex::{BusinessStatus, Bytes, CallError, Context, Str};
use serde_json::{Value, json};

use crate::record::note;

pub(crate) struct Rich;

/// The answer of a method that returns what it got carries the arguments, so the log does not.
impl RichSvc for Rich {
    async fn all(&self, _: &mut Context, v: AllTypes) -> Result<AllTypes, CallError> {
        Ok(v)
    }

    async fn keyed(&self, _: &mut Context, v: Keys) -> Result<Keys, CallError> {
        Ok(v)
    }

    async fn options(&self, _: &mut Context, v: Opts) -> Result<Opts, CallError> {
        Ok(v)
    }

    async fn pick(&self, _: &mut Context, v: Choice) -> Result<Choice, CallError> {
        Ok(v)
    }

    async fn grow(&self, _: &mut Context, v: Tree) -> Result<Tree, CallError> {
        Ok(v)
    }

    async fn paint(&self, _: &mut Context, v: Color) -> Result<Color, CallError> {
        Ok(v)
    }

    async fn echo_bool(&self, _: &mut Context, v: bool) -> Result<bool, CallError> {
        Ok(v)
    }

    async fn echo_byte(&self, _: &mut Context, v: i8) -> Result<i8, CallError> {
        Ok(v)
    }

    async fn echo_i16(&self, _: &mut Context, v: i16) -> Result<i16, CallError> {
        Ok(v)
    }

    async fn echo_i32(&self, _: &mut Context, v: i32) -> Result<i32, CallError> {
        Ok(v)
    }

    async fn echo_i64(&self, _: &mut Context, v: i64) -> Result<i64, CallError> {
        Ok(v)
    }

    async fn echo_double(&self, _: &mut Context, v: f64) -> Result<f64, CallError> {
        Ok(v)
    }

    async fn echo_string(&self, _: &mut Context, v: Str) -> Result<Str, CallError> {
        Ok(v)
    }

    async fn echo_binary(&self, _: &mut Context, v: Bytes) -> Result<Bytes, CallError> {
        Ok(v)
    }

    async fn echo_typedef(&self, _: &mut Context, v: UserID) -> Result<UserID, CallError> {
        Ok(v)
    }

    async fn echo_list(&self, _: &mut Context, v: Vec<i64>) -> Result<Vec<i64>, CallError> {
        Ok(v)
    }

    async fn echo_set(&self, _: &mut Context, v: HashSet<Str>) -> Result<HashSet<Str>, CallError> {
        Ok(v)
    }

    async fn echo_map(
        &self,
        _: &mut Context,
        v: HashMap<Str, Inner>,
    ) -> Result<HashMap<Str, Inner>, CallError> {
        Ok(v)
    }

    async fn base_hello(&self, context: &mut Context, name: Str) -> Result<Str, CallError> {
        note(context, "args", json!({"name": &*name}));
        Ok(format!("hello, {name}").into())
    }

    async fn base_ping(&self, context: &mut Context, ping: Ping) -> Result<(), CallError> {
        note(context, "args", json!({"ping": {"id": &*ping.id}}));
        Ok(())
    }

    async fn nop(&self, context: &mut Context) -> Result<(), CallError> {
        note(context, "args", json!({}));
        Ok(())
    }

    async fn put(&self, context: &mut Context, k: Str, v: i64) -> Result<(), CallError> {
        note(context, "args", json!({"k": &*k, "v": v}));
        Ok(())
    }

    async fn fire(&self, context: &mut Context, what: Str) -> Result<(), CallError> {
        note(context, "args", json!({"what": &*what}));
        Ok(())
    }

    async fn sum(&self, context: &mut Context, a: i64, b: i64, c: i32) -> Result<i64, CallError> {
        note(context, "args", json!({"a": a, "b": b, "c": c}));
        Ok(a.wrapping_add(b).wrapping_sub(c.into()))
    }

    async fn mixed(
        &self,
        context: &mut Context,
        text: Str,
        numbers: Vec<i32>,
        inner: Inner,
        color: Color,
        yes: bool,
    ) -> Result<Str, CallError> {
        let seen = json!({
            "text": &*text,
            "numbers": numbers,
            "inner": {"name": &*inner.name, "n": inner.n},
            "color": color.0,
            "yes": yes,
        });
        note(context, "args", seen);
        let numbers: Vec<_> = numbers.iter().map(i32::to_string).collect();
        Ok(format!("{text}|{}|{}|{}|{yes}", numbers.join(","), inner.name, color.0).into())
    }

    async fn who(&self, context: &mut Context, name: Str) -> Result<Str, CallError> {
        note(context, "args", json!({"name": &*name}));
        Ok(format!("rich:{name}").into())
    }

    async fn fail(&self, context: &mut Context, how: Str) -> Result<Str, CallError<RichSvcFailError>> {
        note(context, "args", json!({"how": &*how}));
        match &*how {
            "oops" => Err(oops())?,
            "denied" => Err(denied())?,
            "refused" => Err(Refused { why: "refused".into(), expires: 1 << 40 })?,
            _ => plain(&how)?,
        }
        Ok(how)
    }

    async fn fail_void(
        &self,
        context: &mut Context,
        how: Str,
    ) -> Result<(), CallError<RichSvcFailVoidError>> {
        note(context, "args", json!({"how": &*how}));
        match &*how {
            "oops" => Err(oops())?,
            "denied" => Err(denied())?,
            _ => plain(&how)?,
        }
        Ok(())
    }

    async fn judge(
        &self,
        context: &mut Context,
        code: i32,
        message: Str,
        extra: HashMap<Str, Str>,
    ) -> Result<Str, CallError> {
        let shown: Value = extra.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        note(context, "args", json!({"code": code, "message": &*message, "extra": shown}));
        let status = BusinessStatus::new(code, message);
        Err(extra.into_iter().fold(status, |status, (key, value)| status.with_extra(key, value)))?
    }

    async fn judge_void(&self, context: &mut Context, code: i32, message: Str) -> Result<(), CallError> {
        note(context, "args", json!({"code": code, "message": &*message}));
        Err(BusinessStatus::new(code, message))?
    }
}

fn oops() -> Oops {
    Oops { reason: "oops".into(), code: -7 }
}

fn denied() -> Denied {
    Denied { who: "denied".into() }
}

/// The failures that no method declares.
#[expect(clippy::panic, reason = "this is what the caller asks for")]
fn plain(how: &str) -> Result<(), kitex::Error> {
    match how {
        "error" => Err(kitex::Error::handler("boom")),
        "panic" => panic!("asked to"),
        _ => Ok(()),
    }
}
