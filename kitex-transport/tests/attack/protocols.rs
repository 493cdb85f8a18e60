//! Peers that speak another protocol.

use std::time::Duration;

use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;

use crate::log;
use crate::peer::until_closed;
use crate::trial::{Attack, Bounds};

/// The beginning of a TLS 1.3 ClientHello.
const HELLO: &[u8] =
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x5b\x90\x9d\x9b\x72\x0b\xbc\x0c\xbc\x2b\x92\xa8\x48";

const RANDOM: &[u8] = b"\xd1\x94\x7e\xe0\xa1\x3c\x99\x02\x6f\x55\xc8\x13\x0b\xee\x41\x7a\x88\xf4";

#[test]
fn another_protocol_is_named_in_the_log_and_closed() {
    let others: [(&str, &[u8]); 4] = [
        ("HTTP/1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("a TLS ClientHello", HELLO),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("no known protocol", RANDOM),
    ];
    let lines = log::lines();
    for (name, bytes) in others {
        lines.clear();
        let bounds = Bounds { time: Duration::ZERO, heap: 64 << 10 };
        Attack::new(name, ServerSettings::default(), bounds).run(async |server| {
            for _ in 0..50 {
                let mut stream = server.connect().await;
                stream.write_all(bytes).await.unwrap();
                until_closed(&mut stream).await;
            }
        });
        lines.wait_for(&["WARN", "closing a connection", name, "127.0.0.1"]);
    }
}
