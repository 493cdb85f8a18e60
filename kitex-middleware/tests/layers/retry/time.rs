//! Pauses, deadlines, push-back, and the times of a call.

use super::*;
use kitex_middleware::{
    BackOff, BreakerConfig, BreakerLayer, ConcurrencyConfig, ConcurrencyLayer, RetryEventKind, RetryRule,
};

/// When the attempts of a call arrived, since it was made, and when it ended.
async fn times(
    change: impl FnOnce(&mut RetryPolicy),
    context: Context,
    answer: impl Fn(usize) -> CallResult + Send + Sync + 'static,
) -> (Vec<u128>, u128, CallResult) {
    let mut policy = RetryPolicy::failure();
    change(&mut policy);
    let began = now();
    let (result, seen) = tried(policy, &ECHO, context, answer).await;
    let since = |at: Instant| (at - began).as_millis();
    (seen.iter().map(|attempt| since(attempt.at)).collect(), since(now()), result)
}

#[tokio::test(start_paused = true)]
async fn there_is_a_pause_before_each_retry() {
    let (at, ended, _) = times(|_| (), Context::new(), |_| refused()).await;
    assert_eq!((at, ended), (vec![0, 0, 0], 0));
    let fixed = BackOff::Fixed(20 * MS);
    let (at, ended, _) = times(|policy| policy.back_off = fixed, Context::new(), |_| refused()).await;
    assert_eq!((at, ended), (vec![0, 20, 40], 40));
    let random = BackOff::Random { least: 10 * MS, most: 20 * MS };
    let (at, ..) = times(|policy| policy.back_off = random, Context::new(), |_| refused()).await;
    assert!((10..=21).contains(&at[1]) && (10..=21).contains(&(at[2] - at[1])), "{at:?}");
    let grows = |policy: &mut RetryPolicy| {
        policy.attempts = 12;
        policy.back_off = BackOff::Exponential { first: 16 * MS, most: 100 * MS };
    };
    let (at, ..) = times(grows, Context::new(), |_| refused()).await;
    let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let ceilings = [16, 32, 64, 100, 100, 100, 100, 100, 100, 100, 100];
    assert!(pauses.iter().zip(ceilings).all(|(pause, ceiling)| *pause <= ceiling + 1), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause > 50), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_pauses() {
    let pauses = |seed| async move {
        let mut config = RetryConfig::default();
        config.policy.attempts = 8;
        config.policy.back_off = BackOff::Exponential { first: 50 * MS, most: 5000 * MS };
        config.seed = Some(seed);
        let (mock, _) = at_once(|_| refused());
        let began = now();
        layered(config, mock).call(request_of(&ECHO, Context::new())).await.unwrap_err();
        now() - began
    };
    assert_eq!(pauses(1).await, pauses(1).await);
    assert_ne!(pauses(1).await, pauses(2).await);
}

#[tokio::test(start_paused = true)]
async fn one_deadline_covers_all_attempts() {
    let fixed = |policy: &mut RetryPolicy| policy.back_off = BackOff::Fixed(40 * MS);
    let (at, ended, result) = times(fixed, within(100 * MS), |_| refused()).await;
    assert_eq!((at, ended), (vec![0, 40, 80], 80));
    assert_eq!(result.unwrap_err().attempts(), 3);
    let (at, ended, result) = times(fixed, within(60 * MS), |_| refused()).await;
    assert_eq!(
        (at, ended),
        (vec![0, 40], 40),
        "what is left is less than the pause: nobody waits for nothing"
    );
    assert_eq!(result.unwrap_err().to_string(), {
        "cannot connect (while connecting): refused [setting: connect_timeout] [attempts: 2]"
    });
    let least = |policy: &mut RetryPolicy| {
        fixed(policy);
        policy.least_time = 21 * MS;
    };
    let (at, ..) = times(least, within(100 * MS), |_| refused()).await;
    assert_eq!(at, [0, 40], "20 ms would be left");
    let (_, seen) = tried(RetryPolicy::failure(), &ECHO, within(100 * MS), |_| refused()).await;
    assert!(seen.iter().all(|attempt| attempt.left == Some(100 * MS)));
}

#[tokio::test(start_paused = true)]
async fn after_the_longest_duration_no_attempt_is_begun() {
    let bounded = |policy: &mut RetryPolicy| {
        policy.back_off = BackOff::Fixed(40 * MS);
        policy.max_duration = Some(60 * MS);
    };
    let (at, ended, _) = times(bounded, Context::new(), |_| refused()).await;
    assert_eq!((at, ended), (vec![0, 40], 40));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_may_have_a_time_of_its_own() {
    let mut policy = RetryPolicy::failure();
    policy.attempt_timeout = Some(30 * MS);
    // As a transport does that ends calls at their deadline.
    let mock = Mock::new(|request| async move {
        tokio::time::sleep_until(request.context.deadline.unwrap().instant().into()).await;
        Err(Error::deadline(Stage::Read))
    });
    let mut config = RetryConfig::new(policy);
    config.policy.assume_idempotent = true;
    let began = now();
    let error = layered(config, mock).call(request_of(&ECHO, within(70 * MS))).await.unwrap_err();
    assert_eq!((error.attempts(), now() - began), (3, 70 * MS), "the last one has what is left");
}

fn pushed_back(time: Duration) -> CallResult {
    Err(Error::refused("RateLimit::rate", "too many").with_push_back(time))
}

#[tokio::test(start_paused = true)]
async fn a_callee_that_asks_to_be_left_alone_is_left_alone() {
    let answer = |at| if at == 0 { pushed_back(70 * MS) } else { refused() };
    let (at, ..) = times(|_| (), Context::new(), answer).await;
    assert_eq!(at, [0, 70, 70]);
    let fixed = |policy: &mut RetryPolicy| policy.back_off = BackOff::Fixed(100 * MS);
    let (at, ..) = times(fixed, Context::new(), answer).await;
    assert_eq!(at, [0, 100, 200], "the pause is longer");
}

#[tokio::test(start_paused = true)]
async fn asked_for_longer_than_there_is_the_call_has_failed() {
    let long = |_| pushed_back(200 * MS);
    let (at, ended, result) = times(|_| (), within(100 * MS), long).await;
    assert_eq!((at, ended), (vec![0], 0));
    let error = result.unwrap_err();
    assert_eq!((error.push_back(), error.attempts()), (Some(200 * MS), 1));
    // A call without a deadline is not kept for as long as a peer likes.
    for time in [11_000 * MS, Duration::MAX / 2, Duration::from_millis(u64::MAX)] {
        let (at, ended, _) = times(|_| (), Context::new(), move |_| pushed_back(time)).await;
        assert_eq!((at, ended), (vec![0], 0), "{time:?}");
    }
    let patient = |policy: &mut RetryPolicy| policy.longest_push_back = Duration::MAX;
    let (at, ..) =
        times(patient, Context::new(), |at| if at == 0 { pushed_back(11_000 * MS) } else { ok() }).await;
    assert_eq!(at, [0, 11_000]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_begins_when_it_is_sent_and_the_call_ends_when_its_last_attempt_does() {
    let (mock, seen) = backend(|at| async move {
        tokio::time::sleep(10 * MS).await;
        let ended = now();
        match at {
            0 => refused(),
            _ => Ok(Response { ended: Some(ended), ..Response::empty(Status::Ok) }),
        }
    });
    let mut config = RetryConfig::default();
    config.policy.back_off = BackOff::Fixed(5 * MS);
    let began = now();
    let mut context = Context::new();
    context.began = Some(began);
    let response = layered(config, mock).call(request_of(&ECHO, context)).await.unwrap();
    assert_eq!(response.ended, Some(began + 25 * MS));
    let begun: Vec<_> = seen.lock().unwrap().iter().map(|attempt| attempt.began).collect();
    assert_eq!(begun, [Some(began), Some(began + 15 * MS)]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_stamped_anew_by_each_attempt() {
    let stamped = |at: usize| {
        let mut result = refused();
        kitex_core::ended_at(&mut result, || now() + at as u32 * MS);
        result
    };
    let (result, _) = tried(RetryPolicy::failure(), &ECHO, Context::new(), stamped).await;
    let mut result = result;
    assert_eq!(kitex_core::ended_at(&mut result, || now() + 99 * MS), now() + 2 * MS);
}

/// Tells when it is dropped.
struct Dropped(Arc<Mutex<usize>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

/// A backend that refuses one attempt in `every`, and never answers the others; it counts those that were dropped.
fn hanging(every: usize) -> (Mock, SeenAll, Arc<Mutex<usize>>) {
    let dropped = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&dropped);
    let (mock, seen) = backend(move |at| {
        let guard = Dropped(Arc::clone(&counted));
        async move {
            let _guard = guard;
            if at % every == 0 { refused() } else { crate::mock::never().await }
        }
    });
    (mock, seen, dropped)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_takes_all_its_attempts_with_it() {
    let (mock, seen, dropped) = hanging(3);
    let mut policy = RetryPolicy::mixed(kitex_middleware::Hedge::after(10 * MS));
    policy.attempts = 3;
    let call = layered(RetryConfig::new(policy), mock).call(request_of(&FIND, Context::new()));
    tokio::time::timeout(50 * MS, call).await.unwrap_err();
    assert_eq!((seen.lock().unwrap().len(), *dropped.lock().unwrap()), (3, 3));
    tokio::time::sleep(1000 * MS).await;
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_its_place_that_is_dropped_in_a_further_attempt_gives_all_back() {
    let (mock, seen, dropped) = hanging(2);
    let limit = ConcurrencyLayer::new(ConcurrencyConfig::new(1)).unwrap();
    let retry = RetryLayer::new(RetryConfig::default()).unwrap();
    let breaker = BreakerLayer::new(BreakerConfig::default()).unwrap();
    let service = {
        use tower_layer::Layer;
        let beneath = Layer::layer(&retry, Layer::layer(&breaker, SharedService::new(mock)));
        SharedService::by_ref(Layer::layer(&limit, beneath))
    };
    for times in 1..=2 {
        let call = service.call_borrowed(request_of(&ECHO, Context::new()));
        tokio::time::timeout(50 * MS, call).await.unwrap_err();
        assert_eq!((seen.lock().unwrap().len(), *dropped.lock().unwrap()), (2 * times, 2 * times));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_a_pause_is_not_made_again() {
    let (mock, seen) = at_once(|_| refused());
    let mut config = RetryConfig::default();
    config.policy.back_off = BackOff::Fixed(20 * MS);
    let call = layered(config, mock).call(request_of(&ECHO, Context::new()));
    tokio::time::timeout(10 * MS, call).await.unwrap_err();
    tokio::time::sleep(1000 * MS).await;
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_of_what_is_done_and_of_what_is_not() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&events);
    let mut config = RetryConfig::default().on_event(move |event| {
        let error = event.error.map(Error::kind);
        noted.lock().unwrap().push((event.method.to_string(), event.kind, event.attempts, error));
        panic!("subscribers may panic");
    });
    config.policy.back_off = BackOff::Fixed(7 * MS);
    config.policy.rule = RetryRule::failures();
    let (mock, _) = at_once(|_| refused());
    let registry = Registry::new();
    let service = RetryLayer::new(config).unwrap().register(&registry).layer(mock);
    service.call(request_of(&ECHO, Context::new())).await.unwrap_err();
    service.call(request_of(&ECHO, within(5 * MS))).await.unwrap_err();
    let connect = Some(ErrorKind::Connect);
    let event = |kind, attempts| ("EchoSvc.Echo".to_owned(), kind, attempts, connect);
    let retry = RetryEventKind::Retry { pause: 7 * MS };
    let expected = [
        event(retry, 1),
        event(retry, 2),
        event(RetryEventKind::OutOfAttempts, 3),
        event(RetryEventKind::OutOfTime, 1),
    ];
    assert_eq!(*events.lock().unwrap(), expected);
    let mut state = shown(&registry, "EchoSvc.Echo");
    let last = state.as_object_mut().unwrap().remove("last_error").unwrap();
    assert!(last.as_str().unwrap().starts_with("cannot connect"), "{last}");
    assert_eq!(
        state.to_string(),
        r#"{"attempts":4,"calls":2,"chain_stopped":0,"hedge_after_us":null,"hedges":0,"hedges_won":0,"out_of_attempts":1,"out_of_budget":0,"out_of_time":1,"retries":2}"#
    );
}
