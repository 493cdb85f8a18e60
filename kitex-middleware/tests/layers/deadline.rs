//! Deadlines, by a mock service and paused time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex_core::{Context, Deadline, ErrorKind, Response, Stage, Status};
use kitex_middleware::DeadlineLayer;
use tokio::time::Instant;
use tower_layer::Layer;

use crate::mock::{Mock, call, never};

const MS: Duration = Duration::from_millis(1);

fn context(timeout: Option<Duration>, inherited: Option<Duration>) -> Context {
    let mut context = Context::new();
    context.timeout = timeout;
    context.deadline = inherited.map(|left| Deadline::after(Instant::now().into_std(), left));
    context
}

/// Answers at once, and notes how long the call might have taken.
fn noting() -> (Mock, Arc<Mutex<Vec<Option<Duration>>>>) {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let mock = Mock::new({
        let noted = Arc::clone(&noted);
        move |request| {
            let now = Instant::now().into_std();
            noted.lock().unwrap().push(request.context.deadline.map(|deadline| deadline.remaining(now)));
            std::future::ready(Ok(Response::empty(Status::Ok)))
        }
    });
    (mock, noted)
}

#[tokio::test(start_paused = true)]
async fn a_call_gets_its_own_timeout_else_the_default_and_never_outlives_its_caller() {
    let cases = [
        (None, None, 1000 * MS),
        (Some(50 * MS), None, 50 * MS),
        (Some(5000 * MS), None, 5000 * MS),
        (None, Some(200 * MS), 195 * MS),
        (Some(300 * MS), Some(200 * MS), 195 * MS),
        (Some(50 * MS), Some(200 * MS), 50 * MS),
        (None, Some(2000 * MS), 1000 * MS),
        (None, Some(10 * MS), 9 * MS),
    ];
    for (timeout, inherited, expected) in cases {
        let (mock, noted) = noting();
        let mut assigning = DeadlineLayer::assign(1000 * MS).layer(mock.clone());
        let mut enforcing = DeadlineLayer::new(1000 * MS).layer(mock);
        call(&mut assigning, context(timeout, inherited)).await.unwrap();
        call(&mut enforcing, context(timeout, inherited)).await.unwrap();
        assert_eq!(*noted.lock().unwrap(), [Some(expected); 2], "{timeout:?} {inherited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_too_late_is_refused_at_once() {
    let (mock, noted) = noting();
    let late = || context(None, Some(Duration::ZERO));
    let errors = [
        call(&mut DeadlineLayer::assign(MS).layer(mock.clone()), late()).await.unwrap_err(),
        call(&mut DeadlineLayer::new(MS).layer(mock.clone()), late()).await.unwrap_err(),
        call(&mut DeadlineLayer::serve(MS).layer(mock.clone()), late()).await.unwrap_err(),
        call(&mut DeadlineLayer::new(MS).layer(mock), context(Some(Duration::ZERO), None)).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Local));
        assert!(error.is_retry_safe());
        assert_eq!(
            error.to_string(),
            "deadline exceeded calling EchoSvc.Echo (before sending): the call's deadline has passed \
             [setting: timeout]"
        );
    }
    assert!(noted.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    let mut service = DeadlineLayer::new(1000 * MS).layer(Mock::new(|_| never()));
    for (timeout, expected) in [(None, 1000 * MS), (Some(30 * MS), 30 * MS)] {
        let began = Instant::now();
        let error = call(&mut service, context(timeout, None)).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Read));
        assert_eq!(began.elapsed(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_the_answer() {
    let mut service = DeadlineLayer::new(100 * MS).layer(Mock::new(|_| async {
        tokio::time::sleep(99 * MS).await;
        Ok(Response::empty(Status::Exception(1)))
    }));
    let response = call(&mut service, Context::new()).await.unwrap();
    assert_eq!(response.status, Status::Exception(1));
}

#[tokio::test(start_paused = true)]
async fn a_server_ends_what_came_without_a_deadline_and_leaves_the_rest_to_its_transport() {
    let mut service = DeadlineLayer::serve(1000 * MS).layer(Mock::new(|_| never()));
    let began = Instant::now();
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Handle));
    assert_eq!(error.setting(), Some("default_timeout"));
    assert_eq!(&*error.to_exception().message, error.message(), "its caller is told whose deadline it was");
    assert_eq!(began.elapsed(), 1000 * MS);

    let (mock, noted) = noting();
    let mut service = DeadlineLayer::serve(1000 * MS).layer(mock);
    call(&mut service, context(None, Some(3000 * MS))).await.unwrap();
    assert_eq!(*noted.lock().unwrap(), [Some(3000 * MS)]);
    let mut service = DeadlineLayer::serve(1000 * MS).layer(Mock::new(|_| never()));
    let waited = tokio::time::timeout(4000 * MS, call(&mut service, context(None, Some(3000 * MS)))).await;
    assert!(waited.is_err());
}
