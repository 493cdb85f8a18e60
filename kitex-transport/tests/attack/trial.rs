//! One attack beside a healthy connection, and what it costs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kitex_transport::ServerSettings;
use tokio::runtime::{Builder, Runtime};

use crate::healthy::{Healthy, Running, Times};
use crate::heap;
use crate::peer::Server;

/// Heap that is not the attack's: the chunks that each of the server's threads keeps, and the test's own.
const SLACK: isize = 2 << 20;

/// Time that is not the attack's: of a machine that does other things too.
const LATE: Duration = Duration::from_secs(1);

/// Calls that tell what an undisturbed one takes.
const CALLS: usize = 300;

/// Fewer calls than this beside an attack tell nothing about what it does to them.
const FEWEST: usize = 50;

/// The window in which a server that has nothing to do is watched.
const IDLE: Duration = Duration::from_millis(50);

/// Measuring needs the process for itself: its heap and its processor time are counted.
static ALONE: Mutex<()> = Mutex::new(());

/// What an attack may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How long it may take until the last of its connections is gone.
    pub(crate) time: Duration,
    /// What it may take of the heap at a time.
    pub(crate) heap: usize,
}

/// An attack on a server beside a healthy connection.
pub(crate) struct Attack<'a> {
    name: &'a str,
    settings: ServerSettings,
    bounds: Bounds,
    pause: Duration,
}

/// Runs `measure` with the process for itself, and with a runtime for clients.
pub(crate) fn alone<R>(measure: impl FnOnce(&Runtime) -> R) -> R {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    measure(&runtime)
}

impl<'a> Attack<'a> {
    /// An attack on a server with two threads, and a healthy connection that calls on and on.
    pub(crate) fn new(name: &'a str, settings: ServerSettings, bounds: Bounds) -> Self {
        Self { name, settings, bounds, pause: Duration::ZERO }
    }

    /// Lets the healthy connection pause after each call.
    pub(crate) fn with_pauses(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Attacks until all connections of the attack are gone. Fails if an answer of the healthy connection is wrong or
    /// missing, or if a bound does not hold. Gives what the healthy calls took.
    ///
    /// The p99 of the healthy calls is printed. Their median is what is held, at twice the undisturbed one and a
    /// millisecond: on a busy machine of two cores the slowest call of a hundred tells about the machine. An attack
    /// that slows calls down slows them each time: three times are tried before it counts.
    pub(crate) fn run(self, attack: impl AsyncFn(&Server)) -> Times {
        alone(|clients| {
            let server = Server::start(self.settings.clone(), 2);
            let mut healthy = Healthy::connect(server.address);
            healthy.calls(50);
            for _ in 0..2 {
                let (again, quiet, attacked) = self.once(clients, &server, healthy, &attack);
                if is_harmless(quiet, attacked) {
                    return attacked;
                }
                healthy = again;
            }
            let (_, quiet, attacked) = self.once(clients, &server, healthy, &attack);
            let name = self.name;
            assert!(is_harmless(quiet, attacked), "{name}: a call takes {attacked:?}, undisturbed {quiet:?}");
            attacked
        })
    }

    fn once(
        &self,
        clients: &Runtime,
        server: &Server,
        mut healthy: Healthy,
        attack: &impl AsyncFn(&Server),
    ) -> (Healthy, Times, Times) {
        let quiet = healthy.calls(CALLS);
        let held = heap::begin();
        let (healthy, attacked, gone) = attacked(clients, server, healthy.begin(self.pause), attack);
        let cost = Cost { gone, heap: heap::peak() - held, idle: busy(IDLE), left: heap::held() - held };
        println!("{}", self.row(&cost, quiet, attacked));
        self.check(&cost);
        let counted = server.handle.stats().held;
        assert_eq!(counted, 0, "{}: bytes are counted that are not held", self.name);
        (healthy, quiet, attacked)
    }

    fn check(&self, cost: &Cost) {
        let Self { name, bounds, .. } = self;
        let &Cost { gone, heap, left, idle } = cost;
        assert!(gone <= bounds.time + LATE, "{name}: connections were there for {gone:?}");
        assert!(heap <= bounds.heap.cast_signed() + SLACK, "{name}: {heap} bytes were held");
        assert!(left <= SLACK, "{name}: {left} bytes are left");
        assert!(idle <= IDLE / 4, "{name}: a server without work was busy for {idle:?} of {IDLE:?}");
    }

    fn row(&self, cost: &Cost, quiet: Times, attacked: Times) -> String {
        let Self { name, bounds, .. } = self;
        let Cost { gone, heap, idle, .. } = cost;
        format!(
            "{name}: gone after {gone:.0?} (bound {:.0?}), heap {} KiB (bound {} KiB); a call p50 {:.0?} -> {:.0?}, \
             p99 {:.0?} -> {:.0?} ({} calls, {} stuck); afterwards busy {idle:.0?} of {IDLE:.0?}",
            bounds.time,
            heap / 1024,
            bounds.heap / 1024,
            quiet.median,
            attacked.median,
            quiet.p99,
            attacked.p99,
            attacked.calls,
            attacked.stuck,
        )
    }
}

/// What an attack has cost.
struct Cost {
    /// Time until the last of its connections was gone.
    gone: Duration,
    /// The most that was held of the heap.
    heap: isize,
    /// What is held of it afterwards.
    left: isize,
    /// Processor time of [`IDLE`] afterwards.
    idle: Duration,
}

fn is_harmless(quiet: Times, attacked: Times) -> bool {
    attacked.median <= quiet.median * 2 + Duration::from_millis(1)
}

/// Attacks until that says something about the calls beside it.
fn attacked(
    clients: &Runtime,
    server: &Server,
    healthy: Running,
    attack: &impl AsyncFn(&Server),
) -> (Healthy, Times, Duration) {
    let mut longest = Duration::ZERO;
    while longest.is_zero() || healthy.calls() < FEWEST {
        let begin = Instant::now();
        clients.block_on(async {
            attack(server).await;
            server.left_with(1).await;
        });
        longest = longest.max(begin.elapsed());
    }
    let (healthy, attacked) = healthy.end();
    (healthy, attacked, longest)
}

/// The processor time that this process takes while it is left alone.
pub(crate) fn busy(window: Duration) -> Duration {
    let begin = processor();
    std::thread::sleep(window);
    processor() - begin
}

fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap()
}
