//! Sets a process up to be looked at: a page for Prometheus, and traces and metrics over OTLP.
//!
//! ```no_run
//! use kitex_telemetry::{OtlpConfig, Telemetry};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = Telemetry::builder("greeter")
//!     .page("127.0.0.1:9464".parse()?)
//!     .otlp(OtlpConfig::from_env()?)
//!     .install()
//!     .await?;
//! // Make servers and clients, with a `MetricsLayer`; serve; and at the end:
//! telemetry.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! - **Metrics** are those of the `metrics` facade: of [`MetricsLayer`](kitex_middleware::MetricsLayer), and your own.
//!   One [`Recorder`] keeps them for both readers. Recording takes no lock and no memory: each thread counts by itself.
//! - **Spans** are those of [`TraceLayer`](kitex_middleware::TraceLayer), which every server and client has. They are
//!   given over when their call has ended, so that every failed and every slow one can be kept, and of the rest a share:
//!   [`SamplingConfig`]. What is not kept costs its call one small piece of memory, and nothing afterwards. Ids are those of the `traceparent` on the wire.
//! - **Your own spans and events** within a call go along with it: [`Telemetry::layer`].
//!
//! What the crate loses or fails at it counts: `kitex.telemetry.spans.dropped` by `reason` (`queue`, `held`, `export`),
//! `kitex.telemetry.export.failures` by `signal`, `kitex.telemetry.series.dropped`.

mod builder;
mod error;
mod metrics;
mod otlp;
mod page;
mod telemetry;
mod trace;

pub use builder::TelemetryBuilder;
pub use error::TelemetryError;
pub use metrics::{MetricsConfig, Recorder};
pub use otlp::OtlpConfig;
pub use telemetry::Telemetry;
pub use trace::SamplingConfig;
