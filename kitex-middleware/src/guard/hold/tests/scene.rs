//! A layer that writes down what it is told, over a service that does as it is told.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use kitex_codec::Bytes;
use kitex_core::{
    Body, CallRef, CallResult, Error, ErrorKind, MessageSource, MessageStream, Method, MethodDescriptor,
    Payload, Protocol, Request, Response, Stage, Status, Streaming, poll_future,
};
use tower_service::Service;

use crate::guard::{Guard, LayerService};

static METHOD: MethodDescriptor = MethodDescriptor {
    service: "EchoSvc",
    name: "Echo",
    index: 0,
    oneway: false,
    idempotent: false,
    streaming: Streaming::None,
    exceptions: &[],
    annotations: &[],
};

fn payload() -> Payload {
    Payload::new(Protocol::Binary, Bytes::from_static(&[0]))
}

pub(super) fn request() -> Request {
    Request::new(Method::from(&METHOD), payload())
}

/// What has happened, in words.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn say(&self, word: &'static str) {
        self.0.lock().unwrap().push(word);
    }

    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap().join(" ")
    }

    /// Reads so many messages of an answer that is a stream, if it does not end before, and drops it.
    pub(super) fn read_stream(&self, answer: CallResult, messages: usize) {
        let Ok(Response { body: Body::Stream(mut stream), .. }) = answer else { return };
        let task = &mut TaskContext::from_waker(Waker::noop());
        for _ in 0..messages {
            match catch_unwind(AssertUnwindSafe(|| stream.poll_next(task))) {
                Ok(Poll::Ready(Some(Ok(_))) | Poll::Pending) => {}
                _ => break,
            }
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(stream)));
    }
}

/// What does not go as it should.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    /// The layer lets no call pass.
    pub(super) refused: bool,
    /// The layer panics when it is told that a call is over.
    pub(super) over: bool,
    /// What is beneath panics when it is called.
    pub(super) call: bool,
    /// What is beneath panics when it is dropped.
    pub(super) drop: bool,
}

impl Faults {
    pub(super) const NONE: Self = Self { refused: false, over: false, call: false, drop: false };
}

/// A layer that writes down what it is told. It may catch panics.
#[derive(Debug, Clone)]
pub(super) struct Recording<const CATCHES: bool> {
    log: Log,
    faults: Faults,
}

impl<const CATCHES: bool> Recording<CATCHES> {
    pub(super) fn over(log: &Log, script: Script) -> LayerService<Script, Self> {
        LayerService::new(script.clone(), Self { log: log.clone(), faults: script.faults })
    }
}

/// What the layer holds: it says when it is let go of.
#[derive(Debug)]
pub(super) struct Held(Log);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.say("let-go");
    }
}

impl<const CATCHES: bool> Guard for Recording<CATCHES> {
    type Held = Held;

    const CATCHES: bool = CATCHES;

    fn admit(&self, _: &mut Request, held: &mut Option<Held>) -> Result<(), Error> {
        if self.faults.refused {
            self.log.say("refuse");
            return Err(Error::refused("limit", "too many"));
        }
        self.log.say("admit");
        *held = Some(Held(self.log.clone()));
        Ok(())
    }

    fn answered(&self, _: &mut Held, result: &mut CallResult) -> bool {
        self.log.say(if result.is_ok() { "answer" } else { "error" });
        true
    }

    fn stream_ended(&self, _: &mut Held, error: Option<Error>) -> Option<Error> {
        self.log.say(if error.is_none() { "end" } else { "stream-error" });
        error
    }

    fn over(&self, _: &mut Held, has_ended: bool) {
        self.log.say(if has_ended { "over" } else { "given-up" });
        assert!(!self.faults.over, "in over");
    }

    fn enter(&self, _: &mut Held) {
        self.log.say("(");
    }

    fn leave(&self, _: &mut Held, came_back: bool) {
        self.log.say(if came_back { ")" } else { "!)" });
    }

    fn catch<T>(&self, _: &Held, run: impl FnOnce() -> T) -> Result<T, Error> {
        let caught = |_| Error::new(ErrorKind::Panic, Stage::Layer, "caught");
        catch_unwind(AssertUnwindSafe(run)).map_err(caught)
    }

    fn discard(&self, drop: impl FnOnce()) {
        if CATCHES {
            let _ = catch_unwind(AssertUnwindSafe(drop));
        } else {
            drop();
        }
    }
}

/// What a call or a stream does when it is polled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Pending,
    Answer,
    /// Answers with a stream, which does what comes next.
    Stream,
    Fail,
    Panic,
}

/// A service whose calls do one step each time that they are polled.
#[derive(Debug, Clone)]
pub(super) struct Script {
    log: Log,
    steps: &'static [Step],
    faults: Faults,
}

impl Script {
    pub(super) fn new(log: &Log, steps: &'static [Step], faults: Faults) -> Self {
        Self { log: log.clone(), steps, faults }
    }

    fn made(&self) -> Scripted {
        self.log.say("call");
        assert!(!self.faults.call, "in call");
        Scripted(self.clone())
    }
}

/// A call that does its steps, or a stream.
#[derive(Debug)]
pub(super) struct Scripted(Script);

impl Scripted {
    fn step(&mut self) -> Option<Step> {
        let (step, rest) = self.0.steps.split_first()?;
        self.0.steps = rest;
        assert!(*step != Step::Panic, "in poll");
        Some(*step)
    }

    /// What comes behind, said when it is dropped as the call is.
    fn stream(&self) -> MessageStream {
        MessageStream::new(Self(self.0.clone()))
    }
}

impl Future for Scripted {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<CallResult> {
        Poll::Ready(match self.step() {
            Some(Step::Answer) => Ok(Response::new(Status::Ok, payload())),
            Some(Step::Stream) => {
                Ok(Response { body: Body::Stream(self.stream()), ..Response::empty(Status::Ok) })
            }
            Some(Step::Fail) => Err(Error::handler("failed")),
            _ => return Poll::Pending,
        })
    }
}

impl MessageSource for Scripted {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        Poll::Ready(match self.step() {
            Some(Step::Answer) => Some(Ok(payload())),
            Some(Step::Fail) => Some(Err(Error::handler("failed"))),
            Some(_) => return Poll::Pending,
            None => None,
        })
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.0.log.say("drop");
        assert!(!self.0.faults.drop || std::thread::panicking(), "in drop");
    }
}

impl Service<Request> for Script {
    type Response = Response;
    type Error = Error;
    type Future = Scripted;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Scripted {
        self.made()
    }
}

impl CallRef for Script {
    type Call = Option<Scripted>;

    fn begin(&self, request: &mut Request, mut call: Pin<&mut Self::Call>) -> Result<(), Error> {
        drop(request.take());
        call.set(Some(self.made()));
        Ok(())
    }

    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        poll_future(call, task, result);
    }

    fn clear(&self, mut call: Pin<&mut Self::Call>) {
        call.set(None);
    }
}
