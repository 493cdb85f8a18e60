//! The settings that errors may name: each is written here as a user would write it, so that one that goes takes this
//! file with it.

use kitex::{ClientBuilder, Limits, MultiplexConfig, PoolConfig, Server};

use crate::idl::tour::TourClient;

macro_rules! setters {
    ($type:ty: $($name:ident)*) => { [$({ let _ = <$type>::$name; stringify!($name) }),*] };
}

macro_rules! fields {
    ($type:ident, $prefix:literal: $($name:ident)*) => {
        [$({ let _ = |config: &$type| { let _ = &config.$name; }; concat!($prefix, stringify!($name)) }),*]
    };
}

pub(crate) fn all() -> Vec<&'static str> {
    let client = setters!(ClientBuilder<TourClient>: timeout connect_timeout backoff framing protocol
        max_in_flight max_queued_output);
    let named = |client: ClientBuilder<TourClient>| client.service_prefix("Tour");
    let (_, prefix) = (named, ["service_prefix"]);
    let server = setters!(Server: max_connections max_in_flight message_timeout write_timeout slow_poll
        default_timeout max_call_timeout grace);
    let pool = fields!(PoolConfig, "": max_connections max_waiters);
    let mux = fields!(MultiplexConfig, "": max_waiters);
    let limits = fields!(Limits, "Limits::": max_frame max_header max_header_entries max_string max_container
        max_depth);
    let _ = |limits: &Limits| (limits.heap_factor, limits.min_heap, limits.max_heap);
    let heap = ["heap budget: Limits::{heap_factor, min_heap, max_heap}"];
    [&client[..], &prefix, &server, &pool, &mux, &limits, &heap].concat()
}
