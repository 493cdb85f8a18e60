//! Deadlines.

use kitex::ErrorKind;
use kitex::layer::{AssignDeadlineLayer, DeadlineLayer};
use tokio::time::advance;

use crate::crowd::{CROWD, MS, at_once, failure, serve, still};
use crate::handler::take;

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_all_calls_and_their_handlers() {
    let _still = still();
    let server = serve(|server| server).await;
    let clients = server.crowd(|client| client.timeout(300 * MS)).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    advance(299 * MS).await;
    assert_eq!(server.seen.over.available_permits(), 0);
    advance(MS).await;
    let error = calls.next_errors(CROWD, &server).await;
    assert_eq!(
        server.told(&error),
        "deadline exceeded calling Calls.act at <server> (while waiting for the response): the call's deadline has \
         passed: 300ms, the client's timeout [setting: timeout]"
    );
    take(&server.seen.over, 100).await;
    assert_eq!(server.seen.gate.available_permits(), 0);
}

#[tokio::test(start_paused = true)]
async fn layers_of_ones_own_shorten_the_time_of_all_calls() {
    let _still = still();
    let server = serve(|server| server.layer(DeadlineLayer::serve(500 * MS))).await;
    let assign: AssignDeadlineLayer = DeadlineLayer::assign(70 * MS);
    let clients = server.crowd(|client| client.layer(assign)).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    advance(70 * MS).await;
    let error = calls.next_errors(CROWD, &server).await;
    assert_eq!(failure(&error).kind(), ErrorKind::Deadline);
    take(&server.seen.over, 100).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_grants_no_call_of_any_connection_more_than_its_own_time() {
    let _still = still();
    let server = serve(|server| server.max_call_timeout(40 * MS)).await;
    let clients = server.crowd(|client| client).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    advance(40 * MS).await;
    let error = calls.next_errors(CROWD, &server).await;
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): no call may take longer than max_call_timeout, \
         40ms"
    );
    take(&server.seen.over, 100).await;
}
