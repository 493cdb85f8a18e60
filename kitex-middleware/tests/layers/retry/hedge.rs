//! Backup requests, alone and with retries.

use super::*;
use kitex_middleware::{Hedge, HedgeDelay, RetryEventKind};
use tokio::time::sleep;

type Step = (u32, fn() -> CallResult);

/// A backend whose attempts take these times, in milliseconds, and then give these results; 0 is at once.
fn taking(times: &'static [Step]) -> (Mock, SeenAll) {
    backend(move |at| async move {
        let (time, answer) = times[at];
        if time > 0 {
            sleep(time * MS).await;
        }
        answer()
    })
}

fn marked(id: i16) -> CallResult {
    Ok(Response::empty(Status::Exception(id)))
}

fn boom() -> CallResult {
    let exception = kitex_codec::ApplicationException { code: 6, message: "biz error: boom".into() };
    Err(Error::remote(exception))
}

/// What a call ends with, when, and at which times its attempts arrived.
async fn run(
    policy: RetryPolicy,
    method: &'static MethodDescriptor,
    times: &'static [Step],
) -> (CallResult, u128, Vec<u128>) {
    let (mock, seen) = taking(times);
    let began = now();
    let result = layered(RetryConfig::new(policy), mock).call(request_of(method, Context::new())).await;
    let at = seen.lock().unwrap().iter().map(|attempt| (attempt.at - began).as_millis()).collect();
    (result, (now() - began).as_millis(), at)
}

fn backup() -> RetryPolicy {
    RetryPolicy::backup(Hedge::after(50 * MS))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_is_made_once_more_and_the_first_answer_is_the_answer() {
    let (result, ended, at) = run(backup(), &FIND, &[(120, || marked(1)), (20, || marked(2))]).await;
    assert_eq!((result.unwrap().status, ended, at), (Status::Exception(2), 70, vec![0, 50]));
    let (result, ended, at) = run(backup(), &FIND, &[(120, || marked(1)), (120, || marked(2))]).await;
    assert_eq!((result.unwrap().status, ended, at), (Status::Exception(1), 120, vec![0, 50]));
    let (_, ended, at) = run(backup(), &FIND, &[(49, ok)]).await;
    assert_eq!((ended, at), (49, vec![0]), "this one takes no longer than others");
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_served_twice_has_no_backup_request() {
    let (_, ended, at) = run(backup(), &ECHO, &[(120, ok)]).await;
    assert_eq!((ended, at), (120, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_backup_request_is_a_retry_to_those_further_down_and_shares_bytes_and_places() {
    let (mock, seen) = taking(&[(120, ok), (20, ok)]);
    layered(RetryConfig::new(backup()), mock).call(request_of(&FIND, within(1000 * MS))).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].bytes, &seen[0].retry), (seen[1].bytes, &None));
    assert_eq!(seen[1].retry.as_deref(), Some("1"));
    assert_eq!((&seen[0].tried, &seen[1].tried), (&Some(vec![]), &Some(vec![])));
    assert_eq!((seen[0].left, seen[1].left), (Some(1000 * MS), Some(950 * MS)));
}

#[tokio::test(start_paused = true)]
async fn places_that_an_attempt_was_sent_to_are_known_to_the_next_while_it_runs() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let mock = Mock::new({
        let noted = Arc::clone(&noted);
        move |request: Request| {
            let tried = request.context.extension::<Tried>().unwrap();
            noted.lock().unwrap().push(tried.places());
            tried.add(noted.lock().unwrap().len() + 6);
            sleep_then_ok()
        }
    });
    layered(RetryConfig::new(backup()), mock).call(request_of(&FIND, Context::new())).await.unwrap();
    assert_eq!(*noted.lock().unwrap(), [vec![], vec![7]]);
}

async fn sleep_then_ok() -> CallResult {
    sleep(100 * MS).await;
    ok()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_while_another_runs_does_not_fail_the_call() {
    let (result, ended, _) = run(backup(), &FIND, &[(120, ok), (20, closed)]).await;
    assert_eq!((result.unwrap().status, ended), (Status::Ok, 120));
    let (result, ended, _) = run(backup(), &FIND, &[(60, refused), (40, || marked(2))]).await;
    assert_eq!((result.unwrap().status, ended), (Status::Exception(2), 90));
    let refused_here: fn() -> CallResult = || Err(Error::refused("ConcurrencyLimit::most", "too many"));
    let times: &[_] = Box::leak(Box::new([(120, ok as fn() -> CallResult), (0, refused_here)]));
    let (result, ended, _) = run(backup(), &FIND, times).await;
    assert_eq!((result.unwrap().status, ended), (Status::Ok, 120));
}

#[tokio::test(start_paused = true)]
async fn when_all_have_failed_the_last_error_is_the_calls() {
    let (result, ended, _) = run(backup(), &FIND, &[(120, closed), (20, refused)]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), ended), (ErrorKind::Closed, 2, 120));
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_says_is_an_answer_even_if_it_is_an_exception() {
    let (result, ended, _) = run(backup(), &FIND, &[(120, ok), (20, boom)]).await;
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.attempts(), ended), (Some(6), 2, 70));
}

#[tokio::test(start_paused = true)]
async fn without_retries_a_failure_before_the_backup_request_is_the_end() {
    let (result, ended, at) = run(backup(), &FIND, &[(20, closed)]).await;
    assert_eq!((result.unwrap_err().attempts(), ended, at), (1, 20, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_mixed_policy_retries_and_backs_up() {
    let mixed = |attempts, most| {
        let mut hedge = Hedge::after(50 * MS);
        hedge.most = most;
        let mut policy = RetryPolicy::mixed(hedge);
        policy.attempts = attempts;
        policy
    };
    let (result, ended, at) = run(mixed(2, 1), &FIND, &[(20, closed), (60, ok)]).await;
    assert_eq!((result.is_ok(), ended, at), (true, 80, vec![0, 20]), "the retry was the second attempt");
    let (result, ended, at) = run(mixed(3, 1), &FIND, &[(20, closed), (200, ok), (30, ok)]).await;
    assert_eq!((result.is_ok(), ended, at), (true, 100, vec![0, 20, 70]), "the retry has a backup request");
    let (result, ended, at) = run(mixed(3, 2), &FIND, &[(500, ok), (500, ok), (10, ok)]).await;
    assert_eq!((result.is_ok(), ended, at), (true, 110, vec![0, 50, 100]));
    let (result, ended, at) = run(mixed(3, 1), &FIND, &[(200, ok), (10, closed), (10, ok)]).await;
    assert_eq!((result.is_ok(), ended, at), (true, 70, vec![0, 50, 60]), "a lost backup request is retried");
    let (result, _, at) = run(mixed(3, 2), &FIND, &[(10, closed), (10, closed), (10, closed)]).await;
    assert_eq!((result.unwrap_err().attempts(), at), (3, vec![0, 10, 20]));
}

#[tokio::test(start_paused = true)]
async fn the_losers_are_dropped_when_the_answer_is_there() {
    let running = Arc::new(());
    let (mock, _) = backend({
        let running = Arc::clone(&running);
        move |at| {
            let running = Arc::clone(&running);
            async move {
                sleep(if at == 0 { 1000 * MS } else { MS }).await;
                drop(running);
                ok()
            }
        }
    });
    let service = layered(RetryConfig::new(backup()), mock);
    let before = Arc::strong_count(&running);
    service.call(request_of(&FIND, Context::new())).await.unwrap();
    assert_eq!(Arc::strong_count(&running), before);
}

#[tokio::test(start_paused = true)]
async fn a_backup_request_waits_for_as_long_as_the_callee_asks() {
    let pushed_back: fn() -> CallResult = || Err(Error::refused("R", "busy").with_push_back(100 * MS));
    let mut hedge = Hedge::after(50 * MS);
    hedge.most = 2;
    let mut policy = RetryPolicy::backup(hedge);
    policy.attempts = 3;
    let times: &[_] = Box::leak(Box::new([(400, ok as fn() -> CallResult), (10, pushed_back), (10, ok)]));
    let (_, ended, at) = run(policy, &FIND, times).await;
    assert_eq!((ended, at), (170, vec![0, 50, 160]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_goes_on_waiting_if_another_attempt_is_asked_to() {
    let soon: fn() -> CallResult = || Err(Error::refused("R", "busy").with_push_back(50 * MS));
    let later: fn() -> CallResult = || Err(Error::refused("R", "busy").with_push_back(200 * MS));
    let long: fn() -> CallResult = || Err(Error::refused("R", "busy").with_push_back(3600 * 1000 * MS));
    let mut policy = RetryPolicy::mixed(Hedge::after(10 * MS));
    policy.attempts = 3;
    let times: &[_] = Box::leak(Box::new([(15, soon), (20, later), (5, ok)]));
    let (result, ended, at) = run(policy.clone(), &FIND, times).await;
    assert_eq!((result.is_ok(), ended, at), (true, 235, vec![0, 10, 230]));
    // Longer than the policy waits for anybody.
    let times: &[_] = Box::leak(Box::new([(15, soon), (20, long), (5, ok)]));
    let (result, ended, at) = run(policy, &FIND, times).await;
    assert_eq!((result.unwrap_err().kind(), ended, at), (ErrorKind::Limit, 30, vec![0, 10]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_is_one_of_the_attempts() {
    let mut hedge = Hedge::after(10 * MS);
    hedge.most = 2;
    let mut policy = RetryPolicy::mixed(hedge);
    policy.attempts = 3;
    policy.back_off = kitex_middleware::BackOff::Fixed(50 * MS);
    let times: &[Step] = &[(15, refused), (200, ok), (10, ok), (10, ok)];
    let (_, ended, at) = run(policy, &FIND, times).await;
    assert_eq!((ended, at), (75, vec![0, 10, 65]));
}

#[tokio::test(start_paused = true)]
async fn no_backup_request_is_sent_without_time_or_for_a_call_on_behalf_of_a_retry() {
    let registry = Registry::new();
    let layer = RetryLayer::new(RetryConfig::new(backup())).unwrap().register(&registry);
    let (mock, seen) = backend(|_| sleep_then_ok());
    let service = layer.layer(mock);
    service.call(request_of(&FIND, within(50 * MS))).await.unwrap();
    let mut retried = Context::new();
    retried.metadata.set(kitex_core::Scope::Persistent, "RetryReq", "1");
    service.call(request_of(&FIND, retried)).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 2);
    let state = shown(&registry, "EchoSvc.Find");
    assert_eq!((&state["out_of_time"], &state["chain_stopped"]), (&1.into(), &1.into()));
    service.call(request_of(&FIND, Context::new())).await.unwrap();
    assert_eq!(shown(&registry, "EchoSvc.Find")["hedges"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_by_percentile_follows_the_method() {
    let slow = Arc::new(Mutex::new(10 * MS));
    let (mock, seen) = backend({
        let slow = Arc::clone(&slow);
        move |_| {
            let time = *slow.lock().unwrap();
            async move {
                sleep(time).await;
                ok()
            }
        }
    });
    let events = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&events);
    let config = RetryConfig::new(RetryPolicy::backup(Hedge::percentile(99.0)))
        .on_event(move |event| noted.lock().unwrap().push(event.kind));
    let registry = Registry::new();
    let service = RetryLayer::new(config).unwrap().register(&registry).layer(mock);
    for _ in 0..127 {
        service.call(request_of(&FIND, Context::new())).await.unwrap();
    }
    assert_eq!(shown(&registry, "EchoSvc.Find")["hedge_after_us"], serde_json::Value::Null);
    service.call(request_of(&FIND, Context::new())).await.unwrap();
    let delay = shown(&registry, "EchoSvc.Find")["hedge_after_us"].as_u64().unwrap();
    assert!((10_000..12_000).contains(&delay), "{delay}");
    *slow.lock().unwrap() = 40 * MS;
    let began = now();
    service.call(request_of(&FIND, Context::new())).await.unwrap();
    let hedged = seen.lock().unwrap().last().unwrap().at - began;
    assert!((10 * MS..14 * MS).contains(&hedged), "{hedged:?}");
    assert_eq!(*events.lock().unwrap(), [RetryEventKind::Hedge]);
    for _ in 0..500 {
        service.call(request_of(&FIND, Context::new())).await.unwrap();
    }
    let delay = shown(&registry, "EchoSvc.Find")["hedge_after_us"].as_u64().unwrap();
    assert!((40_000..46_000).contains(&delay), "{delay}");
}

#[test]
fn a_call_that_is_answered_at_once_needs_no_timer() {
    // There is no runtime here: a timer would panic.
    for delay in [Hedge::after(50 * MS), Hedge::percentile(99.0)] {
        let (mock, _) = at_once(|_| ok());
        let service = layered(RetryConfig::new(RetryPolicy::mixed(delay)), mock);
        let mut call = service.call(request_of(&FIND, Context::new()));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut task).is_ready());
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_request_is_never_sent_sooner_than_the_least_delay() {
    let mut hedge = Hedge::percentile(50.0);
    hedge.delay = HedgeDelay::Percentile { percentile: 50.0, least: 25 * MS };
    let (mock, seen) = backend(move |at| async move {
        sleep(if at < 200 { MS } else { 100 * MS }).await;
        ok()
    });
    let service = layered(RetryConfig::new(RetryPolicy::backup(hedge)), mock);
    for _ in 0..200 {
        service.call(request_of(&FIND, Context::new())).await.unwrap();
    }
    let began = now();
    service.call(request_of(&FIND, Context::new())).await.unwrap();
    assert_eq!(seen.lock().unwrap()[201].at - began, 25 * MS);
}
