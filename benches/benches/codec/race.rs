//! The table of stacks: the same values in the same protocol by each of them, in turns, so that what else the machine
//! does meets all alike. Written to `target/codec.json`.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Time that one turn of a contender takes about.
const TURN: Duration = Duration::from_micros(300);

/// Turns of which the median is taken.
const TURNS: usize = 151;

/// One way of doing a thing.
pub(super) struct Contender<'a> {
    pub(super) stack: &'static str,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    /// `once` does the thing. What it gives is dropped within the time, as whoever makes it has to.
    pub(super) fn new<T>(stack: &'static str, mut once: impl FnMut() -> T + 'a) -> Self {
        let run = move |times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(once());
            }
            start.elapsed()
        };
        Self { stack, run: Box::new(run) }
    }

    /// How often the thing is done in one turn.
    fn times(&mut self) -> u64 {
        let mut times = 1;
        loop {
            let taken = (self.run)(times);
            if taken * 4 >= TURN || times > 1 << 30 {
                let one = taken.as_nanos().max(1) as u64 / times;
                return (TURN.as_nanos() as u64 / one.max(1)).max(1);
            }
            times *= 2;
        }
    }
}

/// Nanoseconds that each contender takes, by its stack: the median of its turns.
pub(super) fn race(mut contenders: Vec<Contender<'_>>) -> Vec<(&'static str, f64)> {
    let times: Vec<u64> = contenders.iter_mut().map(Contender::times).collect();
    let mut taken = vec![Vec::with_capacity(TURNS); contenders.len()];
    for _ in 0..TURNS {
        for (at, contender) in contenders.iter_mut().enumerate() {
            let turn = (contender.run)(times[at]);
            taken[at].push(turn.as_nanos() as f64 / times[at] as f64);
        }
    }
    contenders.iter().zip(&mut taken).map(|(contender, taken)| (contender.stack, median(taken))).collect()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
