//! Panics as errors.

use std::future::poll_fn;
use std::task::Poll;

use kitex_core::{BoxFuture, Error, ErrorKind, Method, Request, Stage};

use crate::guard::{Guard, guard_layer};

pub(crate) use kitex_core::catch_panic as catch;

/// Makes a panic beneath it, in a layer, a stub or a handler, an error of that one call: [`ErrorKind::Panic`].
///
/// A server catches panics by itself, outside of all layers, and answers them. There this layer adds that those around
/// it see the call end with an error, to be counted, classified and logged, where otherwise they are unwound; what the
/// caller is told stays the same, and is told once. So it is on a client, whose calls end with an error too.
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
/// It does nothing where panics abort.
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

guard_layer!(CatchPanicLayer);

impl Guard for CatchPanicLayer {
    type Held = Caught;

    const PASSES: bool = true;

    const CATCHES: bool = true;

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Caught>) -> Result<(), Error> {
        held.get_or_insert_with(|| Caught { method: request.method.clone() });
        Ok(())
    }

    #[inline(always)]
    fn catch<T>(&self, held: &Caught, run: impl FnOnce() -> T) -> Result<T, Error> {
        catch(run).map_err(|said| self.side.error(&held.method, &said))
    }

    #[inline(always)]
    fn discard(&self, drop: impl FnOnce()) {
        // The panic hook has reported it, and nobody is left to be told.
        let _ = catch(drop);
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

/// A call whose panics are caught.
#[derive(Debug)]
pub struct Caught {
    method: Method,
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
    // The panic hook has reported what its end panics with, and nobody is left to be told.
    let _ = catch(|| drop(future));
    result
}

/// The failure of a call in which a function of the user's has panicked. `function` says which, with its article.
#[cold]
pub(crate) fn closure_panicked(function: impl std::fmt::Display, method: &Method, said: &str) -> Error {
    let text = format!("{function} panicked: {said}");
    Error::new(ErrorKind::Panic, Stage::Layer, text).with_method(method)
}
