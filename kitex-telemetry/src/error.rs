//! Why telemetry cannot begin.

use std::fmt;
use std::net::SocketAddr;

use kitex_core::SettingError;

/// Why telemetry cannot begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum TelemetryError {
    /// A setting makes no sense.
    Setting(SettingError),
    /// The page's address cannot be had.
    Page {
        /// What [`TelemetryBuilder::page`](crate::TelemetryBuilder::page) was given.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The process has one already: of what.
    Installed(&'static str),
}

impl fmt::Display for TelemetryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::Page { address, source } => write!(f, "TelemetryBuilder::page: {address}: {source}"),
            Self::Installed(what) => write!(f, "this process has {what} already"),
        }
    }
}

impl std::error::Error for TelemetryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Setting(error) => error.source(),
            // It is part of what this says.
            Self::Page { source, .. } => source.source(),
            Self::Installed(_) => None,
        }
    }
}

impl From<SettingError> for TelemetryError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}
