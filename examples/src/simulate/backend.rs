//! A server without a wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kitex::{Error, ErrorKind, Request, Response, SharedService, Stage, Status};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::random::Random;
use super::world::Clock;

/// What a backend does with a call: how long it takes, and whether it succeeds.
pub(super) enum Work {
    Answer(Duration),
    Failure(Duration),
}

/// What a backend does at a time.
type Behaviour = dyn Fn(Duration, &mut Random) -> Work + Send + Sync;

/// Works on so many calls at a time, in the order in which they come; the others wait. It is never told that a caller
/// has left, and works for those who have.
#[derive(Clone)]
pub(super) struct Backend(Arc<Shared>);

struct Shared {
    clock: Clock,
    workers: Semaphore,
    behaviour: Box<Behaviour>,
    random: Mutex<Random>,
    received: Mutex<Vec<Duration>>,
}

/// More workers than there ever are calls.
pub(super) const UNBOUNDED: usize = 1 << 20;

impl Backend {
    pub(super) fn new(
        clock: Clock,
        workers: usize,
        random: Random,
        behaviour: impl Fn(Duration, &mut Random) -> Work + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            clock,
            workers: Semaphore::new(workers),
            behaviour: Box::new(behaviour),
            random: Mutex::new(random),
            received: Mutex::default(),
        }))
    }

    /// The backend as layers of a server stand on it.
    pub(super) fn service(&self) -> SharedService {
        let backend = Arc::clone(&self.0);
        SharedService::from_fn(move |_| {
            let backend = Arc::clone(&backend);
            backend.received.lock().unwrap_or_else(PoisonError::into_inner).push(backend.clock.now());
            Box::pin(async move { backend.work().await })
        })
    }

    /// When calls came.
    pub(super) fn received(&self) -> Vec<Duration> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    async fn work(&self) -> Result<Response, Error> {
        let _worker = self.workers.acquire().await.map_err(|closed| Error::from_box(closed.into()))?;
        let work = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            (self.behaviour)(self.clock.now(), &mut random)
        };
        match work {
            Work::Answer(takes) => {
                sleep(takes).await;
                Ok(Response::empty(Status::Ok))
            }
            Work::Failure(takes) => {
                sleep(takes).await;
                Err(Error::new(ErrorKind::Closed, Stage::Read, "the backend has closed the connection"))
            }
        }
    }
}

/// The other end of a wire: a call that has been sent goes on, even when its caller has left.
pub(super) fn remote(service: SharedService) -> SharedService {
    SharedService::from_fn(move |mut request: Request| {
        // A server has its own time at which the call arrived.
        request.context.began = None;
        let answer = tokio::spawn(service.call(request));
        Box::pin(async move { answer.await.unwrap_or_else(|lost| Err(Error::from_box(lost.into()))) })
    })
}
