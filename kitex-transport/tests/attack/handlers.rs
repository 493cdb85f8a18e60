//! Handlers that go wrong.

use std::time::Duration;

use kitex_codec::Form;
use kitex_core::ErrorKind;
use kitex_transport::ServerSettings;

use crate::log;
use crate::peer::Client;
use crate::service::{BLOCK, BLOCK_AND_YIELD, BLOCKED, ECHO, METHODS, PANIC, WAIT};
use crate::trial::{Attack, Bounds};

#[test]
fn a_panic_fails_its_call_alone() {
    leave_asked_panics_unprinted();
    let bounds = Bounds { time: Duration::ZERO, heap: 1 << 20 };
    Attack::new("a panic", ServerSettings::default(), bounds).run(async |server| {
        let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
        client.call(WAIT, b"", 0).await;
        for _ in 0..50 {
            client.call(PANIC, b"", 1).await;
            let error = client.answer().await.unwrap().1.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Remote);
            assert!(error.message().ends_with("as asked"), "{error}");
            client.call(ECHO, b"x", 2).await;
            assert!(client.answer().await.unwrap().1.is_ok());
        }
        server.state.gate.add_permits(1);
        assert!(matches!(client.answer().await, Some((0, Ok(_)))));
    });
}

/// Symbols for a backtrace take more memory than any attack.
fn leave_asked_panics_unprinted() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"as asked") {
            print(panic);
        }
    }));
}

const CALLS: u32 = 12;

/// Calls of other connections that were held up while one connection made 12 calls that each keep a thread.
fn held_up(form: Form, method: usize) -> usize {
    let bounds = Bounds { time: BLOCKED * CALLS, heap: 1 << 20 };
    let attack = Attack::new("a handler that blocks", ServerSettings::default(), bounds);
    // A call now and then: the runtime has no other cause to wake its second thread.
    let times = attack.with_pauses(Duration::from_millis(1)).run(async |server| {
        let mut client = Client::connect(server, form, form.has_header()).await;
        for token in 0..CALLS {
            client.call(method, b"", token).await;
            assert!(client.answer().await.unwrap().1.is_ok());
        }
    });
    times.stuck
}

#[test]
fn a_handler_that_keeps_its_thread_is_named_and_other_connections_go_on() {
    let lines = log::lines();
    for (form, method) in
        [(Form::Framed, BLOCK), (Form::TTHeaderFramed, BLOCK), (Form::TTHeaderFramed, BLOCK_AND_YIELD)]
    {
        lines.clear();
        // The first two calls are not known to block, and may be polled where the sockets are looked after. The other
        // two, and the further tries, are for a machine that stands still now and then.
        let tries: Vec<_> = (0..3).map(|_| held_up(form, method)).take_while(|stuck| *stuck > 4).collect();
        assert!(tries.len() < 3, "of 12 calls that block, so many held up another connection: {tries:?}");
        lines.wait_for(&["WARN", "a handler kept its thread", METHODS[method].name, "slow_poll", "took="]);
    }
}
