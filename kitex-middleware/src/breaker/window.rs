//! Counts of what happened lately.

use std::sync::atomic::{AtomicU64, Ordering};

use super::config::MAX_BUCKETS;

/// Two counts over the buckets of the time that has just passed, such as calls that succeeded and calls that failed.
///
/// Times are nanoseconds since some beginning. Threads count in shards of their own; a sum goes over all of them.
pub(super) struct Window {
    /// Nanoseconds of a bucket.
    bucket: u64,
    /// As many as a power of two.
    shards: Box<[Shard]>,
}

/// On cache lines of its own (a pair of them, which processors fetch together).
#[repr(align(128))]
struct Shard {
    /// The [`Place`] of the latest bucket that was counted in.
    last: AtomicU64,
    /// Slot `n % length` is that of bucket `n`. Each is changed as a whole: see [`Counts`].
    slots: Box<[AtomicU64]>,
}

/// A bucket and its slot, which need not be divided for again: 50 bits of the bucket's number, 14 of the slot.
#[derive(Clone, Copy)]
struct Place {
    number: u64,
    slot: usize,
}

/// The counts of one bucket: 16 bits of its number, which tell whose counts a slot holds, 24 of each count. Slots of
/// buckets that are passed over are cleared: what a slot holds is its present bucket's, or that of one lap before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Counts {
    bucket: u16,
    counts: [u32; 2],
}

/// What 24 bits hold.
const MAX: u32 = (1 << 24) - 1;

/// What 50 bits hold: with buckets of a millisecond, 35 000 years.
const MAX_NUMBER: u64 = (1 << 50) - 1;

const SLOT_BITS: u32 = 14;

const _: () = assert!(MAX_BUCKETS <= 1 << SLOT_BITS, "a slot fits into its bits");
const _: () = assert!(MAX_BUCKETS < 1 << 15, "a lap is told from the one before and after it");

impl Window {
    pub(super) fn new(bucket: u64, buckets: usize, shards: usize) -> Self {
        let shard = || Shard {
            last: AtomicU64::new(0),
            slots: (0..buckets.clamp(1, MAX_BUCKETS)).map(|_| AtomicU64::new(0)).collect(),
        };
        let shards = shards.max(1).next_power_of_two();
        Self { bucket: bucket.max(1), shards: (0..shards).map(|_| shard()).collect() }
    }

    fn number(&self, time: u64) -> u64 {
        (time / self.bucket).min(MAX_NUMBER)
    }

    /// Counts in the first or the second count at `time`. `now` is asked if that is a window or more away from the last
    /// time: then either nobody counted for long, or one of the two is wrong.
    pub(super) fn add(&self, shard: usize, time: u64, second: bool, now: impl FnOnce() -> u64) {
        let shard = &self.shards[shard & (self.shards.len() - 1)];
        let mut place = Place::read(shard.last.load(Ordering::Relaxed));
        if time.wrapping_sub(place.number * self.bucket) >= self.bucket {
            let turned = shard.turn(self.number(time), || self.number(now()));
            let Some(turned) = turned else { return };
            place = turned;
        }
        if let Some(slot) = shard.slots.get(place.slot) {
            Counts::add_to(slot, place.number as u16, second);
        }
    }

    /// Both counts of the window that ends at `time`.
    pub(super) fn sum(&self, time: u64) -> [u64; 2] {
        let number = self.number(time);
        let mut sum = [0; 2];
        for counts in self.shards.iter().flat_map(|shard| shard.counts(number)) {
            sum[0] += u64::from(counts[0]);
            sum[1] += u64::from(counts[1]);
        }
        sum
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            shard.clear();
        }
    }
}

impl Shard {
    fn length(&self) -> u64 {
        self.slots.len() as u64
    }

    fn place(&self, number: u64) -> Place {
        Place { number, slot: (number % self.length()) as usize }
    }

    /// Goes on to another bucket. Nothing if `number` is none of this time.
    #[cold]
    fn turn(&self, number: u64, now: impl FnOnce() -> u64) -> Option<Place> {
        let seen = self.last.load(Ordering::Relaxed);
        let (last, place) = (Place::read(seen).number, self.place(number));
        if number.abs_diff(last) >= self.length() {
            if number.abs_diff(now()) >= self.length() {
                return None;
            }
            self.clear();
            self.last.store(place.write(), Ordering::Relaxed);
        } else if number > last {
            for skipped in last + 1..number {
                self.slots[self.place(skipped).slot].store(0, Ordering::Relaxed);
            }
            // One that loses here has lost to a thread that counts at the same time.
            let _ = self.last.compare_exchange(seen, place.write(), Ordering::Relaxed, Ordering::Relaxed);
        }
        Some(place)
    }

    fn clear(&self) {
        self.slots.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
    }

    /// The counts of the buckets up to `number`.
    fn counts(&self, number: u64) -> impl Iterator<Item = [u32; 2]> {
        let Place { slot: latest, .. } = self.place(number);
        let last = Place::read(self.last.load(Ordering::Relaxed)).number;
        let lately = last.abs_diff(number) < self.length();
        let slots = self.slots.iter().enumerate().filter(move |_| lately);
        let length = self.slots.len();
        slots.filter_map(move |(slot, word)| {
            // The latest bucket of this slot is as many before `number` as its slot is before the latest slot.
            let before = if slot <= latest { latest - slot } else { latest + length - slot };
            let counts = Counts::read(word.load(Ordering::Relaxed));
            (counts.bucket == (number as u16).wrapping_sub(before as u16)).then_some(counts.counts)
        })
    }
}

impl Place {
    fn read(word: u64) -> Self {
        Self { number: word >> SLOT_BITS, slot: (word & ((1 << SLOT_BITS) - 1)) as usize }
    }

    fn write(self) -> u64 {
        self.number << SLOT_BITS | self.slot as u64
    }
}

impl Counts {
    fn read(word: u64) -> Self {
        let count = |shift: u32| (word >> shift) as u32 & MAX;
        Self { bucket: (word >> 48) as u16, counts: [count(24), count(0)] }
    }

    fn write(self) -> u64 {
        u64::from(self.bucket) << 48 | u64::from(self.counts[0]) << 24 | u64::from(self.counts[1])
    }

    /// Counts one in a slot, for a bucket.
    fn add_to(slot: &AtomicU64, bucket: u16, second: bool) {
        let mut seen = slot.load(Ordering::Relaxed);
        loop {
            let mut counts = Self::read(seen);
            if counts.bucket != bucket {
                // The slot is a later bucket's already: this outcome comes too late to be counted.
                if counts.counts != [0; 2] && bucket.wrapping_sub(counts.bucket) > u16::MAX / 2 {
                    return;
                }
                counts = Self { bucket, counts: [0; 2] };
            }
            counts.add(usize::from(second));
            match slot.compare_exchange_weak(seen, counts.write(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => seen = other,
            }
        }
    }

    /// Counts one. Where that does not fit both are halved, which keeps the share of each.
    fn add(&mut self, at: usize) {
        if self.counts[at] == MAX {
            self.counts = self.counts.map(|count| count / 2);
        }
        self.counts[at] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of 4 buckets of 10 ns.
    fn window() -> Window {
        Window::new(10, 4, 2)
    }

    /// Counts at a time that the clock says.
    fn add(window: &Window, time: u64, second: bool) {
        window.add(time as usize, time, second, || time);
    }

    #[test]
    fn what_happened_leaves_the_window_bucket_by_bucket() {
        let window = window();
        for time in [1000, 1010, 1015, 1020, 1039] {
            add(&window, time, time == 1015);
        }
        let sums = [1039, 1049, 1050, 1069, 1079].map(|time| window.sum(time));
        assert_eq!(sums, [[4, 1], [3, 1], [2, 0], [1, 0], [0, 0]]);
    }

    #[test]
    fn nothing_of_earlier_laps_is_left_however_far_apart_they_are() {
        for laps in [1, 2, 65_536 / 4, 65_535, 65_536, 65_537, 1 << 40] {
            let window = window();
            for slot in 0..4 {
                add(&window, 1000 + slot * 10, true);
            }
            let later = 1000 + laps * 40;
            assert_eq!(window.sum(later)[1], u64::from(laps == 1) * 3);
            add(&window, later, false);
            assert_eq!(window.sum(later + 39), [1, 0], "{laps}");
        }
    }

    #[test]
    fn a_slot_that_is_never_used_holds_nothing_when_the_numbers_have_wrapped() {
        let window = window();
        window.add(0, 1015, true, || 1015);
        for even in 2..=65_536 / 2 {
            window.add(0, 1000 + even * 20, false, || unreachable!("no window has passed"));
        }
        // The slot of 1015, as many buckets later as 16 bits count.
        assert_eq!(window.sum(1015 + 65_536 * 10), [2, 0]);
    }

    #[test]
    fn a_time_that_the_clock_does_not_say_is_not_counted() {
        let window = window();
        add(&window, 10_000, true);
        for wrong in [0, 9_000, 11_000, u64::MAX] {
            window.add(0, wrong, true, || 10_010);
        }
        assert_eq!(window.sum(10_010), [0, 1]);
        window.add(0, 10_010, true, || 10_010);
        assert_eq!(window.sum(10_010), [0, 2], "and the next one is");
    }

    #[test]
    fn a_clock_that_has_jumped_is_followed() {
        for jumped in [0, 5_000, 90_000, u64::MAX / 2] {
            let window = window();
            add(&window, 10_000, true);
            assert_eq!(window.sum(jumped), [0, 0], "what was before is over");
            add(&window, jumped, false);
            assert_eq!(window.sum(jumped), [1, 0]);
        }
    }

    #[test]
    fn an_outcome_counts_in_the_bucket_of_its_time_although_others_came_first() {
        let window = window();
        for time in [1030, 1000, 1010, 1030] {
            window.add(0, time, true, || 1030);
        }
        assert_eq!((window.sum(1030), window.sum(1040)), ([0, 4], [0, 3]));
    }

    #[test]
    fn full_counters_keep_their_share() {
        let mut counts = Counts { bucket: u16::MAX, counts: [MAX, MAX / 4] };
        counts.add(0);
        assert_eq!(counts, Counts { bucket: u16::MAX, counts: [MAX / 2 + 1, MAX / 8] });
        assert_eq!(Counts::read(counts.write()), counts);
    }

    #[test]
    fn threads_that_count_at_once_lose_nothing() {
        let window = Window::new(10, 4, 1);
        std::thread::scope(|scope| {
            for second in [false, true, true] {
                let window = &window;
                scope.spawn(move || (0..10_000).for_each(|_| window.add(0, 5, second, || 5)));
            }
        });
        assert_eq!(window.sum(5), [10_000, 20_000]);
    }

    #[test]
    fn clearing_forgets_everything() {
        let window = window();
        (1000..1030).for_each(|time| add(&window, time, true));
        window.clear();
        assert_eq!(window.sum(1030), [0, 0]);
    }
}
