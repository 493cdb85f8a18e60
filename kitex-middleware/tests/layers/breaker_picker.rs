//! Breakers of endpoints, by endpoints that answer as told and time that is moved by hand.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kitex_core::{
    CallResult, Context, Endpoint, Endpoints, Error, ErrorKind, Picker, Registry, Request, Response, Stage,
    Status,
};
use kitex_middleware::{BreakerConfig, BreakerPicker};
use tokio::time::advance;

use crate::mock::request;

const MS: Duration = Duration::from_millis(1);

/// An endpoint whose calls take their time.
struct Place {
    address: String,
    in_flight: AtomicUsize,
    fails: bool,
    avoided: bool,
}

impl Endpoint for Place {
    fn address(&self) -> &dyn fmt::Display {
        &self.address
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn is_avoided(&self, _: Instant) -> bool {
        self.avoided
    }
}

/// A client of some endpoints, without a wire.
struct Client {
    picker: BreakerPicker,
    places: Vec<Place>,
    /// Calls under way: when they end, where they went, and when they were sent.
    running: Vec<(Instant, usize, Instant)>,
    made: Vec<usize>,
    failed: usize,
}

impl Endpoints for Client {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn get(&self, place: usize) -> Option<&dyn Endpoint> {
        self.places.get(place).map(|place| place as &dyn Endpoint)
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Client {
    fn new(places: usize, picker: BreakerPicker) -> Self {
        let place = |at: usize| Place {
            address: format!("10.0.0.{at}:8888"),
            in_flight: AtomicUsize::new(0),
            fails: false,
            avoided: false,
        };
        let places = (0..places).map(place).collect::<Vec<_>>();
        Self { picker, made: vec![0; places.len()], places, running: Vec::new(), failed: 0 }
    }

    fn pick(&self, tried: &[usize]) -> Option<usize> {
        self.picker.pick(now(), &request(Context::new()), self, tried)
    }

    /// Sends a call; failures take 1 ms, answers 10 ms.
    fn begin(&mut self) {
        let place = self.pick(&[]).unwrap();
        self.made[place] += 1;
        self.places[place].in_flight.fetch_add(1, Ordering::Relaxed);
        let takes = if self.places[place].fails { MS } else { 10 * MS };
        self.running.push((now() + takes, place, now()));
    }

    /// Ends those calls that have an answer by now.
    fn end(&mut self) {
        let (over, running) = self.running.drain(..).partition(|(ends, ..)| *ends <= now());
        self.running = running;
        let over: Vec<(Instant, usize, Instant)> = over;
        for (_, place, began) in over {
            self.places[place].in_flight.fetch_sub(1, Ordering::Relaxed);
            let mut result = self.result(place);
            self.failed += usize::from(result.is_err());
            self.picker.settled(place, &request(Context::new()).method, began, Some(&mut result));
        }
    }

    fn result(&self, place: usize) -> CallResult {
        match self.places[place].fails {
            true => Err(Error::new(ErrorKind::Closed, Stage::Read, "it answers nobody")),
            false => Ok(Response::empty(Status::Ok)),
        }
    }

    /// Makes a call each millisecond, and gives the share of each endpoint in per mille.
    async fn run(&mut self, time: Duration) -> Vec<usize> {
        self.made.fill(0);
        for _ in 0..time.as_millis() {
            self.begin();
            advance(MS).await;
            self.end();
        }
        let all: usize = self.made.iter().sum();
        self.made.iter().map(|made| made * 1000 / all).collect()
    }
}

fn picker() -> BreakerPicker {
    BreakerPicker::new(BreakerConfig::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_at_once_gets_hardly_a_call_and_comes_back_when_it_works() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let picker = picker().on_change({
        let told = Arc::clone(&told);
        move |event| told.lock().unwrap().push(format!("{} {}", event.scope, event.to))
    });
    let mut client = Client::new(3, picker);
    let shares = client.run(10_000 * MS).await;
    assert!(shares.iter().all(|share| (320..=345).contains(share)), "{shares:?}");

    client.places[1].fails = true;
    client.run(1_000 * MS).await;
    assert_eq!(told.lock().unwrap().len(), 0, "its successes are still in the window");
    client.run(9_000 * MS).await;
    let shares = client.run(30_000 * MS).await;
    assert!(shares[1] < 50, "below 5 %: {shares:?}");
    assert_eq!(told.lock().unwrap()[0], "10.0.0.1:8888 open");

    client.places[1].fails = false;
    client.run(6_000 * MS).await;
    assert_eq!(told.lock().unwrap().last().unwrap(), "10.0.0.1:8888 closed");
    let shares = client.run(10_000 * MS).await;
    assert!(shares.iter().all(|share| (320..=345).contains(share)), "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn without_breakers_it_would_get_most_of_them() {
    let mut config = BreakerConfig::default();
    config.min_samples = u32::MAX;
    let mut client = Client::new(3, BreakerPicker::new(config).unwrap());
    client.places[1].fails = true;
    let shares = client.run(10_000 * MS).await;
    assert!(shares[1] > 500, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn if_all_are_left_out_the_one_that_is_tried_first_is_called() {
    let mut client = Client::new(3, picker());
    client.places.iter_mut().for_each(|place| place.fails = true);
    for place in [2, 0, 1] {
        fail(&client, place, 200);
        advance(100 * MS).await;
    }
    for _ in 0..10 {
        assert_eq!(client.pick(&[]), Some(2));
    }
    assert_eq!(client.pick(&[2]), Some(0), "it was tried already");
    assert_eq!(client.pick(&[2, 0]), Some(1));
    assert_eq!(client.pick(&[0, 1, 2]), None, "nobody is left");
}

/// Has so many calls fail at a place.
fn fail(client: &Client, place: usize, calls: usize) {
    for _ in 0..calls {
        let mut result = Err(Error::new(ErrorKind::Closed, Stage::Read, "gone"));
        client.picker.settled(place, &request(Context::new()).method, now(), Some(&mut result));
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_connected_to_is_not_tried() {
    let mut client = Client::new(2, picker());
    fail(&client, 0, 200);
    client.places[0].avoided = true;
    advance(5000 * MS).await;
    assert_eq!(client.pick(&[]), Some(1));
    client.places[0].avoided = false;
    assert_eq!(client.pick(&[]), Some(0), "its turn to be tried has come");
    assert_eq!(client.pick(&[]), Some(1), "once");
}

#[tokio::test(start_paused = true)]
async fn a_trial_call_that_was_given_up_makes_room_for_another() {
    let mut config = BreakerConfig::default();
    config.probes = 1;
    let client = Client::new(2, BreakerPicker::new(config).unwrap());
    fail(&client, 0, 200);
    advance(5000 * MS).await;
    let began = now();
    assert_eq!(client.pick(&[]), Some(0));
    advance(1000 * MS).await;
    assert_eq!(client.pick(&[]), Some(1), "one at a time");
    client.picker.settled(0, &request(Context::new()).method, began, None);
    assert_eq!(client.pick(&[]), Some(0));
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_sent_before_a_trial_do_not_count_as_one() {
    let client = Client::new(2, picker());
    let early = now();
    advance(MS).await;
    fail(&client, 0, 200);
    advance(5000 * MS).await;
    let began = now();
    assert_eq!(client.pick(&[]), Some(0));
    let settle = |began: Instant| {
        let mut result = Ok(Response::empty(Status::Ok));
        client.picker.settled(0, &request(Context::new()).method, began, Some(&mut result));
    };
    (0..10).for_each(|_| settle(early));
    assert_eq!(client.pick(&[]), Some(1), "still half-open");
    settle(began);
    advance(200 * MS).await;
    let began = now();
    assert_eq!(client.pick(&[]), Some(0));
    settle(began);
    let places: Vec<_> = (0..4).filter_map(|_| client.pick(&[])).collect();
    assert_eq!(places.iter().filter(|place| **place == 0).count(), 2, "closed: {places:?}");
}

#[tokio::test(start_paused = true)]
async fn another_picker_chooses_among_those_that_are_left() {
    #[derive(Debug)]
    struct Last;
    impl Picker for Last {
        fn pick(&self, _: Instant, _: &Request, places: &dyn Endpoints, tried: &[usize]) -> Option<usize> {
            (0..places.len()).rev().find(|place| !tried.contains(place))
        }
    }
    let client = Client::new(3, picker().over(Last));
    assert_eq!(client.pick(&[]), Some(2));
    fail(&client, 2, 200);
    assert_eq!(client.pick(&[]), Some(1));
    assert_eq!(client.pick(&[1]), Some(0));
    assert_eq!(client.pick(&[0, 1]), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_classification_that_panics_fails_its_call() {
    let client = Client::new(2, picker().classify(|_| panic!("what is this?")));
    let mut result = Ok(Response::empty(Status::Ok));
    client.picker.settled(0, &request(Context::new()).method, now(), Some(&mut result));
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Panic, "the breaker's classify panicked: what is this?")
    );
}

#[tokio::test(start_paused = true)]
async fn places_beyond_the_bound_are_never_left_out() {
    let registry = Registry::new();
    let picker = picker().register(&registry);
    let client = Client::new(5000, picker);
    for place in [0, 4095, 4096, 4999, usize::MAX] {
        fail(&client, place, 200);
    }
    let state = registry.inspect();
    let places = state[0]["state"].as_array().unwrap();
    let shown: Vec<_> = places.iter().map(|state| (&state["place"], &state["state"])).collect();
    assert_eq!(shown, [(&0.into(), &"open".into()), (&4095.into(), &"open".into())]);
    let idle = [0, 4095, 4096];
    let others = client.places.iter().enumerate().filter(|(place, _)| !idle.contains(place));
    others.for_each(|(_, place)| place.in_flight.store(1, Ordering::Relaxed));
    assert_eq!(
        [client.pick(&[]), client.pick(&[])],
        [Some(4096); 2],
        "the others that are idle are left out"
    );
}

#[tokio::test(start_paused = true)]
async fn its_state_can_be_looked_at() {
    let registry = Registry::new();
    let client = Client::new(2, picker().named("billing").register(&registry));
    assert_eq!(client.pick(&[1]), Some(0));
    fail(&client, 0, 2);
    let state = registry.inspect();
    assert_eq!((&state[0]["kind"], &state[0]["name"]), (&"endpoint breaker".into(), &"billing".into()));
    let place = &state[0]["state"][0];
    assert_eq!((&place["place"], &place["address"]), (&0.into(), &"10.0.0.0:8888".into()));
    assert_eq!((&place["state"], &place["failed"]), (&"closed".into(), &2.into()));
}
