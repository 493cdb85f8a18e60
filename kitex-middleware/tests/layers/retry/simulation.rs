//! Many calls in virtual time.

use super::*;
use kitex_middleware::{Hedge, RetryBudget};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

/// Calls of `FIND`, one each millisecond for so many seconds: how long each took.
async fn load(service: &SharedService, seconds: u32) -> Vec<Duration> {
    let (mut calls, mut ticks) = (JoinSet::new(), interval(MS));
    for _ in 0..seconds * 1000 {
        ticks.tick().await;
        let call = service.call(request_of(&FIND, Context::new()));
        let began = now();
        calls.spawn(async move {
            let _ = call.await;
            now() - began
        });
    }
    let mut times = calls.join_all().await;
    times.sort_unstable();
    times
}

#[tokio::test(start_paused = true)]
async fn when_every_backend_fails_the_extra_load_stays_within_the_budget() {
    const SECONDS: u32 = 60;
    let seen = Arc::new(Mutex::new(0_u32));
    let failing = Mock::new({
        let seen = Arc::clone(&seen);
        move |_| {
            *seen.lock().unwrap() += 1;
            async {
                sleep(5 * MS).await;
                closed()
            }
        }
    });
    let (calls, budget) = (SECONDS * 1000, RetryBudget::default());
    load(&layered(RetryConfig::default(), failing.clone()), SECONDS).await;
    let extra = f64::from(*seen.lock().unwrap() - calls);
    let earned = f64::from(calls) * budget.share + f64::from(SECONDS) * budget.least_per_second;
    let saved = budget.window.as_secs_f64() * budget.least_per_second;
    assert!(extra <= earned + saved, "{extra} of {}", earned + saved);
    assert!(extra >= 0.98 * earned, "it is not refused needlessly either: {extra} of {earned}");

    *seen.lock().unwrap() = 0;
    let mut boundless = RetryConfig::default();
    boundless.budget.least_per_second = 100_000.0;
    load(&layered(boundless, failing), SECONDS).await;
    assert_eq!(*seen.lock().unwrap(), 3 * calls, "and this is the storm that it keeps away");
}

/// Answers in 4 to 6 ms, but for one call in fifty, which takes 100.
fn bimodal(seed: u64) -> (Mock, Arc<Mutex<u32>>) {
    let state = Mutex::new(seed);
    let seen = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&seen);
    let mock = Mock::new(move |_| {
        *counted.lock().unwrap() += 1;
        let random = {
            let mut state = state.lock().unwrap();
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 33) as u32
        };
        let time = if random % 50 == 0 { 100 * MS } else { 4 * MS + random / 50 % 3 * MS };
        async move {
            sleep(time).await;
            ok()
        }
    });
    (mock, seen)
}

#[tokio::test(start_paused = true)]
async fn backup_requests_cut_the_99th_percentile_to_a_third_at_little_load() {
    const SECONDS: u32 = 20;
    let (calls, p99) = (SECONDS * 1000, (SECONDS * 990) as usize);
    let (plain, _) = bimodal(11);
    let without = load(&layered(RetryConfig::new(RetryPolicy::off()), plain), SECONDS).await[p99];
    let (hedged, seen) = bimodal(11);
    let config = RetryConfig::new(RetryPolicy::backup(Hedge::percentile(97.0)));
    let with = load(&layered(config, hedged), SECONDS).await[p99];
    let extra = *seen.lock().unwrap() - calls;
    assert!(with * 3 <= without, "{with:?} of {without:?}");
    assert!(extra * 20 < calls && extra > 0, "{extra}");
}
