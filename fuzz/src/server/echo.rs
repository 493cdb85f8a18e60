//! A generated server, called as a driver calls it.

use std::task::{Context as TaskContext, Poll, Waker};

use kitex_core::{CallError, Context, Error, Request, Response, SharedService};

use crate::echo::{EchoSvc, Req, Resp};

pub(super) struct Echo;

impl EchoSvc for Echo {
    async fn echo(&self, context: &mut Context, req: Req) -> Result<Resp, CallError> {
        context.set_backward("said", req.msg.clone());
        Ok(Resp { msg: req.msg })
    }
}

/// The answer to a call that needs no waiting.
pub(super) fn call(service: &SharedService, request: Request) -> Result<Response, Error> {
    let mut answer = service.call(request);
    match answer.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
