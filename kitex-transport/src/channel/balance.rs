//! Calls spread over the endpoints of a channel.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kitex_core::{Error, ErrorKind, Request, Response, Stage};

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
    /// Where the search for the least loaded begins, so that equals take turns.
    next: AtomicUsize,
}

impl<M: Member> Balance<M> {
    pub(super) fn new(members: impl IntoIterator<Item = M>) -> Self {
        Self { members: members.into_iter().map(Arc::new).collect(), next: AtomicUsize::new(0) }
    }

    pub(super) fn members(&self) -> &[Arc<M>] {
        &self.members
    }

    /// Calls the endpoint that has the least to do. One that cannot be connected to is given up for another.
    pub(super) async fn call(&self, request: &mut Request) -> Result<Response, Error> {
        let mut others = self.members.len();
        loop {
            let now = clock::now();
            if request.context.deadline.is_some_and(|deadline| deadline.has_passed(now)) {
                return Err(Error::deadline(Stage::Pick));
            }
            let result = match self.pick(now) {
                Some(member) => member.call(now, request).await,
                None => Err(Error::new(ErrorKind::Connect, Stage::Pick, "the channel has no address")),
            };
            others = others.saturating_sub(1);
            match result {
                Err(error) if error.kind() == ErrorKind::Connect && others > 0 && self.has_choice() => {}
                result => return result,
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

    fn pick(&self, now: Instant) -> Option<&Arc<M>> {
        if let [only] = &*self.members {
            return Some(only);
        }
        let begin = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.members.len())?;
        let (after, before) = self.members.split_at_checked(begin)?;
        before.iter().chain(after).min_by_key(|member| {
            let endpoint = member.endpoint();
            (endpoint.is_avoided(now), endpoint.load())
        })
    }

    /// True if there is an endpoint that is not known to be down.
    fn has_choice(&self) -> bool {
        let now = clock::now();
        self.members.iter().any(|member| !member.endpoint().is_avoided(now))
    }
}

impl<M: Member> Drop for Balance<M> {
    fn drop(&mut self) {
        self.members.iter().for_each(|member| member.close());
    }
}
