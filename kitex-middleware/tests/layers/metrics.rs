//! What a recorder gets of calls.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use kitex_core::{
    Body, BusinessStatus, Context, Error, ErrorKind, MessageStream, Payload, Protocol, Response, Stage,
    Status,
};
use kitex_middleware::{DeadlineLayer, MetricsLayer};
use metrics::Unit;
use metrics_util::CompositeKey;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

use crate::mock::{ECHO, Mock, call, never, request};

/// Every figure that was recorded: the name, its further label, and the values.
fn figures(snapshotter: &Snapshotter) -> Vec<(String, Vec<f64>)> {
    let mut figures: Vec<_> = snapshotter.snapshot().into_vec().into_iter().map(figure).collect();
    figures.sort_by(|left, right| left.0.cmp(&right.0));
    figures
}

fn figure<U, D>((key, _, _, value): (CompositeKey, U, D, DebugValue)) -> (String, Vec<f64>) {
    let key = key.key();
    let mut labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
    assert_eq!(labels.remove(0), ("rpc.system.name", "kitex"));
    assert_eq!(labels.remove(0), ("rpc.method", format!("{}/{}", ECHO.service, ECHO.name).as_str()));
    let further: String = labels.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    let values = match value {
        DebugValue::Histogram(values) => values.into_iter().map(|value| value.into_inner()).collect(),
        DebugValue::Gauge(value) => vec![value.into_inner()],
        DebugValue::Counter(value) => vec![value as f64],
    };
    (format!("{}{further}", key.name()), values)
}

/// The time that paused clocks show.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// An answer after 20 ms.
async fn after_a_while(answer: Result<Response, Error>) -> Result<Response, Error> {
    advance(Duration::from_millis(20)).await;
    answer
}

#[tokio::test(start_paused = true)]
async fn a_call_is_measured_with_what_it_waited_and_how_large_it_was() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mock = Mock::new(|_| {
        let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(b"\x0b\0\0\0\0\0\0\0"));
        after_a_while(Ok(Response::new(Status::Ok, payload)))
    });
    let mut service = MetricsLayer::server().layer(mock);
    let mut context = Context::new();
    context.began = Some(now());
    advance(Duration::from_millis(5)).await;
    call(&mut service, context).await.unwrap();
    let expected = [
        ("rpc.server.active_calls", 0.0),
        ("rpc.server.call.duration", 0.025),
        ("rpc.server.queue.duration", 0.005),
        ("rpc.server.request.size", 1.0),
        ("rpc.server.response.size", 8.0),
    ];
    assert_eq!(
        figures(&recorder.snapshotter()),
        expected.map(|(name, value)| (name.to_owned(), vec![value]))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_has_waited_until_it_was_taken_up_where_that_is_known() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mut service =
        MetricsLayer::server().layer(Mock::new(|_| after_a_while(Ok(Response::empty(Status::Ok)))));
    let mut context = Context::new();
    context.began = Some(now());
    context.set_taken_up(now() + Duration::from_millis(3));
    advance(Duration::from_millis(5)).await;
    call(&mut service, context).await.unwrap();
    let all = figures(&recorder.snapshotter());
    assert!(all.contains(&("rpc.server.queue.duration".to_owned(), vec![0.003])), "{all:?}");
    assert!(all.contains(&("rpc.server.call.duration".to_owned(), vec![0.025])), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn answers_and_failures_are_told_apart() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mock = Mock::new(|request| {
        after_a_while(match request.context.transient("how") {
            Some("exception") => Ok(Response::empty(Status::Exception(1))),
            Some("status") => Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(7, "no"))))),
            Some("deadline") => Err(Error::deadline(Stage::Read)),
            _ => Err(Error::new(ErrorKind::Connect, Stage::Dial, "no")),
        })
    });
    let mut service = MetricsLayer::client().layer(mock);
    for how in ["exception", "status", "deadline", "deadline", "connect"] {
        let mut context = Context::new();
        context.metadata.set(kitex_core::Scope::Transient, "how", how);
        drop(call(&mut service, context).await);
    }
    let all = figures(&recorder.snapshotter());
    let durations: Vec<_> =
        all.iter().filter(|(name, _)| name.starts_with("rpc.client.call.duration")).collect();
    let duration =
        |label: &str, times: usize| (format!("rpc.client.call.duration{label}"), vec![0.02; times]);
    let expected = [
        duration("", 0),
        duration(" error.type=cannot connect", 1),
        duration(" error.type=deadline exceeded", 2),
        duration(" kitex.answer=exception", 1),
        duration(" kitex.answer=status", 1),
    ];
    assert_eq!(durations, expected.iter().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_call_under_way_is_counted_until_it_is_given_up() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mut service = MetricsLayer::attempts().layer(Mock::new(|_| never()));
    let active = || {
        let all = figures(&recorder.snapshotter());
        all.into_iter().find(|(name, _)| name == "rpc.client.active_attempts").unwrap().1
    };
    {
        let mut running = Box::pin(call(&mut service, Context::new()));
        assert!(futures_util::poll!(&mut running).is_pending());
        assert_eq!(active(), [1.0]);
        advance(Duration::from_millis(30)).await;
    }
    let all = figures(&recorder.snapshotter());
    assert!(
        all.contains(&("rpc.client.attempt.duration error.type=cancelled".to_owned(), vec![0.03])),
        "{all:?}"
    );
    assert_eq!(active(), [0.0]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_by_a_stream_ends_with_it() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mock = Mock::new(|_| async {
        let mut answer = Response::empty(Status::Ok);
        answer.body = Body::Stream(MessageStream::of([]));
        Ok(answer)
    });
    let mut service = MetricsLayer::server().layer(mock);
    let Body::Stream(mut stream) = call(&mut service, Context::new()).await.unwrap().body else {
        unreachable!()
    };
    advance(Duration::from_millis(40)).await;
    assert!(stream.next().await.is_none());
    let all = figures(&recorder.snapshotter());
    assert!(all.contains(&("rpc.server.call.duration".to_owned(), vec![0.04])), "{all:?}");
    assert!(all.contains(&("rpc.server.active_calls".to_owned(), vec![0.0])), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_after_its_deadline_ends_for_that_and_a_stream_that_is_dropped_is_cancelled()
{
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let deadline = DeadlineLayer::new(Duration::from_millis(50));
    let mut late = deadline.layer(MetricsLayer::client().layer(Mock::new(|_| never())));
    assert_eq!(call(&mut late, Context::new()).await.unwrap_err().kind(), ErrorKind::Deadline);
    let mut streams = MetricsLayer::server().layer(Mock::new(|_| async {
        let mut answer = Response::empty(Status::Ok);
        answer.body = Body::Stream(MessageStream::of([]));
        Ok(answer)
    }));
    drop(call(&mut streams, Context::new()).await.unwrap());
    let all = figures(&recorder.snapshotter());
    for (name, took) in [
        ("rpc.client.call.duration error.type=deadline exceeded", 0.05),
        ("rpc.server.call.duration error.type=cancelled", 0.0),
    ] {
        let times = all.iter().find(|(found, _)| found == name).unwrap_or_else(|| unreachable!("{all:?}"));
        assert!((times.1[0] - took).abs() < 0.005 && times.1.len() == 1, "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panicked_ends_for_that_whenever_it_is_dropped() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let server = || {
        MetricsLayer::server().layer(Mock::new(|_| async {
            tokio::task::yield_now().await;
            panic!("as asked")
        }))
    };
    let by_reference = kitex_core::SharedService::new(server());
    let mut owned = server();
    let calls: [LocalBoxFuture<'_, _>; 2] =
        [Box::pin(owned.call(request(Context::new()))), Box::pin(by_reference.call(request(Context::new())))];
    for mut running in calls {
        assert!(futures_util::poll!(&mut running).is_pending());
        assert!(AssertUnwindSafe(&mut running).catch_unwind().await.is_err());
        // As a server that catches around the whole call does: what is left of it is dropped when nothing unwinds.
        advance(Duration::from_millis(20)).await;
        drop(running);
    }
    // What comes back in between is no panic.
    let mut given_up = Box::pin(call(&mut owned, Context::new()));
    assert!(futures_util::poll!(&mut given_up).is_pending());
    drop(given_up);
    let all = figures(&recorder.snapshotter());
    let duration = |error: &str| {
        let name = format!("rpc.server.call.duration error.type={error}");
        all.iter().find(|(found, _)| *found == name).map(|(_, times)| &times[..])
    };
    assert_eq!(duration("handler panic"), Some(&[0.02, 0.02][..]), "{all:?}");
    assert_eq!(duration("cancelled"), Some(&[0.0][..]), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_comes_after_the_layer_is_told_what_the_figures_mean() {
    let mut service =
        MetricsLayer::server().layer(Mock::new(|_| after_a_while(Ok(Response::empty(Status::Ok)))));
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    call(&mut service, Context::new()).await.unwrap();
    let all = recorder.snapshotter().snapshot().into_vec();
    let units: Vec<_> =
        all.iter().map(|(key, unit, text, _)| (key.key().name(), *unit, text.is_some())).collect();
    let expected = [
        ("rpc.server.active_calls", Some(Unit::Count), true),
        ("rpc.server.call.duration", Some(Unit::Seconds), true),
        ("rpc.server.queue.duration", Some(Unit::Seconds), true),
        ("rpc.server.request.size", Some(Unit::Bytes), true),
        ("rpc.server.response.size", Some(Unit::Bytes), true),
    ];
    assert_eq!((units.len(), expected.iter().all(|told| units.contains(told))), (5, true), "{units:?}");
}
