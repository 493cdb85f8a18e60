//! Methods that keep their thread: their calls get tasks of their own, so that other threads go on with the rest.

use std::sync::atomic::{AtomicU8, Ordering};

use kitex_core::Method;

/// Methods share a place by chance; that costs the other's calls a task.
const PLACES: usize = 64;

/// What a slow call adds to its method's weight; a fast one takes one off.
const SLOW: u8 = 16;

/// The weight from which on calls run apart: two slow calls among few. One alone may have been the machine's doing.
const APART: u8 = SLOW + 1;

/// The largest weight: after as many fast calls a method is forgiven.
const MOST: u8 = 64;

/// Which methods have kept their threads lately.
#[derive(Debug)]
pub(super) struct SlowMethods([AtomicU8; PLACES]);

impl SlowMethods {
    pub(super) fn new() -> Self {
        Self([const { AtomicU8::new(0) }; PLACES])
    }

    /// Notes a call that has kept its thread for too long, or has not. A note that is lost to another thread's at the
    /// same time does no harm.
    pub(super) fn note(&self, method: &Method, slow: bool) {
        let weight = &self.0[place(method)];
        match (weight.load(Ordering::Relaxed), slow) {
            (0, false) => {}
            (now, false) => weight.store(now - 1, Ordering::Relaxed),
            (now, true) => weight.store(now.saturating_add(SLOW).min(MOST), Ordering::Relaxed),
        }
    }

    /// True if calls of `method` are to run apart.
    pub(super) fn has(&self, method: &Method) -> bool {
        self.0[place(method)].load(Ordering::Relaxed) >= APART
    }
}

fn place(method: &Method) -> usize {
    match method.descriptor() {
        Some(descriptor) => std::ptr::from_ref(descriptor).addr() / size_of_val(descriptor) % PLACES,
        // Methods without a descriptor are a proxy's: what runs for them is the same code.
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_runs_apart_after_two_slow_calls_and_is_forgiven_after_many_fast_ones() {
        let methods = SlowMethods::new();
        let method = Method::dynamic("S", "M");
        methods.note(&method, true);
        assert!(!methods.has(&method));
        methods.note(&method, true);
        assert!(methods.has(&method));
        (0..100).for_each(|_| methods.note(&method, true));
        (0..usize::from(MOST - APART)).for_each(|_| methods.note(&method, false));
        assert!(methods.has(&method));
        (0..100).for_each(|_| methods.note(&method, false));
        assert!(!methods.has(&method));
    }

    #[test]
    fn slow_calls_far_between_do_not_count() {
        let methods = SlowMethods::new();
        let method = Method::dynamic("S", "M");
        for _ in 0..100 {
            methods.note(&method, true);
            assert!(!methods.has(&method));
            (0..SLOW).for_each(|_| methods.note(&method, false));
        }
    }
}
