//! What a layer keeps for each method.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use kitex_core::Method;

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
    make: Box<Make<T>>,
    tables: [OnceLock<Box<[Slot<T>]>>; TABLES],
    count: AtomicUsize,
    others: OnceLock<Arc<T>>,
    /// Keyed anew by each process: callers choose names.
    hasher: RandomState,
}

type Make<T> = dyn Fn(Option<&Method>) -> T + Send + Sync;

type Slot<T> = OnceLock<(Method, Arc<T>)>;

/// Where a method's state is, for as long as there is a state: for calls to keep, which then count no reference to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    table: u16,
    slot: u16,
}

impl Spot {
    /// In no table: that of all methods beyond the bounds.
    pub(crate) const OTHERS: Self = Self { table: u16::MAX, slot: 0 };
}

impl<T> PerMethod<T> {
    /// `make` gives the state of a method, and without one that of all methods beyond the bounds.
    pub(crate) fn new(make: impl Fn(Option<&Method>) -> T + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            tables: std::array::from_fn(|_| OnceLock::new()),
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
        // Before anything is made of the names: they may be as long as a frame.
        if is_too_long(method) {
            return (Spot::OTHERS, self.others());
        }
        let hash = self.hash(method);
        let slot = hash & (FIRST - 1);
        // Nearly every method stands where it is looked for first.
        if let Some((there, state)) = self.table(0)[slot].get()
            && is_same(there, method)
        {
            return (Spot { table: 0, slot: slot as u16 }, state);
        }
        self.probe(hash, method)
    }

    #[cold]
    fn probe(&self, hash: usize, method: &Method) -> (Spot, &Arc<T>) {
        let probed = (0..TABLES).flat_map(|table| probes(table, hash).map(move |slot| (table, slot)));
        for (table, slot) in probed {
            let spot = Spot { table: table as u16, slot: slot as u16 };
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
        let table = self.tables.get(usize::from(spot.table)).and_then(OnceLock::get);
        match table.and_then(|table| table.get(usize::from(spot.slot))?.get()) {
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
        let slots = self.tables.iter().filter_map(OnceLock::get).flat_map(|table| table.iter());
        let own = slots.filter_map(OnceLock::get).map(|(method, state)| (Some(method), state));
        own.chain(self.others.get().map(|state| (None, state)))
    }

    #[inline]
    fn hash(&self, method: &Method) -> usize {
        match method.descriptor() {
            // Fibonacci hashing, by the high half: descriptors stand side by side.
            Some(descriptor) => {
                let address = std::ptr::from_ref(descriptor).addr() as u64;
                (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
            }
            None => self.hasher.hash_one((method.service(), method.name())) as usize,
        }
    }

    #[inline]
    fn table(&self, index: usize) -> &[Slot<T>] {
        self.tables[index].get_or_init(|| (0..FIRST << index).map(|_| OnceLock::new()).collect())
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

/// Names in a program are as long as its authors chose, others as long as a caller did.
#[inline]
fn is_too_long(method: &Method) -> bool {
    method.descriptor().is_none() && method.service().len() + method.name().len() > MAX_NAMES
}

#[inline]
fn is_same(left: &Method, right: &Method) -> bool {
    match (left.descriptor(), right.descriptor()) {
        (Some(left), Some(right)) => std::ptr::eq(left, right),
        (None, None) => (left.name(), left.service()) == (right.name(), right.service()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kitex_core::{MethodDescriptor, Streaming};

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
        let slots: usize = methods.tables.iter().filter_map(OnceLock::get).map(|table| table.len()).sum();
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
        assert!(methods.tables.iter().filter_map(OnceLock::get).count() <= 2);
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
