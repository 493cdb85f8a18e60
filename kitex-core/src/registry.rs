//! State that can be looked at while it is used.

mod figure;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

pub use figure::{Figure, FigureKind};

/// Something with state to look at: a layer, a pool, a server.
pub trait Inspect: Send + Sync {
    /// What it is, such as `breaker`.
    fn kind(&self) -> &'static str;

    /// Which one it is, among those of its kind. May be empty.
    fn name(&self) -> &str {
        ""
    }

    /// Its state, counters, and last error. What the fields mean is said where the kind is documented.
    fn inspect(&self) -> Value;

    /// What of it is of use as metrics: few numbers with few labels. Asked for as often as metrics are read, and never on
    /// the path of a call.
    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }
}

/// Where things with state are found, to be shown. Cheap to clone; clones are the same registry.
///
/// It keeps nothing alive: what is gone is no longer listed.
///
/// ```
/// use std::sync::Arc;
///
/// use kitex_core::{Inspect, Registry};
///
/// struct Door;
///
/// impl Inspect for Door {
///     fn kind(&self) -> &'static str {
///         "door"
///     }
///
///     fn inspect(&self) -> serde_json::Value {
///         serde_json::json!({ "open": true })
///     }
/// }
///
/// let (registry, door) = (Registry::new(), Arc::new(Door));
/// registry.add(&door);
/// assert_eq!(registry.inspect().to_string(), r#"[{"kind":"door","name":"","state":{"open":true}}]"#);
/// drop(door);
/// assert_eq!(registry.inspect().to_string(), "[]");
/// ```
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<Vec<Weak<dyn Inspect>>>>);

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists `state` for as long as it is there.
    pub fn add<T: Inspect + 'static>(&self, state: &Arc<T>) {
        let weak: Weak<T> = Arc::downgrade(state);
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed.retain(|state| state.strong_count() > 0);
        listed.push(weak);
    }

    /// Lists what another registry lists at present.
    ///
    /// ```
    /// # use kitex_core::Registry;
    /// let (of_layers, of_server) = (Registry::new(), Registry::new());
    /// of_server.extend(&of_layers);
    /// ```
    pub fn extend(&self, other: &Self) {
        if Arc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let more = other.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |state: &Weak<dyn Inspect>| !listed.iter().any(|there| Weak::ptr_eq(there, state));
        let more: Vec<_> = more.into_iter().filter(is_new).collect();
        listed.extend(more);
    }

    /// Everything that is there, in the order in which it was added.
    pub fn states(&self) -> Vec<Arc<dyn Inspect>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }

    /// The state of everything that is there: a list of objects with `kind`, `name` and `state`.
    pub fn inspect(&self) -> Value {
        let shown = |state: Arc<dyn Inspect>| json!({ "kind": state.kind(), "name": state.name(), "state": state.inspect() });
        self.states().into_iter().map(shown).collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.states();
        f.debug_list().entries(kinds.iter().map(|state| state.kind())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);

    impl Inspect for Named {
        fn kind(&self) -> &'static str {
            self.0
        }

        fn inspect(&self) -> Value {
            Value::Null
        }
    }

    #[test]
    fn what_another_registry_lists_is_taken_over_once() {
        let (one, other) = (Registry::new(), Registry::new());
        let (left, right) = (Arc::new(Named("left")), Arc::new(Named("right")));
        one.add(&left);
        other.add(&right);
        for from in [&other, &other, &one] {
            one.extend(from);
        }
        assert_eq!(format!("{one:?} {other:?}"), r#"["left", "right"] ["right"]"#);
        drop(right);
        assert_eq!(format!("{one:?}"), r#"["left"]"#);
    }
}
