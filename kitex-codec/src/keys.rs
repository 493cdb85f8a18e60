//! The keys of TTHeader by name (spec: kitex-wire 6.5, 6.6). What they mean is not known here.

/// Integer keys.
pub mod int_key {
    /// `framed` or `unframed`.
    pub const TRANSPORT_TYPE: u16 = 1;
    /// An id for logs.
    pub const LOG_ID: u16 = 2;
    /// The caller's service name.
    pub const FROM_SERVICE: u16 = 3;
    /// The callee's service name.
    pub const TO_SERVICE: u16 = 6;
    /// The method called.
    pub const TO_METHOD: u16 = 9;
    /// The caller's timeout in decimal milliseconds.
    pub const RPC_TIMEOUT: u16 = 12;
    /// The caller's connect timeout in decimal milliseconds.
    pub const CONNECT_TIMEOUT: u16 = 17;
    /// The method that the caller was serving.
    pub const FROM_METHOD: u16 = 20;
    /// The message type in decimal.
    pub const MSG_TYPE: u16 = 22;
    /// The frame type of TTHeader Streaming.
    pub const FRAME_TYPE: u16 = 27;
}

/// String keys.
pub mod string_key {
    /// The IDL name of the service called.
    pub const SERVICE: &str = "isn";
    /// The address of the true peer behind a proxy.
    pub const REMOTE_ADDRESS: &str = "rip";
    /// Present on a response after which the connection is not to be used again.
    pub const CONNECTION_RESET: &str = "crrst";
    /// The payload's CRC-32C.
    pub const CHECKSUM: &str = "crc32c";
    /// The code of a business status.
    pub const STATUS_CODE: &str = "biz-status";
    /// The text of a business status.
    pub const STATUS_MESSAGE: &str = "biz-message";
    /// The extra of a business status, a JSON object of strings.
    pub const STATUS_EXTRA: &str = "biz-extra";
    /// Metadata for one hop.
    pub const TRANSIENT: &str = "RPC_TRANSIT_";
    /// Metadata that a hop has passed on already: read and thrown away.
    pub const TRANSIENT_UPSTREAM: &str = "RPC_TRANSIT_UPSTREAM_";
    /// Metadata for the whole chain of calls.
    pub const PERSISTENT: &str = "RPC_PERSIST_";
    /// Metadata of a response, as some peers write it.
    pub const BACKWARD: &str = "RPC_BACKWARD_";
    /// The place in a trace of whoever calls: W3C's `traceparent`, for one hop.
    pub const TRACE_PARENT: &str = "RPC_TRANSIT_traceparent";
    /// What tracing systems add to it.
    pub const TRACE_STATE: &str = "RPC_TRANSIT_tracestate";
    /// How the ACL section shows among the string keys.
    pub const ACL_TOKEN: &str = "RPC_TRANSIT_gdpr-token";
}
