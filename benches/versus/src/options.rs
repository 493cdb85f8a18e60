//! What names a measurement, on the command line and in the results.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// Whose server and client are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stack {
    Kitex,
    /// Kitex with its standard suite on both sides, and its measurements and spans on their way to a collector.
    KitexStandard,
    Volo,
    Tarpc,
    Raw,
}

/// How calls share connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// One call at a time on a connection, as many connections as callers.
    Pooled,
    /// All callers on one connection.
    Mux,
}

/// Where the two processes run, and with it their runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pinning {
    /// Both on core 0, current-thread runtimes: the whole CPU cost of a call.
    One,
    /// Server on core 0, client on core 1, current-thread runtimes.
    Two,
    /// Not pinned, the multi-thread runtime of a plain `#[tokio::main]` on both sides.
    Free,
}

/// How much of the governing a real service has is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Setup {
    /// A deadline of one second, sent where the stack can; a persistent metadata pair; named peers.
    Governed,
    /// What the stack's own first steps show.
    Bare,
}

/// Where spans and measurements go, of a stack that has such.
#[derive(Args, Clone, Copy)]
pub(crate) struct Observed {
    /// Port of the collector.
    #[arg(long, default_value_t = 4318)]
    pub(crate) collector: u16,
    /// Percent of the traces that are kept besides failed and slow ones.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) sample: f64,
}

/// The options of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) observed: Observed,
    pub(crate) stack: Stack,
    #[arg(long)]
    pub(crate) port: u16,
    #[arg(long, default_value = "pooled")]
    pub(crate) mode: Mode,
    #[arg(long, default_value = "free")]
    pub(crate) pinning: Pinning,
}

/// The options of `load` and `wire`.
#[derive(Args)]
pub(crate) struct Load {
    #[command(flatten)]
    pub(crate) observed: Observed,
    pub(crate) stack: Stack,
    #[arg(long)]
    pub(crate) port: u16,
    #[arg(long, default_value = "pooled")]
    pub(crate) mode: Mode,
    #[arg(long, default_value = "free")]
    pub(crate) pinning: Pinning,
    #[arg(long, default_value = "governed")]
    pub(crate) setup: Setup,
    /// Bytes of the echoed string.
    #[arg(long, default_value_t = 1024)]
    pub(crate) payload: usize,
    #[arg(long, default_value_t = 1)]
    pub(crate) callers: usize,
    /// Seconds of load before the measured window.
    #[arg(long, default_value_t = 0.5)]
    pub(crate) warm_up: f64,
    /// Seconds of the measured window.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) seconds: f64,
    /// Process whose CPU time is the server's.
    #[arg(long)]
    pub(crate) server: Option<i32>,
    /// Bytes that the raw echo's request carries besides the payload.
    #[arg(long, default_value_t = 150)]
    pub(crate) request_overhead: usize,
    /// Bytes that the raw echo's reply carries besides the payload.
    #[arg(long, default_value_t = 70)]
    pub(crate) reply_overhead: usize,
}

/// Where a client connects to, and how.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) observed: Observed,
    pub(crate) mode: Mode,
    pub(crate) setup: Setup,
    pub(crate) callers: usize,
    pub(crate) request_overhead: usize,
    pub(crate) reply_overhead: usize,
}

impl Load {
    /// Returns the target of this load at `address`.
    pub(crate) fn target(&self, address: SocketAddr) -> Target {
        Target {
            address,
            observed: self.observed,
            mode: self.mode,
            setup: self.setup,
            callers: self.callers,
            request_overhead: self.request_overhead,
            reply_overhead: self.reply_overhead,
        }
    }

    /// Returns how long the load lasts in all.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up + self.seconds)
    }
}

/// Returns the loopback address with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

macro_rules! display_as_argument {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
            }
        }
    )*};
}

display_as_argument!(Stack, Mode, Pinning, Setup);
