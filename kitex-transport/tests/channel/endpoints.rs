//! Several endpoints of one channel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kitex_core::{CallResult, Endpoints, ErrorKind, Method, Picker, Request, Tried};
use kitex_transport::{Address, Listener, Memory, SocketOptions};
use tokio::time::advance;
use tower_service::Service;

use crate::BOTH;
use crate::absent::{Nowhere, channel_to};
use crate::peer::{Peer, begin, call, call_within, deaf, eventually, request, serve};

#[tokio::test(start_paused = true)]
async fn calls_go_to_the_endpoint_with_the_least_under_way() {
    for config in BOTH {
        let memories = [Memory::new(), Memory::new(), Memory::new()];
        let addresses = memories.clone().map(Address::Memory);
        let channel = channel_to(&addresses, config());
        let mut calls = Vec::new();
        for n in 0..3 {
            calls.push(begin(&channel, "held"));
            eventually(|| channel.stats().in_flight == n + 1).await;
        }
        let mut peers = Vec::new();
        for memory in &memories {
            let mut peer = Peer::accept(memory).await;
            let taken = peer.take().await.unwrap();
            peers.push((peer, taken));
        }
        // Each has one call. Whichever answers is the one that is called next.
        for at in [1, 1, 0, 2, 0] {
            let (peer, taken) = &mut peers[at];
            let answer = peer.echo_of(taken);
            peer.write(&answer).await;
            eventually(|| channel.stats().in_flight == 2).await;
            calls.push(begin(&channel, "held"));
            *taken = peer.take().await.unwrap();
        }
        let ended = calls.iter().filter(|called| called.is_finished()).count();
        assert_eq!((ended, channel.stats().dialled), (5, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn endpoints_with_nothing_to_do_take_turns() {
    for config in BOTH {
        let memories = [Memory::new(), Memory::new(), Memory::new()];
        memories.iter().for_each(serve);
        let channel = channel_to(&memories.map(Address::Memory), config());
        for _ in 0..3 {
            call(&channel, "a").await.unwrap();
        }
        assert_eq!(channel.stats().dialled, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_there_costs_no_call() {
    for config in BOTH {
        let memory = Memory::new();
        serve(&memory);
        let addresses = [Nowhere::new("other").address(), Address::Memory(memory)];
        let channel = channel_to(&addresses, config());
        for _ in 0..100 {
            assert_eq!(call(&channel, "a").await.unwrap(), "a");
        }
        assert_eq!(channel.stats().dial_failures, 1);
        advance(Duration::from_millis(50)).await;
        let calls: Vec<_> = (0..100).map(|_| begin(&channel, "b")).collect();
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap(), "b");
        }
        assert_eq!(channel.stats().dial_failures, 2, "one call probes");
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_alone_finds_out_whether_an_endpoint_is_back() {
    for config in BOTH {
        let (_socket, _waiting, deaf) = deaf();
        let memory = Memory::new();
        serve(&memory);
        let channel = channel_to(&[Address::Ip(deaf), Address::Memory(memory)], config());
        call(&channel, "a").await.unwrap();
        call(&channel, "b").await.unwrap();
        advance(Duration::from_millis(50)).await;
        let begin_of_all = tokio::time::Instant::now();
        let calls: Vec<_> = (0..20).map(|_| begin(&channel, "c")).collect();
        eventually(|| calls.iter().filter(|called| called.is_finished()).count() == 19).await;
        assert_eq!(begin_of_all.elapsed(), Duration::ZERO);
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap(), "c");
        }
        assert_eq!(begin_of_all.elapsed().as_secs(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_back_is_preferred_no_less_than_others() {
    for (config, name) in BOTH.into_iter().zip(["no-less-pooled", "no-less-multiplexed"]) {
        let (place, memory) = (Nowhere::new(name), Memory::new());
        let channel = channel_to(&[place.address(), Address::Memory(memory.clone())], config());
        let held = begin(&channel, "a");
        let mut near = Peer::accept(&memory).await;
        let taken = near.take().await.unwrap();
        eventually(|| channel.stats().dial_failures == 1).await;
        let listener = Listener::bind(&place.address(), &SocketOptions::default()).await.unwrap();
        advance(Duration::from_millis(50)).await;
        tokio::time::resume();
        // It has nothing under way, so that both of these go there.
        let mut far = None;
        for said in ["b", "c"] {
            let called = begin(&channel, said);
            if far.is_none() {
                far = Some(Peer::over(listener.accept().await.unwrap().0));
            }
            assert!(far.as_mut().unwrap().echo().await);
            assert_eq!(called.await.unwrap().unwrap(), said);
        }
        let answer = near.echo_of(&taken);
        near.write(&answer).await;
        assert_eq!(held.await.unwrap().unwrap(), "a");
        tokio::time::pause();
    }
}

#[tokio::test(start_paused = true)]
async fn with_no_endpoint_there_the_last_cause_is_told() {
    for config in BOTH {
        let addresses = ["one", "two"].map(|name| Nowhere::new(name).address());
        let channel = channel_to(&addresses, config());
        for (failures, setting) in [(2, None), (2, Some("backoff"))] {
            let error = call(&channel, "a").await.unwrap_err();
            assert_eq!((error.kind(), error.setting()), (ErrorKind::Connect, setting), "{error}");
            assert_eq!(channel.stats().dial_failures, failures);
        }
        assert_eq!(channel.connect().await.unwrap_err().kind(), ErrorKind::Connect);
    }
}

/// Takes places in turn, and notes what it is told of them.
#[derive(Debug, Default)]
struct Noting {
    next: AtomicUsize,
    told: Mutex<Vec<(usize, Option<bool>)>>,
}

impl Picker for Noting {
    fn pick(&self, _: Instant, _: &Request, endpoints: &dyn Endpoints, tried: &[usize]) -> Option<usize> {
        let begin = self.next.fetch_add(1, Ordering::SeqCst);
        (0..endpoints.len()).map(|at| (begin + at) % endpoints.len()).find(|place| !tried.contains(place))
    }

    fn settled(&self, place: usize, method: &Method, _: Instant, result: Option<&mut CallResult>) {
        assert_eq!(method.name(), "echo");
        self.told.lock().unwrap().push((place, result.map(|result| result.is_ok())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_picker_is_told_how_each_call_ended_where_it_was_picked() {
    for mut config in BOTH.map(|config| config()) {
        let picker = Arc::new(Noting::default());
        config.picker = Some(Arc::clone(&picker) as _);
        let (memory, silent) = (Memory::new(), Memory::new());
        serve(&memory);
        let addresses = [Nowhere::new("told").address(), Address::Memory(memory), Address::Memory(silent)];
        let channel = channel_to(&addresses, config);
        // The first place is not there, so that the call goes on to the second; the third never answers.
        call(&channel, "a").await.unwrap();
        picker.next.store(2, Ordering::SeqCst);
        let error = call_within(&channel, "b", Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.place(), Some(2));
        picker.next.store(2, Ordering::SeqCst);
        let given_up = begin(&channel, "c");
        eventually(|| channel.stats().in_flight == 1).await;
        given_up.abort();
        drop(given_up.await);
        let told = picker.told.lock().unwrap().clone();
        assert_eq!(told, [(0, Some(false)), (1, Some(true)), (2, Some(false)), (2, None)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_further_attempt_avoids_the_endpoints_of_the_earlier_ones_while_there_are_others() {
    for config in BOTH {
        let memories = [Memory::new(), Memory::new()];
        memories.iter().for_each(serve);
        let channel = channel_to(&memories.map(Address::Memory), config());
        let tried = Tried::default();
        for _ in 0..4 {
            let mut request = request("a");
            request.context.set_extension(tried.clone());
            channel.clone().call(request).await.unwrap();
        }
        let places = tried.places();
        assert_eq!(places.len(), 4);
        assert_ne!(places[0], places[1]);
    }
}
