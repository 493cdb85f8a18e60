//! Which of several places a call goes to: what transports know of them, and who chooses.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::{Error, Method, Request, Response};

/// One of the places that a client can call, as a [`Picker`] sees it. Implemented by transports.
pub trait Endpoint: Send + Sync {
    /// Its address.
    fn address(&self) -> &dyn fmt::Display;

    /// Calls that run or wait there.
    fn in_flight(&self) -> usize;

    /// True while it rests after it could not be connected to.
    fn is_avoided(&self, now: Instant) -> bool;
}

/// The places that a client can call.
pub trait Endpoints {
    /// How many there are.
    fn len(&self) -> usize;

    /// True if there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `place`, if there are as many.
    fn get(&self, place: usize) -> Option<&dyn Endpoint>;
}

/// Chooses where a call goes. Asked once for a call, and again for each place that cannot be connected to.
///
/// ```
/// use std::time::Instant;
///
/// use kitex_core::{Endpoints, Picker, Request};
///
/// /// The first place that is there, as long as it is: the others stand by.
/// #[derive(Debug)]
/// struct InOrder;
///
/// impl Picker for InOrder {
///     fn pick(&self, now: Instant, _: &Request, endpoints: &dyn Endpoints, tried: &[usize]) -> Option<usize> {
///         let open = |place: &usize| !tried.contains(place);
///         let up = |place: &usize| endpoints.get(*place).is_some_and(|endpoint| !endpoint.is_avoided(now));
///         let mut places = (0..endpoints.len()).filter(open);
///         places.clone().find(up).or_else(|| places.next())
///     }
/// }
/// ```
pub trait Picker: fmt::Debug + Send + Sync {
    /// The place among `endpoints` that a call goes to next; those in `tried` have failed it already. `None` fails the
    /// call.
    fn pick(
        &self,
        now: Instant,
        request: &Request,
        endpoints: &dyn Endpoints,
        tried: &[usize],
    ) -> Option<usize>;

    /// Is told how a call of `method` at the place that was picked has ended. A call that was given up is told too,
    /// by `None`. `began` is when it was sent there.
    fn settled(&self, place: usize, method: &Method, began: Instant, result: Option<&mut CallResult>) {
        let _ = (place, method, began, result);
    }
}

/// Picks the endpoint that has the least to do; equals take turns, and those that rest after a failure come last.
///
/// What a client does without a picker of its own, and what a picker that only leaves some out goes on to.
#[derive(Debug, Default)]
pub struct LeastInFlight {
    /// Where the search begins.
    next: AtomicUsize,
}

impl Picker for LeastInFlight {
    fn pick(&self, now: Instant, _: &Request, endpoints: &dyn Endpoints, tried: &[usize]) -> Option<usize> {
        let begin = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(endpoints.len())?;
        let places = (begin..endpoints.len()).chain(0..begin).filter(|place| !tried.contains(place));
        places.min_by_key(|place| {
            endpoints.get(*place).map(|endpoint| (endpoint.is_avoided(now), endpoint.in_flight()))
        })
    }
}

/// How a call has ended.
pub type CallResult = Result<Response, Error>;

/// The places that earlier attempts of a call went to, for the next one to avoid: a layer that makes further attempts
/// leaves one in the context of each ([`Context::set_extension`](crate::Context::set_extension)), and a transport with
/// several places notes each that it picks. Cheap to clone; clones share.
#[derive(Debug, Clone, Default)]
pub struct Tried(Arc<Mutex<Vec<usize>>>);

impl Tried {
    /// Notes a place.
    pub fn add(&self, place: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// The places so far.
    pub fn places(&self) -> Vec<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Payload, Protocol};

    struct Place {
        in_flight: usize,
        avoided: bool,
    }

    impl Endpoint for Place {
        fn address(&self) -> &dyn fmt::Display {
            &"somewhere"
        }

        fn in_flight(&self) -> usize {
            self.in_flight
        }

        fn is_avoided(&self, _: Instant) -> bool {
            self.avoided
        }
    }

    struct Places(Vec<Place>);

    impl Endpoints for Places {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn get(&self, place: usize) -> Option<&dyn Endpoint> {
            self.0.get(place).map(|place| place as &dyn Endpoint)
        }
    }

    fn picked(places: &[(usize, bool)], tried: &[usize]) -> Vec<Option<usize>> {
        let place = |(in_flight, avoided): &(usize, bool)| Place { in_flight: *in_flight, avoided: *avoided };
        let places = Places(places.iter().map(place).collect());
        let payload = Payload::new(Protocol::Binary, bytes::Bytes::from_static(&[0]));
        let request = Request::new(Method::dynamic("S", "M"), payload);
        let picker = LeastInFlight::default();
        #[expect(clippy::disallowed_methods, reason = "any time will do")]
        let now = Instant::now();
        (0..4).map(|_| picker.pick(now, &request, &places, tried)).collect()
    }

    #[test]
    fn the_least_busy_is_picked_equals_take_turns_and_those_that_rest_come_last() {
        assert_eq!(picked(&[(2, false), (1, false), (3, false)], &[]), [Some(1); 4]);
        assert_eq!(picked(&[(1, false), (1, false)], &[]), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(picked(&[(0, true), (9, false)], &[]), [Some(1); 4]);
        assert_eq!(picked(&[(0, true), (9, false)], &[1]), [Some(0); 4]);
        assert_eq!(picked(&[(0, false)], &[0]), [None; 4]);
        assert_eq!(picked(&[], &[]), [None; 4]);
    }
}
