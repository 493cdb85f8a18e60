//! What a layer keeps for each method.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use kitex_core::{Method, MethodDescriptor};

/// Methods with state of their own; all further ones share one. More than a process of generated services has, and with
/// [`MAX_NAMES`] it bounds what the names cost that a proxy's callers make up.
pub(crate) const MAX_METHODS: usize = 1024;

/// Bytes of the two names of a method without a descriptor that has state of its own. Names are kept, and a page of metrics
/// repeats them in each of its lines, while a caller may fill a whole frame with one.
const MAX_NAMES: usize = 256;

/// Slots of the first table; each further one has twice as many, so that a layer over a few methods stays small.
const FIRST: usize = 32;

/// The last table has [`MAX_METHODS`] slots, and so is never full.
const TABLES: usize = (MAX_METHODS / FIRST).ilog2() as usize + 1;

/// Slots that are looked at in a table before the next one.
const PROBES: usize = 8;

/// State for each method, made when the method is first called, and never removed.
///
/// A method with a static descriptor is found by the descriptor's address, any other by its names. Finding takes no lock
/// and allocates nothing. After [`MAX_METHODS`] methods all further ones have one state together, with those whose names are
/// longer than [`MAX_NAMES`] and come from no descriptor.
pub(crate) struct PerMethod<T> {
    /// The first table, in place: a layer that was made is most often called.
    first: [Slot<T>; FIRST],
    further: [OnceLock<Box<[Slot<T>]>>; TABLES - 1],
    make: Box<Make<T>>,
    count: AtomicUsize,
    others: OnceLock<Arc<T>>,
    /// Keyed anew by each process: callers choose names.
    hasher: RandomState,
}

type Make<T> = dyn Fn(Option<&Method>) -> T + Send + Sync;

type Slot<T> = OnceLock<(Method, Arc<T>)>;

/// Where a method's state is, for as long as there is a state: for calls to keep, which then count no reference to it.
///
/// The table, and in the lower half the slot: as one number it is in a register, where two would be written one by one and
/// read together, which waits for both stores to be through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot(u32);

impl Spot {
    /// In no table: that of all methods beyond the bounds.
    pub(crate) const OTHERS: Self = Self(u32::MAX);

    #[inline]
    fn new(table: usize, slot: usize) -> Self {
        Self((table << 16 | slot) as u32)
    }

    fn table(self) -> usize {
        (self.0 >> 16) as usize
    }

    #[inline]
    fn slot(self) -> usize {
        (self.0 & 0xffff) as usize
    }
}

impl<T> PerMethod<T> {
    /// `make` gives the state of a method, and without one that of all methods beyond the bounds.
    pub(crate) fn new(make: impl Fn(Option<&Method>) -> T + Send + Sync + 'static) -> Self {
        Self {
            first: [const { OnceLock::new() }; FIRST],
            further: [const { OnceLock::new() }; TABLES - 1],
            make: Box::new(make),
            count: AtomicUsize::new(0),
            others: OnceLock::new(),
            hasher: RandomState::new(),
        }
    }

    /// The state of a method.
    #[inline]
    pub(crate) fn get(&self, method: &Method) -> &Arc<T> {
        self.find(method).1
    }

    /// The state of a method, and where it is.
    #[inline]
    pub(crate) fn find(&self, method: &Method) -> (Spot, &Arc<T>) {
        let Some(descriptor) = method.descriptor() else { return self.find_named(method) };
        let hash = hash(descriptor);
        let slot = hash % FIRST;
        // Nearly every method stands where it is looked for first.
        match self.first[slot].get() {
            Some((there, state)) if is_of(there, descriptor) => (Spot::new(0, slot), state),
            _ => self.probe(hash, method),
        }
    }

    /// The state of a method that no descriptor is known of.
    #[inline(never)]
    fn find_named(&self, method: &Method) -> (Spot, &Arc<T>) {
        // Before anything is made of the names: they may be as long as a frame.
        if method.service().len() + method.name().len() > MAX_NAMES {
            return (Spot::OTHERS, self.others());
        }
        self.probe(self.hasher.hash_one((method.service(), method.name())) as usize, method)
    }

    #[cold]
    fn probe(&self, hash: usize, method: &Method) -> (Spot, &Arc<T>) {
        let probed = (0..TABLES).flat_map(|table| probes(table, hash).map(move |slot| (table, slot)));
        for (table, slot) in probed {
            let spot = Spot::new(table, slot);
            let slot = &self.table(table)[slot];
            let Some((there, state)) = slot.get().or_else(|| self.insert(slot, method)) else { break };
            if is_same(there, method) {
                return (spot, state);
            }
        }
        (Spot::OTHERS, self.others())
    }

    /// The state that was found there.
    #[inline]
    pub(crate) fn at(&self, spot: Spot) -> &Arc<T> {
        match self.first.get(spot.0 as usize).and_then(OnceLock::get) {
            Some((_, state)) => state,
            None => self.at_further(spot),
        }
    }

    #[inline(never)]
    fn at_further(&self, spot: Spot) -> &Arc<T> {
        let table = spot.table().checked_sub(1).and_then(|table| self.further.get(table)?.get());
        match table.and_then(|table| table.get(spot.slot())?.get()) {
            Some((_, state)) => state,
            None => self.others(),
        }
    }

    #[cold]
    fn others(&self) -> &Arc<T> {
        self.others.get_or_init(|| Arc::new((self.make)(None)))
    }

    /// All states, each with its method; the one beyond the bounds has none.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Option<&Method>, &Arc<T>)> {
        let further = self.further.iter().filter_map(OnceLock::get).flat_map(|table| table.iter());
        let own = self
            .first
            .iter()
            .chain(further)
            .filter_map(OnceLock::get)
            .map(|(method, state)| (Some(method), state));
        own.chain(self.others.get().map(|state| (None, state)))
    }

    fn table(&self, index: usize) -> &[Slot<T>] {
        match index.checked_sub(1) {
            None => &self.first,
            Some(further) => {
                self.further[further].get_or_init(|| (0..FIRST << index).map(|_| OnceLock::new()).collect())
            }
        }
    }

    /// Takes a free slot for a method, unless another thread is faster. `None` if the bound is reached.
    #[cold]
    fn insert<'a>(&self, slot: &'a Slot<T>, method: &Method) -> Option<&'a (Method, Arc<T>)> {
        let more = |count: usize| (count < MAX_METHODS).then_some(count + 1);
        if self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return slot.get();
        }
        let mut taken = false;
        let entry = slot.get_or_init(|| {
            taken = true;
            (method.clone(), Arc::new((self.make)(Some(method))))
        });
        if !taken {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        Some(entry)
    }
}

impl<T> fmt::Debug for PerMethod<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(method, _)| method)).finish()
    }
}

/// The slots of a table that a method may be in, in order: some of it, all of the last one.
fn probes(table: usize, hash: usize) -> impl Iterator<Item = usize> {
    let slots = FIRST << table;
    let probes = if table + 1 == TABLES { slots } else { PROBES };
    (0..probes).map(move |probe| hash.wrapping_add(probe) & (slots - 1))
}

/// Fibonacci hashing, by the high half: descriptors stand side by side.
#[inline]
fn hash(descriptor: &'static MethodDescriptor) -> usize {
    let address = std::ptr::from_ref(descriptor).addr() as u64;
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[inline]
fn is_of(method: &Method, descriptor: &'static MethodDescriptor) -> bool {
    method.descriptor().is_some_and(|other| std::ptr::eq(other, descriptor))
}

fn is_same(left: &Method, right: &Method) -> bool {
    match (left.descriptor(), right.descriptor()) {
        (Some(left), Some(right)) => std::ptr::eq(left, right),
        (None, None) => (left.name(), left.service()) == (right.name(), right.service()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kitex_core::Streaming;

    use super::*;

    const fn descriptor(name: &'static str) -> MethodDescriptor {
        MethodDescriptor {
            service: "Svc",
            name,
            index: 0,
            oneway: false,
            idempotent: false,
            streaming: Streaming::None,
            exceptions: &[],
            annotations: &[],
        }
    }

    /// State that tells whose it is.
    fn names() -> PerMethod<String> {
        PerMethod::new(|method| method.map_or("others".to_owned(), Method::to_string))
    }

    #[test]
    fn a_method_keeps_its_state_and_shares_it_with_no_other() {
        static METHODS: [MethodDescriptor; 3] = [descriptor("A"), descriptor("B"), descriptor("A")];
        let methods = names();
        let named = [Method::dynamic("Svc", "A"), Method::dynamic("Svc", "C"), Method::dynamic("Sv", "cA")];
        let all: Vec<_> = METHODS.iter().map(Method::from).chain(named).collect();
        let states: Vec<_> = all.iter().map(|method| Arc::clone(methods.get(method))).collect();
        for (at, method) in all.iter().enumerate() {
            assert_eq!(*states[at], method.to_string());
            let same = states.iter().filter(|state| Arc::ptr_eq(state, methods.get(method))).count();
            assert_eq!(same, 1, "{method}");
        }
        assert!(Arc::ptr_eq(methods.get(&Method::dynamic("Svc", "C")), &states[4]), "names are compared");
        for (method, state) in all.iter().zip(&states) {
            assert!(Arc::ptr_eq(methods.at(methods.find(method).0), state), "{method} stays where it is");
        }
        assert_eq!(methods.iter().count(), all.len());
    }

    #[test]
    fn methods_beyond_the_bound_share_a_state_and_cost_nothing() {
        let methods = names();
        for at in 0..100_000 {
            let name = format!("M{at}");
            let state = methods.get(&Method::dynamic("Svc", name.clone()));
            let own = format!("Svc.{name}");
            assert_eq!(**state, if at < MAX_METHODS { &own } else { "others" });
            assert!(Arc::ptr_eq(methods.at(methods.find(&Method::dynamic("Svc", name)).0), state));
        }
        assert_eq!(methods.iter().count(), MAX_METHODS + 1);
        assert_eq!(**methods.get(&Method::dynamic("Svc", "M7")), "Svc.M7", "the first ones keep theirs");
        let further: usize = methods.further.iter().filter_map(OnceLock::get).map(|table| table.len()).sum();
        let slots = FIRST + further;
        assert!(slots <= 2 * MAX_METHODS, "{slots}");
    }

    #[test]
    fn names_too_long_to_keep_share_a_state_unless_the_program_has_them() {
        let long: &str = Box::leak("x".repeat(64 << 10).into_boxed_str());
        let own: &'static MethodDescriptor = Box::leak(Box::new(descriptor(long)));
        let methods = names();
        let kept = Method::dynamic("Svc", "x".repeat(MAX_NAMES - 3));
        assert_eq!(**methods.get(&kept), kept.to_string());
        for (service, name) in [(3, MAX_NAMES - 2), (MAX_NAMES, 1), (1, 64 << 10), (64 << 10, 0)] {
            let (spot, state) = methods.find(&Method::dynamic("x".repeat(service), "y".repeat(name)));
            assert_eq!((spot, &***state), (Spot::OTHERS, "others"), "{service} + {name}");
            assert!(Arc::ptr_eq(methods.at(spot), state));
        }
        assert_eq!(**methods.get(&Method::from(own)), format!("Svc.{long}"));
        assert_eq!((methods.iter().count(), methods.count.load(Ordering::Relaxed)), (3, 2));
    }

    #[test]
    fn few_methods_take_little() {
        let methods = names();
        for at in 0..8 {
            methods.get(&Method::dynamic("Svc", format!("M{at}")));
        }
        assert!(methods.further.iter().filter_map(OnceLock::get).count() <= 1);
    }

    #[test]
    fn threads_that_meet_at_a_method_get_one_state() {
        let methods = names();
        let barrier = std::sync::Barrier::new(4);
        let states: Vec<Vec<Arc<String>>> = std::thread::scope(|scope| {
            let thread = || {
                barrier.wait();
                let method = |at: usize| Method::dynamic("Svc", format!("M{at}"));
                (0..2 * MAX_METHODS).map(|at| Arc::clone(methods.get(&method(at)))).collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(thread)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut own = 0;
        for at in 0..2 * MAX_METHODS {
            let state = methods.get(&Method::dynamic("Svc", format!("M{at}")));
            own += usize::from(**state != "others");
            // One that gave way to a reservation of another thread is among the others for that call alone.
            assert!(states.iter().all(|states| Arc::ptr_eq(&states[at], state) || *states[at] == "others"));
        }
        assert_eq!((own, methods.count.load(Ordering::Relaxed)), (MAX_METHODS, MAX_METHODS));
    }
}
