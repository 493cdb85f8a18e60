//! `EchoSvc` and `OtherSvc`.

use interop::echo::{EchoSvc, OtherSvc, Req, Resp};
use kitex::{CallError, Context, Str};
use serde_json::json;

use crate::record::note;

pub(crate) struct Echo;

impl EchoSvc for Echo {
    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError> {
        Ok(Resp { msg: req.msg })
    }
}

pub(crate) struct Other;

impl OtherSvc for Other {
    async fn who(&self, context: &mut Context, name: Str) -> Result<Str, CallError> {
        note(context, "args", json!({"name": &*name}));
        Ok(format!("other:{name}").into())
    }

    async fn hello(&self, context: &mut Context, name: Str) -> Result<Str, CallError> {
        note(context, "args", json!({"name": &*name}));
        Ok(format!("hello, {name}").into())
    }
}
