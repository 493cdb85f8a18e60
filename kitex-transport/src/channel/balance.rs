//! Calls spread over the endpoints of a channel.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use kitex_codec::Str;
use kitex_core::{
    CallResult, Endpoints, Error, ErrorKind, Figure, Inspect, LeastInFlight, Method, Picker, Request,
    Response, Stage, Tried,
};

use serde_json::{Value, json};

use super::ChannelStats;
use super::endpoint::Endpoint;
use crate::clock;

/// The connections to one endpoint, whatever calls do with them.
pub(super) trait Member: Send + Sync + 'static {
    fn endpoint(&self) -> &Endpoint;

    /// Makes a call. Once its body is sent, the request has none any more.
    fn call(
        self: &Arc<Self>,
        now: Instant,
        request: &mut Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Makes sure that there is a connection.
    fn connect(self: &Arc<Self>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Refuses further calls.
    fn close(self: &Arc<Self>);

    fn add_to(&self, stats: &mut ChannelStats);
}

/// The endpoints of a channel.
#[derive(Debug)]
pub(super) struct Balance<M: Member> {
    members: Box<[Arc<M>]>,
    picker: Arc<dyn Picker>,
}

impl<M: Member> Balance<M> {
    pub(super) fn new(members: impl IntoIterator<Item = M>, picker: Option<Arc<dyn Picker>>) -> Self {
        let picker = picker.unwrap_or_else(|| Arc::new(LeastInFlight::default()));
        Self { members: members.into_iter().map(Arc::new).collect(), picker }
    }

    pub(super) fn members(&self) -> &[Arc<M>] {
        &self.members
    }

    /// Calls an endpoint. One that cannot be connected to is given up for another.
    pub(super) async fn call(&self, request: &mut Request) -> Result<Response, Error> {
        let earlier = request.context.extension::<Tried>().cloned();
        let mut tried = earlier.as_ref().map(Tried::places).unwrap_or_default();
        if (0..self.members.len()).all(|place| tried.contains(&place)) {
            // There is nowhere left to avoid them for.
            tried.clear();
        }
        loop {
            let now = clock::now();
            if request.context.deadline.is_some_and(|deadline| deadline.has_passed(now)) {
                return Err(Error::deadline(Stage::Pick));
            }
            let (place, member) = self.pick(now, request, &tried)?;
            if let Some(earlier) = &earlier {
                earlier.add(place);
            }
            let mut settling = self.settling(place, request, now);
            let mut result = member.call(now, request).await;
            if let Some(settling) = &mut settling {
                result = result.map_err(|error| error.with_place(place));
                settling.settle(&mut result);
            }
            let error = match result {
                Err(error) if error.kind() == ErrorKind::Connect => error,
                Ok(mut response) => {
                    response.set_place(place);
                    return Ok(response);
                }
                Err(error) => return Err(error),
            };
            tried.push(place);
            if !self.has_choice(&tried) {
                return Err(error);
            }
        }
    }

    /// Makes a connection to the first endpoint that allows it.
    pub(super) async fn connect(&self) -> Result<(), Error> {
        let mut result = Err(Error::new(ErrorKind::Connect, Stage::Pick, "the channel has no address"));
        for member in &self.members {
            result = member.connect().await;
            if result.is_ok() {
                break;
            }
        }
        result
    }

    fn pick(&self, now: Instant, request: &Request, tried: &[usize]) -> Result<(usize, &Arc<M>), Error> {
        if let [only] = &*self.members {
            return Ok((0, only));
        }
        let picked = self.picker.pick(now, request, self, tried);
        let member = picked.and_then(|place| Some((place, self.members.get(place)?)));
        member.ok_or_else(|| {
            let text = if self.members.is_empty() {
                "the channel has no address"
            } else {
                "the picker chose no endpoint"
            };
            Error::new(ErrorKind::Connect, Stage::Pick, text)
        })
    }

    /// What tells the picker of the call's end; nothing where there was nothing to pick.
    fn settling(&self, place: usize, request: &Request, now: Instant) -> Option<Settling<'_>> {
        let picked = self.members.len() > 1;
        picked.then(|| Settling {
            picker: Some(&*self.picker),
            place,
            method: request.method.clone(),
            began: now,
        })
    }

    /// True if there is an endpoint that has not failed this call and is not known to be down.
    fn has_choice(&self, tried: &[usize]) -> bool {
        let now = clock::now();
        let mut others = self.members.iter().enumerate().filter(|(place, _)| !tried.contains(place));
        others.any(|(_, member)| !member.endpoint().is_avoided(now))
    }
}

/// A call at a place that was picked, until the picker is told how it has ended.
struct Settling<'a> {
    picker: Option<&'a dyn Picker>,
    place: usize,
    method: Method,
    began: Instant,
}

impl Settling<'_> {
    fn settle(&mut self, result: &mut CallResult) {
        if let Some(picker) = self.picker.take() {
            picker.settled(self.place, &self.method, self.began, Some(result));
        }
    }
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        if let Some(picker) = self.picker {
            picker.settled(self.place, &self.method, self.began, None);
        }
    }
}

/// Its state is that of [`ChannelStats`], with the `endpoints`: the address, the calls under way, and whether others are
/// preferred to it at present.
impl<M: Member> Inspect for Balance<M> {
    fn kind(&self) -> &'static str {
        "channel"
    }

    fn inspect(&self) -> Value {
        let now = clock::now();
        let shown = |member: &Arc<M>| {
            let endpoint: &dyn kitex_core::Endpoint = member.endpoint();
            json!({
                "address": endpoint.address().to_string(),
                "in_flight": endpoint.in_flight(),
                "avoided": endpoint.is_avoided(now),
            })
        };
        let mut state = ChannelStats::of(self).to_json();
        state["endpoints"] = self.members.iter().map(shown).collect();
        state
    }

    fn figures(&self) -> Vec<Figure> {
        self.members.iter().flat_map(|member| figures(&**member)).collect()
    }
}

fn figures<M: Member>(member: &M) -> [Figure; 6] {
    let endpoint: &dyn kitex_core::Endpoint = member.endpoint();
    let address = Str::from(endpoint.address().to_string());
    let mut stats = ChannelStats::default();
    member.add_to(&mut stats);
    let [dialled, dial_failures, _] = member.endpoint().counts();
    [
        Figure::gauge("kitex.client.connections", stats.connections as f64),
        Figure::gauge("kitex.client.idle_connections", stats.idle as f64),
        Figure::gauge("kitex.client.in_flight", stats.in_flight as f64),
        Figure::gauge("kitex.client.waiting", stats.waiting as f64),
        Figure::counter("kitex.client.dialled", dialled),
        Figure::counter("kitex.client.dial_failures", dial_failures),
    ]
    .map(|figure| figure.with("server.address", address.clone()))
}

impl<M: Member> Endpoints for Balance<M> {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn get(&self, place: usize) -> Option<&dyn kitex_core::Endpoint> {
        self.members.get(place).map(|member| member.endpoint() as &dyn kitex_core::Endpoint)
    }
}

impl<M: Member> Drop for Balance<M> {
    fn drop(&mut self) {
        self.members.iter().for_each(|member| member.close());
    }
}
