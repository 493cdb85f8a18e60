//! The committed corpora: a choice of the recorded conversations, as input of each target.

mod conversations;
mod messages;

use std::collections::HashSet;

/// Files of one corpus at most, and how many of them may be input that is refused.
const FILES: usize = 60;
const BAD_FILES: usize = 24;

/// Bytes of one seed at most. The fuzzer is faster with short ones.
const LONGEST: usize = 2500;

/// A fuzz target with its corpus.
#[derive(Debug)]
pub struct Target {
    /// Its name, which is the name of the corpus too.
    pub name: &'static str,
    /// Plays an input; true if it was good to its end.
    pub run: fn(&[u8]) -> bool,
    candidates: fn() -> Vec<Seed>,
}

/// One file of a corpus.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The recorded case that it is from, or what it shows.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
    /// What makes it worth having beside other recorded ones; those that were not recorded have none and all stay.
    kind: Option<String>,
}

impl Seed {
    fn made(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.to_vec(), kind: None }
    }
}

/// All targets.
pub const TARGETS: [Target; 11] = [
    Target { name: "frame", run: crate::frame::run, candidates: messages::streams },
    Target { name: "header", run: crate::header::run, candidates: messages::headers },
    Target { name: "envelope", run: crate::envelope::run, candidates: messages::payloads },
    Target {
        name: "compact",
        run: crate::compact::run,
        candidates: || messages::structs(kitex_codec::Protocol::Compact),
    },
    Target {
        name: "json",
        run: crate::json::run,
        candidates: || messages::structs(kitex_codec::Protocol::Json),
    },
    Target { name: "apache", run: crate::apache::run, candidates: messages::generated },
    Target { name: "rivals", run: crate::rivals::run, candidates: messages::read_by_rivals },
    Target { name: "skip", run: crate::skip::run, candidates: messages::values },
    Target { name: "detect", run: crate::detect::run, candidates: messages::heads },
    Target { name: "server", run: crate::server::run, candidates: conversations::servers },
    Target { name: "client", run: crate::client::run, candidates: conversations::clients },
];

impl Target {
    /// The corpus: what was not recorded, and of recorded ones of the same kind the shortest; more good ones than others.
    pub fn seeds(&self) -> Vec<Seed> {
        let mut candidates = (self.candidates)();
        candidates.retain(|seed| !seed.bytes.is_empty() && seed.bytes.len() <= LONGEST);
        candidates.sort_by_key(|seed| (seed.bytes.len(), seed.name.clone()));
        let mut kinds = HashSet::new();
        candidates.retain(|seed| seed.kind.is_none() || kinds.insert(seed.kind.clone()));
        let (made, recorded): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|seed| seed.kind.is_none());
        let (good, bad): (Vec<_>, Vec<_>) = recorded.into_iter().partition(|seed| (self.run)(&seed.bytes));
        let made_bad = made.iter().filter(|seed| !(self.run)(&seed.bytes)).count();
        let bad = spread(bad, BAD_FILES.saturating_sub(made_bad).min(good.len()));
        let good = spread(good, FILES - made.len() - bad.len());
        made.into_iter().chain(good).chain(bad).collect()
    }
}

/// At most `count` of the seeds, from the shortest to the longest.
fn spread(seeds: Vec<Seed>, count: usize) -> Vec<Seed> {
    let all = seeds.len();
    if all <= count {
        return seeds;
    }
    (0..count).map(|at| seeds[at * all / count].clone()).collect()
}
