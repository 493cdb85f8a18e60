//! Export over OTLP: protobuf over HTTP.

mod config;
mod exporter;
mod failures;
mod http;
mod value;
mod wire;

pub use config::OtlpConfig;

pub(crate) use config::{Destination, pairs};
pub(crate) use exporter::{Exporter, Order};
pub(crate) use value::{boolean, cut, float, int, shown, text, unix_nanos};
pub(crate) use wire::{EncodedSpan, Fields};
