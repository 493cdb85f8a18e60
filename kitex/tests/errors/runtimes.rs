//! Calls and runtimes.

use std::future::IntoFuture;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use kitex::Memory;
use tokio::runtime::{Builder, Runtime};

use crate::golden::Tour;
use crate::idl::tour::TourClient;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<T>(polled: Poll<T>) -> T {
    match polled {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the call waits"),
    }
}

/// How a call ends that begins in a runtime which then goes away, connected or not.
fn abandoned(tour: &mut Tour, title: &str, mux: bool, connected: bool) {
    let (memory, first, second) = (Memory::new(), runtime(), runtime());
    let builder = TourClient::builder(&memory);
    let client = if mux { builder.mux(1) } else { builder }.connect_lazy().unwrap();
    if connected {
        // The connection is made, and its task lives in the first runtime.
        first.block_on(async { client.note("first").await.unwrap() });
    }
    let mut call = pin!(client.ask("now").into_future());
    let entered = first.enter();
    assert!(poll(call.as_mut()).is_pending());
    drop(entered);
    drop(first);
    let _entered = second.enter();
    tour.call(title, ready(poll(call)));
}

#[test]
fn what_runtimes_have_to_do_with_it() {
    let mut tour = Tour::new("runtimes");
    let client = TourClient::builder(&Memory::new()).connect_lazy().unwrap();
    tour.call("a call outside of a runtime", ready(poll(pin!(client.ask("now").into_future()))));
    abandoned(&mut tour, "a runtime that ends while a connection is made", false, false);
    abandoned(&mut tour, "a runtime that ends with the connection of many calls", true, true);
    tour.finish();
}
