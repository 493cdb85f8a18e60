//! Calls that are made where they stay.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::{BoxFuture, SharedService};
use crate::{CallResult, Error, Request};

/// A service that is called by reference and always ready, so that nothing is cloned for a call.
///
/// What tower asks for, a service that is cloned for each call, makes all threads meet at its counts of references.
/// Layers that can do without are such services over others of the kind, and [`SharedService::by_ref`] takes the type
/// off a whole stack of them. A call of the stack costs one box and one reference to the stack, which every layer is
/// handed whenever the call goes on: what a layer keeps for a call need not refer to it. The reference is counted unless
/// whoever calls keeps the stack meanwhile, see [`SharedService::call_borrowed`].
pub trait CallRef: Send + Sync + 'static {
    /// A call of the service, under way. It is empty at first, so that those of a whole stack of layers are made in their
    /// one place.
    type Call: Default + Send + 'static;

    /// Makes a call where `call` is, which is empty, with a request that is taken out of its place, see
    /// [`Request::take`]: a stack of layers hands both down without moving them. An error is that of a call that is refused
    /// or has ended already: it is kept in one place for the whole stack, and is the result of the first poll.
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>) -> Result<(), Error>;

    /// Goes on with the call, and gives its result once there is one. A result is large: here it is not moved from layer
    /// to layer, as it would be if each returned it. `result` is pending before or, of a call whose beginning gave an error,
    /// that error, which a layer sees as what is beneath has given once it has polled that; it is not polled for once more
    /// after.
    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    );

    /// Gives the call up, or lets go of what has ended. Each call that was begun is cleared before it is dropped.
    fn clear(&self, call: Pin<&mut Self::Call>);

    /// Whether a request that is asked back comes with errors: see [`SharedService::returns_requests`].
    fn returns_requests(&self) -> bool {
        false
    }

    /// Calls the service where it stands in a whole stack, for an answer in a box. One that is in a box already is
    /// passed on.
    fn call_within<'a, W, R>(whole: &R, mut request: Request) -> BoxCall<'a>
    where
        W: Within<Service = Self>,
        R: StackRef<W::Whole> + 'a,
        Self: Sized,
    {
        boxed_call::<W, R>(whole, |service, call| service.begin(&mut request, call))
    }
}

/// A call in a box.
pub type BoxCall<'a> = Pin<Box<dyn Future<Output = CallResult> + Send + 'a>>;

/// How a call refers to the stack that it is a call of: by a count of its own or, if whoever waits for it keeps the stack
/// meanwhile, by a reference.
pub trait StackRef<S>: Deref<Target = S> + Clone + Send {}

impl<S, R: Deref<Target = S> + Clone + Send> StackRef<S> for R {}

/// Where a service stands in a whole stack of layers.
pub trait Within: 'static {
    /// The stack.
    type Whole: Send + Sync + 'static;
    /// The service.
    type Service: CallRef;

    /// The service in the stack.
    fn find(whole: &Self::Whole) -> &Self::Service;
}

/// A service that stands on another.
pub trait Layered {
    /// The other.
    type Inner: CallRef;

    /// What it stands on.
    fn inner(&self) -> &Self::Inner;
}

/// The place of the outermost service, which is the whole.
#[derive(Debug)]
pub struct Outermost<S>(PhantomData<fn() -> S>);

impl<S: CallRef> Within for Outermost<S> {
    type Whole = S;
    type Service = S;

    #[inline(always)]
    fn find(whole: &S) -> &S {
        whole
    }
}

/// The place just beneath another.
#[derive(Debug)]
pub struct Beneath<W>(PhantomData<fn() -> W>);

impl<W: Within<Service: Layered>> Within for Beneath<W> {
    type Whole = W::Whole;
    type Service = <W::Service as Layered>::Inner;

    #[inline(always)]
    fn find(whole: &W::Whole) -> &Self::Service {
        W::find(whole).inner()
    }
}

pin_project! {
    /// A call with the stack that it is a call of, and before it what every poll needs.
    #[repr(C)]
    struct Whole<W, R>
    where
        W: Within,
        R: StackRef<W::Whole>,
    {
        whole: R,
        // What the first poll ends with.
        refused: Option<Error>,
        #[pin]
        call: <W::Service as CallRef>::Call,
    }

    impl<W, R> PinnedDrop for Whole<W, R>
    where
        W: Within,
        R: StackRef<W::Whole>,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            W::find(this.whole).clear(this.call);
        }
    }
}

impl<W: Within, R: StackRef<W::Whole>> Future for Whole<W, R> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = self.project();
        polled(this.refused, |result| W::find(this.whole).poll_call(this.call, task, result))
    }
}

/// A call that is made in a box, by `begin`.
#[inline(always)]
pub fn boxed_call<'a, W: Within, R: StackRef<W::Whole> + 'a>(
    whole: &R,
    begin: impl FnOnce(&W::Service, Pin<&mut <W::Service as CallRef>::Call>) -> Result<(), Error>,
) -> BoxCall<'a> {
    // Made where it is: it is as large as all layers need.
    let call = Box::write(
        Box::new_uninit(),
        Whole::<W, R> { call: Default::default(), whole: whole.clone(), refused: None },
    );
    let mut call = Box::into_pin(call);
    let this = call.as_mut().project();
    if let Err(error) = begin(W::find(this.whole), this.call) {
        *this.refused = Some(error);
    }
    call
}

/// A call that is refused.
#[cold]
pub fn refused_call(error: Error) -> BoxFuture<CallResult> {
    Box::pin(ready(Err(error)))
}

/// What a poll gives that is told where to leave a result, of a call that may have been `refused` before.
#[inline(always)]
pub fn polled(refused: &mut Option<Error>, poll: impl FnOnce(&mut Poll<CallResult>)) -> Poll<CallResult> {
    let mut result = match refused {
        None => Poll::Pending,
        Some(_) => refusal(refused),
    };
    poll(&mut result);
    // One that is pending is not moved.
    if result.is_pending() { Poll::Pending } else { result }
}

#[cold]
fn refusal(refused: &mut Option<Error>) -> Poll<CallResult> {
    refused.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)))
}

/// Goes on with a call that is a future.
#[inline]
pub fn poll_future<F: Future<Output = CallResult>>(
    call: Pin<&mut Option<F>>,
    task: &mut TaskContext<'_>,
    result: &mut Poll<CallResult>,
) {
    if let Some(answer) = call.as_pin_mut()
        && let ended @ Poll::Ready(_) = answer.poll(task)
    {
        *result = ended;
    }
}

impl CallRef for SharedService {
    type Call = Option<BoxFuture<CallResult>>;

    #[inline]
    fn begin(&self, request: &mut Request, mut call: Pin<&mut Self::Call>) -> Result<(), Error> {
        call.set(Some(self.call(request.take())));
        Ok(())
    }

    #[inline]
    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        poll_future(call, task, result);
    }

    #[inline]
    fn clear(&self, mut call: Pin<&mut Self::Call>) {
        call.set(None);
    }

    fn returns_requests(&self) -> bool {
        self.0.returns_requests()
    }

    #[inline]
    fn call_within<'a, W, R>(whole: &R, request: Request) -> BoxCall<'a>
    where
        W: Within<Service = Self>,
        R: StackRef<W::Whole> + 'a,
    {
        W::find(whole).call(request)
    }
}
