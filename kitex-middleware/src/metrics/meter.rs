//! Who takes what a call measures at once, in place of one handle of the facade for each figure.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Takes what the calls of one method measure.
///
/// Handles of the facade are found and told one by one, eleven for a call and its two sides; this is told twice a side. What
/// it counts is added to whatever the handles of the same series are told: see [`CallMeters`].
pub trait CallMeter: fmt::Debug + Send + Sync {
    /// A call has begun, after it `waited` to be taken up if it was served, with so many bytes of arguments if it is not
    /// made with a stream.
    fn begin(&self, waited: Option<Duration>, request: Option<usize>);

    /// A call is over, with so many bytes of results if it has some, in one piece. One that was answered by a value `took`
    /// so long; any other's time goes to a handle of the facade, whose labels say how it ended.
    fn end(&self, took: Option<Duration>, response: Option<usize>);
}

/// Names the series that a [`CallMeter`] adds to, as the facade's handles would be asked for.
#[derive(Debug, Clone, Copy)]
pub struct CallSeries<'a> {
    /// The histogram of seconds that calls took.
    pub duration: &'static str,
    /// The gauge of calls under way.
    pub active: &'static str,
    /// The histogram of bytes of arguments.
    pub request: &'static str,
    /// The histogram of bytes of results.
    pub response: &'static str,
    /// The histogram of seconds that served calls waited.
    pub queue: Option<&'static str>,
    /// The labels of all of them.
    pub labels: [(&'a str, &'a str); 2],
}

/// Gives the meters of methods: what a recorder does for a [`MetricsLayer`](super::MetricsLayer) beside its handles.
pub trait CallMeters: fmt::Debug + Send + Sync {
    /// The meter of a method's calls. Two that ask for the same series get the same one. `None` if there is none for them:
    /// then the calls tell the facade's handles.
    fn meter(&self, series: &CallSeries<'_>) -> Option<Arc<dyn CallMeter>>;
}

#[derive(Debug)]
struct Installed {
    meters: &'static dyn CallMeters,
    /// Whose they are: the recorder by its address.
    recorder: usize,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Gives what calls measure to `meters`, wherever the facade's recorder is the process's own as it is now: install that first.
/// Layers that meet another recorder, a local one or none, tell that one's handles. Errors, with the meters, if there are
/// some already.
pub fn set_call_meters(meters: &'static dyn CallMeters) -> Result<(), &'static dyn CallMeters> {
    INSTALLED.set(Installed { meters, recorder: of_process() }).map_err(|_| meters)
}

/// The address of the whole process's recorder, as a thread sees it that has none of its own.
fn of_process() -> usize {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, recorder);
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(recorder)
    })
}

/// The meter of a method's calls, if the recorder of this place has one.
pub(super) fn of(series: &CallSeries<'_>) -> Option<Arc<dyn CallMeter>> {
    let installed = INSTALLED.get().filter(|installed| installed.recorder == recorder())?;
    installed.meters.meter(series)
}

/// The address of the facade's recorder.
fn recorder() -> usize {
    metrics::with_recorder(|recorder| std::ptr::from_ref(recorder).addr())
}
