use kitex_middleware::{ConcurrencyConfig, ConcurrencyLayer};
use metrics::{Unit, counter, describe_histogram, gauge, histogram, with_local_recorder};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;

use super::*;

fn recorder(series: usize) -> Recorder {
    let config =
        MetricsConfig { series, seconds: vec![0.5, 1.0], bytes: vec![64.0], ..MetricsConfig::default() };
    Recorder::new(config).unwrap()
}

/// The lines of the page, without this crate's own.
fn lines(recorder: &Recorder) -> Vec<String> {
    let page = recorder.render();
    page.lines().filter(|line| !line.contains("kitex_telemetry")).map(str::to_owned).collect()
}

#[test]
fn the_page_is_as_prometheus_reads_it() {
    let recorder = recorder(100);
    with_local_recorder(&recorder, || {
        describe_histogram!("rpc.call.duration", Unit::Seconds, "How long.\nIn \\ all.");
        describe_histogram!("rpc.size", Unit::Bytes, "");
        histogram!("rpc.call.duration", "rpc.method" => "A/\"b\"\\\n").record(0.75);
        histogram!("rpc.call.duration", "rpc.method" => "A/\"b\"\\\n").record(2.0);
        histogram!("rpc.size").record(64.0);
        counter!("1jobs.done", "z" => "1", "a" => "2").increment(3);
        gauge!("active-calls").set(-1.5);
    });
    let expected = r#"# TYPE _1jobs_done_total counter
_1jobs_done_total{a="2",z="1"} 3
# TYPE active_calls gauge
active_calls -1.5
# HELP rpc_call_duration_seconds How long.\nIn \\ all.
# TYPE rpc_call_duration_seconds histogram
rpc_call_duration_seconds_bucket{rpc_method="A/\"b\"\\\n",le="0.5"} 0
rpc_call_duration_seconds_bucket{rpc_method="A/\"b\"\\\n",le="1"} 1
rpc_call_duration_seconds_bucket{rpc_method="A/\"b\"\\\n",le="+Inf"} 2
rpc_call_duration_seconds_sum{rpc_method="A/\"b\"\\\n"} 2.75
rpc_call_duration_seconds_count{rpc_method="A/\"b\"\\\n"} 2
# TYPE rpc_size_bytes histogram
rpc_size_bytes_bucket{le="64"} 1
rpc_size_bytes_bucket{le="+Inf"} 1
rpc_size_bytes_sum 64
rpc_size_bytes_count 1"#;
    assert_eq!(lines(&recorder), expected.lines().collect::<Vec<_>>());
}

#[test]
fn no_label_comes_twice_on_the_page() {
    let recorder = recorder(100);
    with_local_recorder(&recorder, || {
        counter!("done", "a-b" => "1", "a.b" => "2", "c" => "3", "c" => "4").increment(1);
        gauge!("level", "le" => "own").set(1.0);
        histogram!("took", "le" => "own").record(2.0);
    });
    let expected = r#"# TYPE done_total counter
done_total{a_b="2",c="4"} 1
# TYPE level gauge
level{le="own"} 1
# TYPE took histogram
took_bucket{exported_le="own",le="0.5"} 0
took_bucket{exported_le="own",le="1"} 0
took_bucket{exported_le="own",le="+Inf"} 1
took_sum{exported_le="own"} 2
took_count{exported_le="own"} 1"#;
    assert_eq!(lines(&recorder), expected.lines().collect::<Vec<_>>());
}

#[test]
fn a_million_series_are_no_more_than_the_limit() {
    let recorder = recorder(10);
    with_local_recorder(&recorder, || {
        for number in 0..1_000_000 {
            counter!("keys", "key" => number.to_string()).increment(1);
        }
        // Those that are there go on.
        counter!("keys", "key" => "3").increment(1);
    });
    assert_eq!(lines(&recorder).len(), 11);
    assert!(recorder.render().contains("keys_total{key=\"3\"} 2\n"));
    assert!(recorder.render().contains("kitex_telemetry_series_dropped_total 999990\n"));
}

#[test]
fn a_name_is_of_one_kind() {
    let recorder = recorder(10);
    with_local_recorder(&recorder, || {
        counter!("a.b").increment(1);
        gauge!("a.b").set(7.0);
        gauge!("a_b_total").set(7.0);
        counter!("a-b", "from" => "another name").increment(2);
    });
    let expected =
        ["# TYPE a_b_total counter", "a_b_total{from=\"another name\"} 2", "a_b_total 1"].map(str::to_owned);
    assert_eq!(lines(&recorder), expected);
}

#[test]
fn states_that_are_watched_are_read_with_the_page_and_with_otlp() {
    let (recorder, registry) = (recorder(10), Registry::new());
    recorder.watch(&registry);
    assert!(!recorder.render().contains("kitex_limit"));
    let limit = ConcurrencyLayer::new(ConcurrencyConfig::new(7)).unwrap().register(&registry);
    let page = recorder.render();
    assert!(
        page.contains(
            "# TYPE kitex_limit_limit gauge\nkitex_limit_limit{kitex_limit_kind=\"concurrency\"} 7\n"
        ),
        "{page}"
    );
    assert!(page.contains("kitex_limit_refused_total{kitex_limit_kind=\"concurrency\"} 0\n"), "{page}");
    drop(limit);
    let metrics = recorder.to_otlp();
    let limit = metrics.iter().find(|metric| metric.name == "kitex.limit.limit").unwrap();
    let Some(Data::Gauge(gauge)) = &limit.data else { panic!("{limit:?}") };
    assert_eq!(gauge.data_points[0].value, Some(number_data_point::Value::AsDouble(0.0)));
}

#[test]
fn registries_that_are_watched_are_summed_and_each_counts_once() {
    let (recorder, one, other) = (recorder(10), Registry::new(), Registry::new());
    for registry in [&one, &other, &one] {
        recorder.watch(registry);
    }
    let limit = |registry| ConcurrencyLayer::new(ConcurrencyConfig::new(7)).unwrap().register(registry);
    let _limits = [limit(&one), limit(&other)];
    let line = "kitex_limit_limit{kitex_limit_kind=\"concurrency\"} 14";
    assert!(lines(&recorder).iter().any(|there| there == line), "{}", recorder.render());
}

#[test]
fn otlp_has_the_same_numbers_with_units_and_bounds() {
    let recorder = recorder(10);
    with_local_recorder(&recorder, || {
        describe_histogram!("rpc.call.duration", Unit::Seconds, "How long.");
        histogram!("rpc.call.duration", "rpc.method" => "A/b").record(0.75);
        gauge!("active").increment(2.0);
        counter!("done").increment(5);
    });
    let metrics = recorder.to_otlp();
    let find = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap();
    let duration = find("rpc.call.duration");
    assert_eq!((&*duration.unit, &*duration.description), ("s", "How long."));
    let Some(Data::Histogram(histogram)) = &duration.data else { panic!("{duration:?}") };
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.sum), (1, Some(0.75)));
    assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[0, 1, 0][..], &[0.5, 1.0][..]));
    assert_eq!(point.attributes, [crate::otlp::text("rpc.method", "A/b")]);
    assert!(point.start_time_unix_nano > 0 && point.time_unix_nano >= point.start_time_unix_nano);
    let Some(Data::Sum(sum)) = &find("done").data else { panic!("no sum") };
    assert!(sum.is_monotonic);
    assert!(matches!(find("active").data, Some(Data::Gauge(_))));
}

#[test]
fn settings_without_sense_are_refused_by_name() {
    let default = MetricsConfig::default;
    let cases = [
        (MetricsConfig { series: 0, ..default() }, "MetricsConfig::series"),
        (MetricsConfig { seconds: vec![], ..default() }, "MetricsConfig::seconds"),
        (MetricsConfig { seconds: vec![1.0, 1.0], ..default() }, "MetricsConfig::seconds"),
        (MetricsConfig { bytes: vec![f64::NAN], ..default() }, "MetricsConfig::bytes"),
        (MetricsConfig { bytes: vec![1.0, f64::INFINITY], ..default() }, "MetricsConfig::bytes"),
    ];
    for (config, setting) in cases {
        assert_eq!(Recorder::new(config).unwrap_err().setting(), setting);
    }
}
