//! What a call has kept when something beneath it panics.
#![expect(clippy::panic, reason = "what panics is what is tested")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context as TaskContext, Waker};

use tower_layer::Layer;
use tower_service::Service;

use super::*;

/// A context with something that is counted, and the count.
fn counted() -> (Context, Arc<()>) {
    let (mut context, count) = (Context::new(), Arc::new(()));
    context.set_extension(Arc::clone(&count));
    (context, count)
}

fn layer() -> RetryLayer {
    let mut config = RetryConfig::default();
    config.policy.attempt_timeout = Some(MS);
    RetryLayer::new(config).unwrap()
}

#[derive(Clone)]
struct PanicsAtOnce;

impl Service<Request> for PanicsAtOnce {
    type Response = Response;
    type Error = Error;
    type Future = std::future::Ready<CallResult>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> std::task::Poll<Result<(), Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        panic!("at once")
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_of_towers_that_panics_when_it_is_called_leaves_nothing_behind() {
    let (context, count) = counted();
    let mut service = Layer::layer(&layer(), PanicsAtOnce);
    let request = request_of(&FIND, context);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(service.call(request)))).is_err());
    assert_eq!(Arc::strong_count(&count), 1);
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("when it is given up");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_panics_when_it_is_given_up_leaves_nothing_behind() {
    let (context, count) = counted();
    let hanging = SharedService::from_fn(|request| {
        Box::pin(async move {
            drop(request);
            let _panics = PanicsInDrop;
            pending().await
        })
    });
    let service = SharedService::by_ref(Layer::layer(&layer(), hanging));
    let mut call = service.call(request_of(&FIND, context));
    assert!(call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    assert_eq!(Arc::strong_count(&count), 2, "the request is kept for a further attempt");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(call))).is_err());
    assert_eq!(Arc::strong_count(&count), 1);
}
