//! A handler tested without a wire: the generated client stands over the generated server.

use examples::greeter::{GreeterClient, GreeterGreetError, GreeterServer};
use examples::service::Service;
use kitex::CallError;

fn client() -> GreeterClient {
    GreeterClient::new(GreeterServer::new(Service::default()))
}

#[tokio::test]
async fn those_who_are_known_are_greeted() {
    let greeting = client().greet("Ada").persistent("TENANT", "blue").await.unwrap();
    assert_eq!((&*greeting.text, &*greeting.tenant), ("hello, Ada", "blue"));
}

#[tokio::test]
async fn nobody_is_a_stranger() {
    let error = client().greet("nobody").await.unwrap_err();
    assert!(
        matches!(error, CallError::Exception(GreeterGreetError::Stranger(stranger)) if stranger.name == "nobody")
    );
}

#[tokio::test]
async fn an_unknown_account_is_a_status_for_programs() {
    let error = client().balance("gold").await.unwrap_err();
    let status = error.status().unwrap();
    assert_eq!((status.code, &*status.message), (404, "no such account"));
    assert_eq!(status.extra["account"], "gold");
}
