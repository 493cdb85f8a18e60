//! A collector that takes OTLP over HTTP and prints each span and each series as a line of JSON: `--addr`.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use interop::Options;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop-collector: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(&[], &["addr"])?;
    let listener = TcpListener::bind(options.text("addr").unwrap_or("127.0.0.1:0")).await?;
    writeln!(std::io::stdout(), "listening {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(take)));
    }
}

async fn take(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let lines = match request.into_body().collect().await {
        Ok(body) => read(&path, body.to_bytes()),
        Err(error) => Err(error.into()),
    };
    let mut response = Response::new(Full::default());
    match lines {
        Ok(lines) => {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            // Whoever reads the lines misses them otherwise.
            if std::io::stdout().write_all(text.as_bytes()).is_err() {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
    }
    Ok(response)
}

fn read(path: &str, body: Bytes) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
    match path {
        "/v1/traces" => Ok(spans(ExportTraceServiceRequest::decode(body)?)),
        "/v1/metrics" => Ok(series(ExportMetricsServiceRequest::decode(body)?)),
        _ => Err("no signal of OTLP".into()),
    }
}

fn spans(request: ExportTraceServiceRequest) -> Vec<Value> {
    let mut lines = Vec::new();
    for resource in request.resource_spans {
        let service = service(resource.resource.as_ref());
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            lines.push(json!({
                "span": span.name,
                "service": service,
                "trace": hex(&span.trace_id),
                "id": hex(&span.span_id),
                "parent": hex(&span.parent_span_id),
                "kind": span.kind,
                "sampled": span.flags & 1 == 1,
                "nanos": span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
                "status": span.status.map_or(0, |status| status.code),
                "attributes": attributes(&span.attributes),
            }));
        }
    }
    lines
}

fn series(request: ExportMetricsServiceRequest) -> Vec<Value> {
    let mut lines = Vec::new();
    for resource in request.resource_metrics {
        let service = service(resource.resource.as_ref());
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            let points: Vec<(Value, Value)> = match metric.data {
                Some(Data::Histogram(histogram)) => {
                    let points = histogram.data_points.iter();
                    points.map(|point| (attributes(&point.attributes), json!(point.count))).collect()
                }
                Some(Data::Sum(sum)) => numbers(&sum.data_points),
                Some(Data::Gauge(gauge)) => numbers(&gauge.data_points),
                _ => Vec::new(),
            };
            lines.extend(points.into_iter().map(|(attributes, value)| {
                json!({"metric": metric.name, "unit": metric.unit, "service": service,
                    "attributes": attributes, "value": value})
            }));
        }
    }
    lines
}

fn numbers(points: &[opentelemetry_proto::tonic::metrics::v1::NumberDataPoint]) -> Vec<(Value, Value)> {
    let value = |number: &Option<Number>| match number {
        Some(Number::AsInt(number)) => json!(number),
        Some(Number::AsDouble(number)) => json!(number),
        None => Value::Null,
    };
    points.iter().map(|point| (attributes(&point.attributes), value(&point.value))).collect()
}

fn service(resource: Option<&Resource>) -> Value {
    let attributes = attributes(resource.map(|resource| &resource.attributes[..]).unwrap_or_default());
    attributes.get("service.name").cloned().unwrap_or_default()
}

fn attributes(pairs: &[KeyValue]) -> Value {
    let mut found = Map::new();
    for pair in pairs {
        let value = match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Any::StringValue(text)) => json!(text),
            Some(Any::IntValue(number)) => json!(number),
            Some(Any::BoolValue(truth)) => json!(truth),
            Some(Any::DoubleValue(number)) => json!(number),
            _ => Value::Null,
        };
        found.insert(pair.key.clone(), value);
    }
    Value::Object(found)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
