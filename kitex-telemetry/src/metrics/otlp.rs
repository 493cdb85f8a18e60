//! Metrics as OTLP has them: cumulative since the recorder was made.

use std::time::SystemTime;

use metrics::Unit;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};

use super::{Counted, Family, Labels, Value};
use crate::otlp::{text, unix_nanos};

pub(super) fn metrics(families: Vec<Family>, began: SystemTime, now: SystemTime) -> Vec<Metric> {
    let time = Time { began: unix_nanos(began), now: unix_nanos(now) };
    families.into_iter().filter_map(|family| time.metric(family)).collect()
}

#[derive(Clone, Copy)]
struct Time {
    began: u64,
    now: u64,
}

impl Time {
    fn metric(self, family: Family) -> Option<Metric> {
        let cumulative = AggregationTemporality::Cumulative as i32;
        let data = match family.points.first()?.1 {
            Value::Counter(_) => Data::Sum(Sum {
                data_points: self.numbers(family.points),
                aggregation_temporality: cumulative,
                is_monotonic: true,
            }),
            Value::Gauge(_) => Data::Gauge(Gauge { data_points: self.numbers(family.points) }),
            Value::Histogram(_) => Data::Histogram(Histogram {
                data_points: self.histograms(family.points),
                aggregation_temporality: cumulative,
            }),
        };
        Some(Metric {
            name: family.name,
            description: family.description,
            unit: unit(family.unit).to_owned(),
            data: Some(data),
            ..Metric::default()
        })
    }

    fn numbers(self, points: Vec<(Labels, Value)>) -> Vec<NumberDataPoint> {
        let number = |value| match value {
            Value::Counter(count) => Some(Number::AsInt(i64::try_from(count).unwrap_or(i64::MAX))),
            Value::Gauge(number) => Some(Number::AsDouble(number)),
            Value::Histogram(_) => None,
        };
        let point = |(labels, value)| NumberDataPoint {
            attributes: attributes(labels),
            start_time_unix_nano: self.began,
            time_unix_nano: self.now,
            value: number(value),
            ..NumberDataPoint::default()
        };
        points.into_iter().map(point).collect()
    }

    fn histograms(self, points: Vec<(Labels, Value)>) -> Vec<HistogramDataPoint> {
        let point = |(labels, value)| match value {
            Value::Histogram(counted) => Some(self.histogram(labels, counted)),
            _ => None,
        };
        points.into_iter().filter_map(point).collect()
    }

    fn histogram(self, labels: Labels, counted: Counted) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: attributes(labels),
            start_time_unix_nano: self.began,
            time_unix_nano: self.now,
            count: counted.counts.iter().fold(0, |sum: u64, count| sum.wrapping_add(*count)),
            sum: Some(counted.sum),
            bucket_counts: counted.counts,
            explicit_bounds: counted.bounds.to_vec(),
            ..HistogramDataPoint::default()
        }
    }
}

fn attributes(labels: Labels) -> Vec<KeyValue> {
    labels.into_iter().map(|(key, value)| text(key, value)).collect()
}

/// As UCUM writes units, which OTLP asks for.
fn unit(unit: Option<Unit>) -> &'static str {
    match unit {
        Some(Unit::Count) => "1",
        Some(Unit::Percent) => "%",
        Some(Unit::Bytes) => "By",
        Some(unit) => unit.as_canonical_label(),
        None => "",
    }
}
