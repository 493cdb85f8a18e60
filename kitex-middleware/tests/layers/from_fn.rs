//! Layers as functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kitex_core::{Context, Error, ErrorKind, Request, Response, Scope, Stage, Status};
use kitex_middleware::{Next, from_fn};
use tower_layer::Layer;

use crate::mock::{Mock, call, never};

#[tokio::test]
async fn a_function_sees_the_request_and_the_response() {
    let layer = from_fn(|mut request: Request, next: Next| async move {
        request.context.metadata.set(Scope::Transient, "K", "V");
        let mut response = next.run(request).await?;
        response.metadata.set(Scope::Backward, "SEEN", "yes");
        Ok::<_, Error>(response)
    });
    let mut service = layer.layer(Mock::new(|request| async move {
        assert_eq!(request.context.transient("K"), Some("V"));
        Ok(Response::empty(Status::Ok))
    }));
    let response = call(&mut service, Context::new()).await.unwrap();
    assert_eq!(response.metadata.get(Scope::Backward, "SEEN"), Some("yes"));
}

#[tokio::test]
async fn a_function_need_not_pass_a_request_on() {
    async fn refuse(_: Request, _: Next) -> Result<Response, Error> {
        Err(Error::application(401, "no"))
    }
    let mut service = from_fn(refuse).layer(Mock::new(|_| never()));
    assert_eq!(call(&mut service, Context::new()).await.unwrap_err().code(), Some(401));
}

#[tokio::test]
async fn a_function_may_pass_a_request_on_twice() {
    let layer = from_fn(|request: Request, next: Next| async move {
        let again = request.try_clone();
        match (next.run(request).await, again) {
            (Err(error), Some(again)) if error.is_retry_safe() => next.run(again).await,
            (result, _) => result,
        }
    });
    let calls = Arc::new(AtomicUsize::new(0));
    let mock = Mock::new({
        let calls = Arc::clone(&calls);
        move |_| {
            std::future::ready(match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::new(ErrorKind::Connect, Stage::Dial, "refused")),
                _ => Ok(Response::empty(Status::Ok)),
            })
        }
    });
    assert!(call(&mut layer.layer(mock), Context::new()).await.unwrap().status.is_ok());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
