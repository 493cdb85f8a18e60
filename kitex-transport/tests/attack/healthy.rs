//! A client that does nothing wrong, and what its calls take.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::peer::{binary, framed};
use crate::service::ECHO;

/// A connection that calls on and on, each call after the answer to the one before.
pub(crate) struct Healthy {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    taken: Vec<Duration>,
}

impl Healthy {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        // A call that is not answered fails the test; it is not waited for.
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let request = framed(ECHO, &binary(&[7; 128]));
        let (answer, taken) = (vec![0; request.len()], Vec::with_capacity(100_000));
        Self { stream, request, answer, taken }
    }

    /// Makes one call and checks its answer to the byte.
    pub(crate) fn call(&mut self) -> Duration {
        let begin = Instant::now();
        self.stream.write_all(&self.request).unwrap();
        self.stream.read_exact(&mut self.answer).unwrap();
        let took = begin.elapsed();
        // An answer differs from its request in the message's type alone: `Echo` returns its arguments.
        self.answer[7] = 1;
        assert_eq!(self.answer, self.request);
        took
    }

    /// Makes so many calls.
    pub(crate) fn calls(&mut self, calls: usize) -> Times {
        for _ in 0..calls {
            let took = self.call();
            self.taken.push(took);
        }
        Times::of(&mut self.taken)
    }

    /// Makes calls on a thread of its own, with a pause after each, until it is told to stop.
    pub(crate) fn begin(mut self, pause: Duration) -> Running {
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, calls) = (Arc::clone(&stop), Arc::clone(&made));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) && self.taken.len() < self.taken.capacity() {
                let took = self.call();
                self.taken.push(took);
                calls.fetch_add(1, Ordering::Relaxed);
                if !pause.is_zero() {
                    std::thread::sleep(pause);
                }
            }
            self
        });
        Running { stop, made, thread }
    }
}

/// A healthy connection that is calling.
pub(crate) struct Running {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
    thread: JoinHandle<Healthy>,
}

impl Running {
    /// Calls made so far.
    pub(crate) fn calls(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Stops; gives what the calls took.
    pub(crate) fn end(self) -> (Healthy, Times) {
        self.stop.store(true, Ordering::Relaxed);
        let Ok(mut healthy) = self.thread.join() else { panic!("the healthy connection had an error") };
        let times = Times::of(&mut healthy.taken);
        (healthy, times)
    }
}

/// What calls took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) calls: usize,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    /// Calls that took so long that something else must have held them up.
    pub(crate) stuck: usize,
}

/// No call and no machine that is merely busy takes this.
const STUCK: Duration = Duration::from_millis(25);

impl Times {
    /// Takes the calls out of `taken`.
    fn of(taken: &mut Vec<Duration>) -> Self {
        taken.sort_unstable();
        let at = |share: usize| taken.get(taken.len() * share / 100).copied().unwrap_or_default();
        let stuck = taken.iter().filter(|took| **took >= STUCK).count();
        let times = Self { calls: taken.len(), median: at(50), p99: at(99), stuck };
        taken.clear();
        times
    }
}
