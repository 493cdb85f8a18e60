#![allow(clippy::unwrap_used, reason = "what a test stands on is a part of it")]

use metrics::{Unit, describe_histogram, gauge, histogram, with_local_recorder};

use super::*;
use crate::MetricsConfig;

const SERIES: CallSeries<'static> = CallSeries {
    duration: "call.duration",
    active: "active.calls",
    request: "request.size",
    response: "response.size",
    queue: Some("queue.duration"),
    labels: [("rpc.system.name", "kitex"), ("rpc.method", "EchoSvc/Echo")],
};

/// One that was told of the names, as a layer for metrics does it.
fn recorder(config: MetricsConfig) -> Recorder {
    let recorder = Recorder::new(config).unwrap();
    with_local_recorder(&recorder, || {
        describe_histogram!("call.duration", Unit::Seconds, "");
        describe_histogram!("queue.duration", Unit::Seconds, "");
        describe_histogram!("request.size", Unit::Bytes, "");
        describe_histogram!("response.size", Unit::Bytes, "");
    });
    recorder
}

/// A call, as it is told to handles.
fn tell_handles(waited: Duration, request: usize, took: Duration, response: usize) {
    let histogram = |name: &'static str| histogram!(name, &SERIES.labels);
    histogram("queue.duration").record(waited);
    histogram("request.size").record(request as f64);
    gauge!("active.calls", &SERIES.labels).increment(1.0);
    histogram("response.size").record(response as f64);
    gauge!("active.calls", &SERIES.labels).decrement(1.0);
    histogram("call.duration").record(took);
}

/// The page without this crate's own: names with labels, and values.
fn page(recorder: &Recorder) -> Vec<(String, f64)> {
    let page = recorder.render();
    let own = page.lines().filter(|line| !line.starts_with('#') && !line.contains("kitex_telemetry"));
    let pair =
        |line: &str| line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
    own.filter_map(pair).collect()
}

#[track_caller]
fn assert_same(one: &Recorder, other: &Recorder) {
    let (one, other) = (page(one), page(other));
    assert!(one.len() > 60, "{one:?}");
    for (left, right) in one.iter().zip(&other) {
        // Sums of whole numbers are exact, those of handles are not.
        let close = if left.0.contains("_sum") { 1e-9 * right.1.abs() } else { 0.0 };
        assert!(left.0 == right.0 && (left.1 - right.1).abs() <= close, "{left:?}, {right:?}");
    }
    assert_eq!(one.len(), other.len());
}

/// Times and sizes on each bound and beside it, and some between.
fn values(config: &MetricsConfig) -> Vec<(Duration, usize)> {
    let beside = |bound: f64| {
        let at = (bound.round() as u64).min(1 << 50);
        [at.saturating_sub(1), at, at + 1]
    };
    let times =
        config.seconds.iter().flat_map(|bound| beside(bound * 1e9)).chain((0..20).map(|step| 7 << step));
    let sizes = config.bytes.iter().flat_map(|bound| beside(*bound)).map(|size| size as usize);
    times.map(Duration::from_nanos).zip(sizes.cycle()).collect()
}

#[test]
fn a_meter_shows_what_handles_show() {
    let uneven = MetricsConfig {
        seconds: vec![0.0, 1.5e-9, 0.1 + 0.2, 1.0 / 3.0, 1.128, 7.7, 1e30],
        bytes: vec![0.0, 0.5, 99.9, 1e300],
        ..MetricsConfig::default()
    };
    for config in [MetricsConfig::default(), uneven] {
        let [told, metered] = [recorder(config.clone()), recorder(config.clone())];
        let meter = metered.meter(&SERIES).unwrap();
        for (time, bytes) in values(&config) {
            with_local_recorder(&told, || tell_handles(time / 2, bytes, time, 2 * bytes));
            meter.begin(Some(time / 2), Some(bytes));
            meter.end(Some(time), Some(2 * bytes));
        }
        if config == MetricsConfig::default() {
            assert_same(&metered, &told);
        } else {
            let lines = page(&told);
            assert!(page(&metered).iter().zip(&lines).all(|(one, other)| one.0 == other.0));
            let counts = |recorder: &Recorder| {
                page(recorder).into_iter().filter(|(name, _)| !name.contains("_sum")).collect::<Vec<_>>()
            };
            assert_eq!(counts(&metered), counts(&told));
        }
    }
}

#[test]
fn handles_and_a_meter_add_to_the_same_series() {
    let both = recorder(MetricsConfig::default());
    let meter = both.meter(&SERIES).unwrap();
    let (time, bytes) = (Duration::from_millis(3), 100);
    meter.begin(Some(time), Some(bytes));
    meter.end(Some(time), Some(bytes));
    with_local_recorder(&both, || tell_handles(time, bytes, time, bytes));
    meter.begin(None, None);
    with_local_recorder(&both, || gauge!("active.calls", &SERIES.labels).increment(2.0));
    let told = recorder(MetricsConfig::default());
    with_local_recorder(&told, || {
        (0..2).for_each(|_| tell_handles(time, bytes, time, bytes));
        gauge!("active.calls", &SERIES.labels).increment(3.0);
    });
    assert_same(&both, &told);
    with_local_recorder(&both, || gauge!("active.calls", &SERIES.labels).set(5.0));
    assert!(
        both.render().contains("active_calls{rpc_method=\"EchoSvc/Echo\",rpc_system_name=\"kitex\"} 5\n")
    );
}

#[test]
fn calls_that_end_on_another_thread_are_no_longer_under_way() {
    let recorder = recorder(MetricsConfig::default());
    let meter = recorder.meter(&SERIES).unwrap();
    let begin = || (0..1000).for_each(|_| meter.begin(None, Some(1)));
    let end = || (0..999).for_each(|_| meter.end(None, Some(1)));
    std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(begin)));
        (0..3).for_each(|_| drop(scope.spawn(end)));
    });
    let lines = page(&recorder);
    let value = |start: &str| lines.iter().find(|(name, _)| name.starts_with(start)).unwrap().1;
    assert_eq!([value("active_calls"), value("request_size_bytes_count")], [3.0, 3000.0]);
}

#[test]
fn who_asks_for_the_same_series_gets_the_same_meter_and_for_others_another() {
    let recorder = recorder(MetricsConfig::default());
    let [one, same] = [SERIES, SERIES].map(|series| recorder.meter(&series).unwrap());
    let other = CallSeries { labels: [("rpc.system.name", "kitex"), ("rpc.method", "A/b")], ..SERIES };
    let other = recorder.meter(&other).unwrap();
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
}

#[test]
fn there_is_no_meter_where_handles_do_what_it_cannot() {
    let one = recorder(MetricsConfig::default());
    assert!(one.meter(&SERIES).is_some());
    assert!(
        one.meter(&CallSeries { queue: None, ..SERIES }).is_none(),
        "its calls would not be told from others"
    );
    assert!(one.meter(&CallSeries { request: "response.size", ..SERIES }).is_none());
    assert!(one.meter(&CallSeries { active: "other.calls", ..SERIES }).is_none());
    let below_zero = MetricsConfig { bytes: vec![-1.0, 1.0], ..MetricsConfig::default() };
    assert!(recorder(below_zero).meter(&SERIES).is_none());
    let few = recorder(MetricsConfig { series: 4, ..MetricsConfig::default() });
    assert!(few.meter(&SERIES).is_none());
    assert!(few.render().contains("kitex_telemetry_series_dropped_total 0\n"), "its handles will be counted");
    let taken = recorder(MetricsConfig::default());
    with_local_recorder(&taken, || gauge!("request.size", "other" => "labels").set(1.0));
    assert!(taken.meter(&SERIES).is_none());
    // Nobody said that these are bytes: their bounds are those of seconds, and the two sizes differ.
    let recorder = Recorder::new(MetricsConfig::default()).unwrap();
    with_local_recorder(&recorder, || describe_histogram!("request.size", Unit::Bytes, ""));
    assert!(recorder.meter(&SERIES).is_none());
}
