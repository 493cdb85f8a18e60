//! Numbers that promise more than comes, and input without an end.

use std::time::Duration;

use futures_util::future::join_all;
use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;

use crate::log;
use crate::peer::{Server, begun, binary, buffered, framed, pour, until_closed};
use crate::service::{ECHO, LIST, NEST};
use crate::trial::{Attack, Bounds};

const MESSAGE: Duration = Duration::from_millis(200);

/// The largest message of these servers.
const FRAME: usize = 1 << 20;

const TWO_GIB: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];

fn settings() -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.connection.message_timeout = MESSAGE;
    settings.limits.max_frame = FRAME;
    settings
}

/// Sends a message on connections one after another, each until it is closed.
async fn send_each(server: &Server, times: usize, message: &[u8]) {
    for _ in 0..times {
        let mut stream = server.connect().await;
        // The server may close before it has read all of it.
        let _ = stream.write_all(message).await;
        until_closed(&mut stream).await;
    }
}

#[test]
fn a_frame_of_two_gib_is_refused_by_its_length() {
    let lines = log::lines();
    let message = framed(ECHO, &binary(b"x"));
    let bare = [&TWO_GIB[..], &message[4..]].concat();
    // LENGTH, magic, flags, sequence, header size in words, and a header info of that size.
    let header = [&TWO_GIB[..], &[0x10, 0, 0, 0, 0, 0, 0, 1, 0, 1], &[0; 4], &message].concat();
    for message in [bare, header] {
        lines.clear();
        let bounds = Bounds { time: Duration::ZERO, heap: 64 << 10 };
        Attack::new("a frame of 2 GiB", settings(), bounds).run(async |server| {
            send_each(server, 100, &message).await;
        });
        lines.wait_for(&["closing a connection", "Limits::max_frame", "127.0.0.1"]);
    }
}

#[test]
fn a_string_of_two_gib_takes_no_more_than_comes_of_it() {
    let args = [&[0x0b, 0, 1][..], &TWO_GIB, &[b'x'; 1000]].concat();
    let bounds = Bounds { time: MESSAGE, heap: 100 * (18 << 10) };
    Attack::new("a string of 2 GiB, buffered", settings(), bounds).run(async |server| {
        let one = async |_| {
            let mut stream = server.connect().await;
            stream.write_all(&buffered(ECHO, &args)).await.unwrap();
            until_closed(&mut stream).await;
        };
        join_all((0..100).map(one)).await;
    });
    let bounds = Bounds { time: Duration::ZERO, heap: 64 << 10 };
    Attack::new("a string of 2 GiB, framed", settings(), bounds).run(async |server| {
        send_each(server, 100, &framed(LIST, &args)).await;
    });
}

#[test]
fn a_promised_message_takes_no_more_than_comes_of_it() {
    let message = framed(ECHO, &binary(&vec![7; FRAME - 100]));
    // A chunk, and one that has grown: to no more than twice what has come.
    for (sent, each) in [(30, 18 << 10), (20_000, 50 << 10)] {
        let bounds = Bounds { time: MESSAGE, heap: 100 * each };
        Attack::new("100 messages of 1 MiB, promised", settings(), bounds).run(async |server| {
            let one = async |_| {
                let mut stream = server.connect().await;
                stream.write_all(&message[..sent]).await.unwrap();
                until_closed(&mut stream).await;
            };
            join_all((0..100).map(one)).await;
        });
    }
}

#[test]
fn a_message_without_an_end_is_cut_at_the_largest() {
    let fields = [&[0x0b, 0, 2, 0, 0, 0x04, 0][..], &[b'x'; 1024]].concat();
    let structs = vec![0; 1024];
    let [compact, json] = begun(ECHO);
    let begins = [
        buffered(ECHO, b""),
        buffered(ECHO, &[&[0x0f, 0, 9, 0x0c][..], &TWO_GIB].concat()),
        // 2^31-1 empty structs, and a string.
        [&compact[..], b"\x99\xfc\xff\xff\xff\xff\x07"].concat(),
        [&json[..], br#"{"9":{"str":""#].concat(),
        // A name without an end.
        b"\x82\x21\x01\xff\xff\xff\xff\x07".to_vec(),
        br#"[1,""#.to_vec(),
    ];
    let text = [b'x'; 1024].to_vec();
    let more = [fields, structs.clone(), structs, text.clone(), text.clone(), text];
    for (begin, more) in begins.iter().zip(more) {
        // What has come, what it is copied to as it grows, and a read's worth.
        let bounds = Bounds { time: Duration::from_millis(500), heap: 4 * FRAME };
        Attack::new("a Buffered message without an end", settings(), bounds).run(async |server| {
            let mut stream = server.connect().await;
            stream.write_all(begin).await.unwrap();
            assert!(pour(&mut stream, &more).await >= FRAME - 2048);
        });
    }
}

#[test]
fn a_container_of_as_many_structs_as_can_be_said_is_refused() {
    // 2^31-1 structs, each of no byte but its STOP, for a field that is known and for one that is not.
    for id in [1, 9] {
        let begin = [&[0x0f, 0, id, 0x0c][..], &TWO_GIB].concat();
        for stops in [1, 100_000] {
            let args = [&begin[..], &vec![0; stops]].concat();
            let bounds = Bounds { time: Duration::ZERO, heap: 1 << 20 };
            Attack::new("2^31-1 structs, framed", settings(), bounds).run(async |server| {
                send_each(server, 20, &framed(LIST, &args)).await;
            });
        }
        let bounds = Bounds { time: MESSAGE, heap: 100 * (18 << 10) };
        Attack::new("2^31-1 structs, buffered", settings(), bounds).run(async |server| {
            let one = async |_| {
                let mut stream = server.connect().await;
                let args = [&begin[..], &[0; 1000]].concat();
                stream.write_all(&buffered(LIST, &args)).await.unwrap();
                until_closed(&mut stream).await;
            };
            join_all((0..100).map(one)).await;
        });
    }
}

#[test]
fn nesting_a_hundred_thousand_deep_is_refused_in_every_protocol() {
    let [compact, json] = begun(NEST);
    let compact = [&compact[..], &b"\x1c".repeat(100_000)].concat();
    let json = [&json[..], &br#"{"1":{"rec":"#.repeat(100_000)].concat();
    for message in [compact, json] {
        let framed = [&(message.len() as u32).to_be_bytes()[..], &message].concat();
        for message in [message, framed] {
            let bounds = Bounds { time: Duration::ZERO, heap: 4 * FRAME };
            Attack::new("100 000 levels, not in Binary", settings(), bounds).run(async |server| {
                send_each(server, 20, &message).await;
            });
        }
    }
}

#[test]
fn nesting_a_hundred_thousand_deep_is_refused() {
    let structs = |id| [0x0c, 0, id].repeat(100_000);
    let lists = [&[0x0f, 0, 9][..], &b"\x0f\0\0\0\x01".repeat(100_000)].concat();
    for args in [structs(1), structs(9), lists] {
        for message in [framed(NEST, &args), buffered(NEST, &args)] {
            let bounds = Bounds { time: Duration::ZERO, heap: 4 * FRAME };
            Attack::new("100 000 levels", settings(), bounds).run(async |server| {
                send_each(server, 20, &message).await;
            });
        }
    }
}
