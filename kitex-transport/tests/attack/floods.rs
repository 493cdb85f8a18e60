//! More of everything than is allowed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use kitex_codec::Form;
use kitex_transport::ServerSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::log;
use crate::peer::{Client, binary, framed, until_closed};
use crate::service::{ECHO, TELL, WAIT};
use crate::trial::{Attack, Bounds};

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let lines = log::lines();
    lines.clear();
    let mut settings = ServerSettings::default();
    settings.max_connections = 8;
    let bounds = Bounds { time: Duration::ZERO, heap: 64 << 10 };
    Attack::new("500 connections, 8 allowed", settings, bounds).run(async |server| {
        let before = server.handle.stats().refused_connections;
        let held = join_all((0..7).map(|_| server.connect())).await;
        while server.connections() < 8 {
            tokio::task::yield_now().await;
        }
        for _ in 0..500 {
            until_closed(&mut server.connect().await).await;
        }
        assert_eq!(server.handle.stats().refused_connections - before, 500);
        drop(held);
    });
    lines.wait_for(&["refused a connection", "max_connections = 8", "127.0.0.1"]);
}

#[test]
fn half_read_messages_together_stay_below_the_servers_bound() {
    const TIME: Duration = Duration::from_millis(300);
    const INPUT: usize = 4 << 20;
    const CONNECTIONS: usize = 64;
    let mut settings = ServerSettings::default();
    settings.connection.message_timeout = TIME;
    settings.limits.max_frame = 1 << 20;
    settings.max_server_input = INPUT;
    // What the bound counts, in buffers that may be twice as large, and what each connection may have uncounted.
    const UNCOUNTED: usize = CONNECTIONS * (128 << 10);
    let bounds = Bounds { time: TIME, heap: 2 * INPUT + UNCOUNTED };
    let message = framed(ECHO, &binary(&vec![7; 1_000_000]));
    Attack::new("64 half-read messages of 1 MB", settings, bounds).run(async |server| {
        let one = async |_| {
            let mut stream = server.connect().await;
            // Not all of it is read: then it may not be taken either.
            let _ = tokio::time::timeout(TIME / 2, stream.write_all(&message[..500_000])).await;
            until_closed(&mut stream).await;
        };
        let closed = join_all((0..CONNECTIONS).map(one));
        let most = async {
            let mut most = 0;
            let mut look = tokio::time::interval(Duration::from_millis(1));
            loop {
                look.tick().await;
                let held = server.handle.stats().held;
                if held < most / 2 {
                    return most;
                }
                most = most.max(held);
            }
        };
        let (_, most) = tokio::join!(closed, most);
        assert!((INPUT..INPUT + UNCOUNTED).contains(&most), "{most} bytes were held");
    });
}

#[test]
fn large_messages_are_read_one_after_another_when_not_all_have_room() {
    const CONNECTIONS: usize = 32;
    let mut settings = ServerSettings::default();
    settings.limits.max_frame = 2 << 20;
    settings.max_server_input = 1 << 20;
    let message = framed(ECHO, &binary(&vec![7; 1 << 20]));
    let bounds = Bounds { time: Duration::from_secs(1), heap: (10 << 20) + CONNECTIONS * (128 << 10) };
    Attack::new("32 messages of 1 MiB with room for one", settings, bounds).run(async |server| {
        let one = async |_| {
            let (mut reader, mut writer) = server.connect().await.into_split();
            let answered = async {
                let mut left = message.len();
                let mut bytes = [0; 16 << 10];
                while left > 0 {
                    let read = reader.read(&mut bytes).await.unwrap();
                    assert!(read > 0, "closed with {left} bytes of an answer to come");
                    left -= read;
                }
            };
            let (sent, ()) = tokio::join!(writer.write_all(&message), answered);
            sent.unwrap();
        };
        join_all((0..CONNECTIONS).map(one)).await;
    });
}

#[test]
fn a_hundred_thousand_oneways_at_once_are_served_in_turn() {
    let oneways = framed(TELL, &binary(b"x")).repeat(1000);
    let bounds = Bounds { time: Duration::from_secs(3), heap: 1 << 20 };
    Attack::new("100 000 oneways", ServerSettings::default(), bounds).run(async |server| {
        let before = server.state.told.load(Ordering::SeqCst);
        let mut client = Client::connect(server, Form::Framed, false).await;
        for _ in 0..100 {
            client.stream.write_all(&oneways).await.unwrap();
        }
        client.call(ECHO, b"the last", 1).await;
        assert!(client.answer().await.unwrap().1.is_ok());
        assert_eq!(server.state.told.load(Ordering::SeqCst) - before, 100_000);
    });
}

#[test]
fn a_call_beyond_those_that_may_be_under_way_is_refused() {
    const CALLS: u32 = 64;
    let mut settings = ServerSettings::default();
    settings.connection.max_in_flight = CALLS as usize;
    // On a busy machine connections of several rounds are there at once.
    let bounds = Bounds { time: Duration::ZERO, heap: 8 << 20 };
    Attack::new("65 calls under way, 64 allowed", settings, bounds).run(async |server| {
        for _ in 0..20 {
            let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
            for token in 0..=CALLS {
                client.call(WAIT, b"", token).await;
            }
            let (token, result) = client.answer().await.unwrap();
            let error = result.unwrap_err();
            assert!(token == CALLS && error.message().contains("64 calls are under way"), "{token}: {error}");
            server.state.gate.add_permits(CALLS as usize);
            for _ in 0..CALLS {
                assert!(client.answer().await.unwrap().1.is_ok());
            }
        }
    });
}

/// Bytes of requests that wait for their handlers.
const LARGE: usize = 256 << 10;

#[test]
fn requests_under_way_stay_below_the_connections_bound() {
    const BYTES: usize = 2 << 20;
    let mut settings = ServerSettings::default();
    settings.connection.max_in_flight_bytes = BYTES;
    settings.connection.max_call_timeout = Duration::from_millis(100);
    // What the bound counts, the request that goes over it, and what is read behind them. What the kernel holds of a
    // peer that is gone is taken first, and its calls end with the longest timeout.
    let bounds = Bounds { time: Duration::from_secs(1), heap: BYTES + 4 * LARGE };
    Attack::new("64 MiB of slow calls on a connection, 2 MiB allowed", settings, bounds).run(
        async |server| {
            let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
            let request = client.request(WAIT, &vec![7; LARGE], 1);
            let pouring = async {
                for _ in 0..256 {
                    client.stream.write_all(&request).await.unwrap();
                }
            };
            let taken = tokio::time::timeout(Duration::from_millis(100), pouring).await;
            assert!(taken.is_err(), "all of it was taken");
        },
    );
}

#[test]
fn requests_under_way_stay_below_the_servers_bound() {
    const BYTES: usize = 2 << 20;
    const CONNECTIONS: usize = 64;
    const TIME: Duration = Duration::from_millis(200);
    let mut settings = ServerSettings::default();
    settings.max_server_input = BYTES;
    settings.connection.message_timeout = TIME;
    // What the bound counts, in buffers that may be twice as large; what each connection may have uncounted; and the
    // request of the one that goes on nevertheless.
    let bounds = Bounds { time: 2 * TIME, heap: 2 * BYTES + CONNECTIONS * (128 << 10) + 2 * LARGE };
    for multiplexed in [false, true] {
        let attack = Attack::new("64 slow calls of 256 KiB, 2 MiB allowed", settings.clone(), bounds);
        attack.run(async |server| {
            let begun = server.state.begun.load(Ordering::SeqCst);
            let request = {
                let mut client = Client::connect(server, Form::TTHeaderFramed, multiplexed).await;
                client.request(WAIT, &vec![7; LARGE], 1)
            };
            let one = async |_| {
                let mut stream = server.connect().await;
                // Those that find no room are half read, and closed for it.
                let kept = async {
                    if stream.write_all(&request).await.is_ok() {
                        until_closed(&mut stream).await;
                    }
                };
                let _ = tokio::time::timeout(2 * TIME, kept).await;
            };
            join_all((0..CONNECTIONS).map(one)).await;
            let begun = server.state.begun.load(Ordering::SeqCst) - begun;
            assert!((1..CONNECTIONS as u32 / 2).contains(&begun), "{begun} calls were begun");
        });
    }
}
