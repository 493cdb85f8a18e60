//! A client of several endpoints, without connections.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kitex::{Endpoint, Endpoints, Error, ErrorKind, Method, Picker, Request, Response, SharedService, Stage};

use super::backend::{Backend, remote};

/// Sends each call to the endpoint that a picker chooses, and tells the picker how it went, as a channel does.
pub(super) fn cluster(backends: &[Backend], picker: Box<dyn Picker>) -> SharedService {
    let node = |(place, backend): (usize, &Backend)| Node {
        address: format!("10.0.0.{}:8888", place + 1),
        in_flight: AtomicUsize::new(0),
        service: remote(backend.service()),
    };
    let nodes = backends.iter().enumerate().map(node).collect();
    let cluster = Arc::new(Cluster { nodes, picker });
    SharedService::from_fn(move |request| {
        let cluster = Arc::clone(&cluster);
        Box::pin(async move { cluster.call(request).await })
    })
}

struct Cluster {
    nodes: Vec<Node>,
    picker: Box<dyn Picker>,
}

struct Node {
    address: String,
    in_flight: AtomicUsize,
    service: SharedService,
}

impl Cluster {
    async fn call(&self, request: Request) -> Result<Response, Error> {
        let began = tokio::time::Instant::now().into_std();
        let picked = self.picker.pick(began, &request, self, &[]);
        let Some((place, node)) = picked.and_then(|place| Some((place, self.nodes.get(place)?))) else {
            return Err(Error::new(ErrorKind::Connect, Stage::Pick, "the picker chose no endpoint"));
        };
        node.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut running =
            Running { cluster: self, place, method: request.method.clone(), began, told: false };
        let mut result = node.service.call(request).await.map_err(|error| error.with_place(place));
        running.tell(Some(&mut result));
        result
    }
}

/// A call at an endpoint; one whose caller leaves ends there for the client.
struct Running<'a> {
    cluster: &'a Cluster,
    place: usize,
    method: Method,
    began: Instant,
    told: bool,
}

impl Running<'_> {
    fn tell(&mut self, result: Option<&mut Result<Response, Error>>) {
        if !std::mem::replace(&mut self.told, true) {
            self.cluster.nodes[self.place].in_flight.fetch_sub(1, Ordering::Relaxed);
            self.cluster.picker.settled(self.place, &self.method, self.began, result);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.tell(None);
    }
}

impl Endpoints for Cluster {
    fn len(&self) -> usize {
        self.nodes.len()
    }

    fn get(&self, place: usize) -> Option<&dyn Endpoint> {
        self.nodes.get(place).map(|node| node as &dyn Endpoint)
    }
}

impl Endpoint for Node {
    fn address(&self) -> &dyn Display {
        &self.address
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn is_avoided(&self, _: Instant) -> bool {
        false
    }
}
