//! Where allocations and copies are made, for `--places`.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Frames of this project that are shown of a place.
const FRAMES: usize = 5;

/// Copies below this size are not noted: each is cheap, and there are many.
const COPIES_FROM: usize = 64;

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Allocation,
    Copy,
}

/// A place that allocates or copies.
pub(crate) struct Place {
    pub(crate) what: What,
    pub(crate) times: u64,
    pub(crate) bytes: u64,
    /// The innermost frames of this project.
    pub(crate) frames: String,
}

thread_local! {
    static NOTING: Cell<bool> = const { Cell::new(false) };
    static NOTED: RefCell<Vec<(What, usize, Backtrace)>> = const { RefCell::new(Vec::new()) };
}

/// Notes the places of this thread from now on.
pub(crate) fn begin() {
    NOTING.set(true);
}

/// Notes a place, unless noting itself came there.
pub(crate) fn note(what: What, bytes: usize) {
    let worth = what == What::Allocation || bytes >= COPIES_FROM;
    if worth && NOTING.replace(false) {
        NOTED.with_borrow_mut(|noted| noted.push((what, bytes, Backtrace::force_capture())));
        NOTING.set(true);
    }
}

/// The places that this thread has noted, those that cost most often first.
pub(crate) fn take() -> Vec<Place> {
    NOTING.set(false);
    let mut places: BTreeMap<(What, String), (u64, u64)> = BTreeMap::new();
    for (what, bytes, trace) in NOTED.take() {
        let Some(frames) = frames(&trace) else { continue };
        let (times, sum) = places.entry((what, frames)).or_default();
        (*times, *sum) = (*times + 1, *sum + bytes as u64);
    }
    let places = places.into_iter();
    let places = places.map(|((what, frames), (times, bytes))| Place { what, times, bytes, frames });
    let mut places: Vec<_> = places.collect();
    places.sort_by_key(|place| (place.what, std::cmp::Reverse(place.bytes)));
    places
}

/// The innermost frames in this project's sources; `None` if there is none, as what the harness does itself.
fn frames(trace: &Backtrace) -> Option<String> {
    let text = trace.to_string();
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("at "));
    let ours = lines.filter_map(|at| at.find("/kitex").map(|begin| &at[begin + 1..]));
    let ours: Vec<_> = ours.filter(|at| at.contains("/src/")).take(FRAMES).collect();
    (!ours.is_empty()).then(|| ours.join(" < "))
}
