//! Where the spans and measurements of a stack go that has such: a collector that takes them all and keeps none.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::OnceLock,
    thread,
};

use anyhow::Context;

use crate::options::loopback;

/// What an OTLP collector says when it has taken everything: an empty message.
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

/// Returns the port of a collector that runs as long as this process; it is started by the first who asks.
pub(super) fn port() -> anyhow::Result<u16> {
    static PORT: OnceLock<u16> = OnceLock::new();
    if let Some(port) = PORT.get() {
        return Ok(*port);
    }
    let listener = TcpListener::bind(loopback(0)).context("no port for a collector")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection ends with the process whose it is.
            thread::spawn(move || take_all(stream));
        }
    });
    Ok(*PORT.get_or_init(|| port))
}

/// Takes request after request.
fn take_all(stream: TcpStream) -> std::io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut output = stream;
    while let Some(len) = body_len(&mut input)? {
        std::io::copy(&mut input.by_ref().take(len), &mut std::io::sink())?;
        output.write_all(TAKEN)?;
    }
    Ok(())
}

/// Reads a request's head; returns how long its body is, and nothing at the end of the connection.
fn body_len(input: &mut impl BufRead) -> std::io::Result<Option<u64>> {
    let (mut line, mut len) = (String::new(), 0);
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            match line.trim_end() {
                "" => return Ok(Some(len)),
                _request_line => continue,
            }
        };
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_a_connection_is_taken() {
        let mut stream = TcpStream::connect(loopback(port().unwrap())).unwrap();
        for body in ["", "spans"] {
            write!(stream, "POST /v1/traces HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                .unwrap();
            let mut answer = vec![0; TAKEN.len()];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, TAKEN);
        }
    }
}
