//! A service as generated code has it, written by hand.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;

use kitex_codec::{DecodeError, Descriptor, EncodeError, Message, Str, ThriftReader, ThriftWriter, Type};
use kitex_core::{
    BoxFuture, Call, CallError, ClientHandle, Context, Error, Incoming, MethodDescriptor, MethodResult,
    NamedService, NoException, Request, Response, ServiceDescriptor, Streaming, accept,
};
use tower_service::Service;

pub(crate) static SERVICE: ServiceDescriptor =
    ServiceDescriptor { name: "EchoSvc", methods: &METHODS, idl: &Descriptor::new("EchoSvc", &[], &[]) };

pub(crate) static METHODS: [MethodDescriptor; 2] =
    [method("Echo", 0, false, &[1]), method("Fire", 1, true, &[])];

const fn method(
    name: &'static str,
    index: u16,
    oneway: bool,
    exceptions: &'static [i16],
) -> MethodDescriptor {
    MethodDescriptor {
        service: "EchoSvc",
        name,
        index,
        oneway,
        idempotent: false,
        streaming: Streaming::None,
        exceptions,
        annotations: &[],
    }
}

/// The arguments of both methods.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Args {
    pub(crate) said: Str,
}

impl Message for Args {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_str_field(1, &self.said)?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut value = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::String) => value.said = from.read_str()?,
                _ => from.skip(field.kind)?,
            }
        }
        Ok(value)
    }
}

/// The declared exception of `Echo`.
#[derive(Debug, PartialEq)]
pub(crate) struct Oops(pub(crate) Str);

impl fmt::Display for Oops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oops: {}", self.0)
    }
}

impl std::error::Error for Oops {}

/// What `Echo` ended with: `{0: string}` or `{1: string}`.
pub(crate) struct EchoResult(Option<Result<Str, Oops>>);

impl MethodResult for EchoResult {
    type Success = Str;
    type Exception = Oops;

    fn from_outcome(outcome: Result<Str, Oops>) -> Self {
        Self(Some(outcome))
    }

    fn into_outcome(self) -> Option<Result<Str, Oops>> {
        self.0
    }
}

impl Message for EchoResult {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        match &self.0 {
            Some(Ok(said)) => out.write_str_field(0, said)?,
            Some(Err(Oops(reason))) => out.write_str_field(1, reason)?,
            None => {}
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut value = Self(None);
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (0, Type::String) => value.0 = Some(Ok(from.read_str()?)),
                (1, Type::String) => value.0 = Some(Err(Oops(from.read_str()?))),
                _ => from.skip(field.kind)?,
            }
        }
        Ok(value)
    }
}

/// What `Fire` ends with: nothing.
pub(crate) struct FireResult;

impl MethodResult for FireResult {
    type Success = ();
    type Exception = NoException;

    fn from_outcome(_: Result<(), NoException>) -> Self {
        Self
    }

    fn into_outcome(self) -> Option<Result<(), NoException>> {
        Some(Ok(()))
    }
}

impl Message for FireResult {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            from.skip(field.kind)?;
        }
        Ok(Self)
    }
}

pub(crate) type Outcome = Result<Str, CallError<Oops>>;

/// Serves `EchoSvc` with a function.
pub(crate) struct EchoServer<H>(Arc<H>);

impl<H: Fn(&mut Context, Str) -> Outcome> EchoServer<H> {
    pub(crate) fn new(handler: H) -> Self {
        Self(Arc::new(handler))
    }
}

impl<H> Clone for EchoServer<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> NamedService for EchoServer<H> {
    const SERVICE: &'static ServiceDescriptor = &SERVICE;
}

impl<H> Service<Request> for EchoServer<H>
where
    H: Fn(&mut Context, Str) -> Outcome + Send + Sync + 'static,
{
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let handler = Arc::clone(&self.0);
        Box::pin(async move {
            let index = request.method.index_in(&SERVICE);
            match index {
                Some(0) => {
                    let (mut call, args): (Incoming, Args) = accept(request)?;
                    let outcome = handler(call.context(), args.said);
                    call.reply::<EchoResult>(outcome)
                }
                Some(1) => {
                    let (mut call, args): (Incoming, Args) = accept(request)?;
                    let outcome = handler(call.context(), args.said);
                    let outcome = outcome.map(drop).map_err(|error| CallError::failed(error.to_string()));
                    call.reply::<FireResult>(outcome)
                }
                _ => Err(Error::unknown_method(&request.method)),
            }
        })
    }
}

/// Calls `EchoSvc`.
#[derive(Clone, Debug)]
pub(crate) struct EchoClient(pub(crate) ClientHandle);

impl EchoClient {
    pub(crate) fn echo(&self, said: impl Into<Str>) -> Call<'_, EchoResult> {
        self.0.call(&METHODS[0], &Args { said: said.into() })
    }

    pub(crate) fn fire(&self, said: impl Into<Str>) -> Call<'_, FireResult> {
        self.0.call(&METHODS[1], &Args { said: said.into() })
    }
}

/// A client over a server in this process.
pub(crate) fn client<H>(handler: H) -> EchoClient
where
    H: Fn(&mut Context, Str) -> Outcome + Send + Sync + 'static,
{
    EchoClient(ClientHandle::new(EchoServer::new(handler)))
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<F: IntoFuture>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut task = TaskContext::from_waker(&waker);
    let mut future: Pin<&mut F::IntoFuture> = pin!(future.into_future());
    loop {
        match future.as_mut().poll(&mut task) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
