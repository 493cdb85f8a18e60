//! What the two programs have in common: the generated code, and the transports and protocols by their names.

use std::net::TcpStream;

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol,
};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TFramedReadTransport, TFramedWriteTransport, TIoChannel,
    TTcpChannel,
};

#[allow(rust_2018_idioms, clippy::all, clippy::unwrap_used, reason = "it is generated")]
#[path = "../gen/thrift_test.rs"]
pub mod thrift_test;

/// What a connection is read by.
pub type Input = Box<dyn TInputProtocol + Send>;
/// What a connection is written by.
pub type Output = Box<dyn TOutputProtocol + Send>;

/// The two sides of a connection. Errors at names of nothing, and if the connection cannot be shared.
pub fn sides(stream: TcpStream, protocol: &str, transport: &str) -> thrift::Result<(Input, Output)> {
    let (read, write) = TTcpChannel::with_stream(stream).split()?;
    match transport {
        "buffered" => named(protocol, TBufferedReadTransport::new(read), TBufferedWriteTransport::new(write)),
        "framed" => named(protocol, TFramedReadTransport::new(read), TFramedWriteTransport::new(write)),
        _ => Err(format!("no transport {transport}").into()),
    }
}

fn named(
    protocol: &str,
    read: impl thrift::transport::TReadTransport + Send + 'static,
    write: impl thrift::transport::TWriteTransport + Send + 'static,
) -> thrift::Result<(Input, Output)> {
    match protocol {
        "binary" => Ok((
            Box::new(TBinaryInputProtocol::new(read, true)),
            Box::new(TBinaryOutputProtocol::new(write, true)),
        )),
        "compact" => {
            Ok((Box::new(TCompactInputProtocol::new(read)), Box::new(TCompactOutputProtocol::new(write))))
        }
        _ => Err(format!("no protocol {protocol}").into()),
    }
}
