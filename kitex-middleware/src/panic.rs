//! Panics as errors.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    Body, BoxError, BoxFuture, CallResult, Error, ErrorKind, MessageSource, MessageStream, Method, Payload,
    Request, Response, SharedService, Stage,
};

/// Makes a panic beneath it, in a layer, a stub or a handler, an error of that one call: [`ErrorKind::Panic`].
///
/// A server catches panics by itself, outside of all layers, and answers them. There this layer adds that those around
/// it see the call end with an error, to be counted, classified and logged, where otherwise they are unwound; what the
/// caller is told stays the same, and is told once. A client has nobody else who catches: without this layer a panic in
/// one of its layers unwinds the task that made the call.
///
/// ```
/// use kitex_middleware::CatchPanicLayer;
///
/// let on_a_client = CatchPanicLayer::client();
/// let on_a_server = CatchPanicLayer::server();
/// ```
///
/// A panic while a call is given up is caught too, and said by the panic hook alone. Of a stream, each message is waited
/// for in the same way; a panic is the error that ends it.
///
/// Costs a call one allocation. It does nothing where panics abort.
#[derive(Debug, Clone, Copy)]
pub struct CatchPanicLayer {
    side: Side,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Client,
    Server,
}

impl CatchPanicLayer {
    /// For clients: what panics is a layer of this side, and the error says so.
    pub fn client() -> Self {
        Self { side: Side::Client }
    }

    /// For servers: what panics is taken for the handler, and the caller told what Kitex tells (spec: kitex-wire 10.1).
    pub fn server() -> Self {
        Self { side: Side::Server }
    }
}

impl<S> Layer<S> for CatchPanicLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let (inner, side) = (SharedService::new(inner), self.side);
        SharedService::from_fn(move |request| {
            let method = request.method.clone();
            match catch(|| inner.call(request)) {
                Ok(answer) => Box::pin(Caught { answer: Some(answer), side, method }),
                Err(said) => Box::pin(std::future::ready(Err(side.error(&method, &said)))),
            }
        })
    }
}

impl Side {
    #[cold]
    fn error(self, method: &Method, said: &str) -> Error {
        match self {
            Self::Server => Error::panicked(method, said),
            Self::Client => {
                let text = format!("a layer of this client panicked: {said}");
                Error::new(ErrorKind::Panic, Stage::Layer, text).with_method(method)
            }
        }
    }
}

/// An answer whose polls may panic.
struct Caught {
    answer: Option<BoxFuture<CallResult>>,
    side: Side,
    method: Method,
}

impl Future for Caught {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = &mut *self;
        let Some(answer) = &mut this.answer else { return Poll::Pending };
        let result = match catch(|| answer.as_mut().poll(task)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(said) => Err(this.side.error(&this.method, &said)),
        };
        discard(&mut this.answer);
        Poll::Ready(result.map(|response| this.guard(response)))
    }
}

impl Caught {
    fn guard(&self, mut response: Response) -> Response {
        if let Body::Stream(stream) = response.body {
            let stream = CaughtStream { stream: Some(stream), side: self.side, method: self.method.clone() };
            response.body = Body::Stream(MessageStream::new(stream));
        }
        response
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        discard(&mut self.answer);
    }
}

/// A stream whose polls may panic.
struct CaughtStream {
    stream: Option<MessageStream>,
    side: Side,
    method: Method,
}

impl MessageSource for CaughtStream {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let this = &mut *self;
        let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
        catch(|| stream.poll_next(task)).unwrap_or_else(|said| {
            discard(&mut this.stream);
            Poll::Ready(Some(Err(this.side.error(&this.method, &said))))
        })
    }
}

impl Drop for CaughtStream {
    fn drop(&mut self) {
        discard(&mut self.stream);
    }
}

/// Drops what may panic then. The panic hook has reported it, and nobody is left to be told.
fn discard<T>(value: &mut Option<T>) {
    let value = value.take();
    let _ = catch(|| drop(value));
}

/// Runs what may panic; the error is what the panic said.
pub(crate) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // What is left half done is not used again: each caller of this drops it, or has handed over nothing.
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| said(&*panic).to_owned())
}

/// The end of a future whose polls may panic; the error is what the panic said.
pub(crate) async fn caught<T>(future: BoxFuture<T>) -> Result<T, String> {
    let mut future = Some(future);
    let result = poll_fn(|task| match &mut future {
        Some(future) => match catch(|| future.as_mut().poll(task)) {
            Ok(polled) => polled.map(Ok),
            Err(said) => Poll::Ready(Err(said)),
        },
        None => Poll::Pending,
    });
    let result = result.await;
    discard(&mut future);
    result
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// The failure of a call in which a function of the user's has panicked. `function` says which, with its article.
#[cold]
pub(crate) fn closure_panicked(function: impl std::fmt::Display, method: &Method, said: &str) -> Error {
    let text = format!("{function} panicked: {said}");
    Error::new(ErrorKind::Panic, Stage::Layer, text).with_method(method)
}
