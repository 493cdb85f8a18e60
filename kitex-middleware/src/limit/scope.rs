//! Which calls share a limit.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use kitex_core::{Error, Method, Request};
use serde_json::{Value, json};

use super::Keyed;
use crate::methods::PerMethod;
use crate::panic::{catch, closure_panicked};

/// Tells whose limit a call counts for.
type KeyFunction = dyn for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync;

/// The state of a limit for all calls, or for each method.
pub(crate) enum Methods<T> {
    All(Arc<T>),
    Each(PerMethod<T>),
}

/// The state of a limit for all calls, or for each method, caller, or key.
pub(crate) enum Scoped<T> {
    Methods(Methods<T>),
    Caller(Arc<Keyed<T>>),
    Key { keyed: Arc<Keyed<T>>, name: &'static str, function: Box<KeyFunction> },
}

/// The state that a call counts for.
pub(crate) enum Found<'a, T> {
    One(&'a Arc<T>),
    Slot(&'a Arc<Keyed<T>>, usize),
}

impl<T> Deref for Found<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::One(state) => state,
            Self::Slot(keyed, place) => keyed.at(*place),
        }
    }
}

impl<T> Methods<T> {
    /// One for all calls.
    pub(crate) fn all(state: T) -> Self {
        Self::All(Arc::new(state))
    }

    /// One for each method.
    pub(crate) fn each(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::Each(PerMethod::new(move |_| make()))
    }

    /// The state of a call.
    pub(crate) fn find(&self, request: &Request) -> &Arc<T> {
        match self {
            Self::All(state) => state,
            Self::Each(methods) => methods.get(&request.method),
        }
    }

    /// Who shares a limit, in words.
    pub(crate) fn whose(&self) -> Whose {
        match self {
            Self::All(_) => Whose::All,
            Self::Each(_) => Whose::Method,
        }
    }

    /// What it is for, in a word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::All(_) => "all",
            Self::Each(_) => "method",
        }
    }

    /// What `shown` makes of all states, beside the method that each is of.
    pub(crate) fn inspect(&self, shown: impl Fn(&T) -> Value) -> Value {
        let with_method = |method: Option<String>, state: &T| {
            let mut value = shown(state);
            value["method"] = method.into();
            value
        };
        match self {
            Self::All(state) => Value::Array(vec![with_method(None, state)]),
            Self::Each(methods) => methods
                .iter()
                .map(|(method, state)| with_method(method.map(Method::to_string), state))
                .collect(),
        }
    }
}

impl<T> Scoped<T> {
    /// For each caller; at most as many as `keys` at a time have a state of their own.
    pub(crate) fn caller(keys: usize, make: impl Fn() -> T) -> Self {
        Self::Caller(Arc::new(Keyed::new(keys, make)))
    }

    /// For each key that a function gives, which errors call `name`.
    pub(crate) fn key<F>(keys: usize, make: impl Fn() -> T, name: &'static str, function: F) -> Self
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        Self::Key { keyed: Arc::new(Keyed::new(keys, make)), name, function: Box::new(function) }
    }

    /// The state of a call. Errors if the key function panics. What `is_idle` can be given to another key.
    pub(crate) fn find(
        &self,
        request: &Request,
        is_idle: impl Fn(&T) -> bool,
    ) -> Result<Found<'_, T>, Error> {
        Ok(match self {
            Self::Methods(methods) => Found::One(methods.find(request)),
            Self::Caller(keyed) => Found::Slot(keyed, keyed.find(request.context.caller(), is_idle)),
            Self::Key { keyed, name, function } => {
                let key = catch(|| function(request)).map_err(|said| {
                    let function = format_args!("the key function {name:?} of a limit");
                    closure_panicked(function, &request.method, &said)
                })?;
                Found::Slot(keyed, keyed.find(&*key, is_idle))
            }
        })
    }

    /// Who shares the limit that a call has met, in words.
    pub(crate) fn whose(&self, request: &Request) -> Whose {
        match self {
            Self::Methods(methods) => methods.whose(),
            Self::Caller(_) => Whose::key("caller", request.context.caller()),
            Self::Key { name, function, .. } => {
                Whose::key(name, &catch(|| function(request)).unwrap_or_default())
            }
        }
    }

    /// What it is for, in a word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Methods(methods) => methods.name(),
            Self::Caller(_) => "caller",
            Self::Key { name, .. } => name,
        }
    }

    /// What `shown` makes of the states of methods; of callers and keys, how many are not idle.
    pub(crate) fn inspect(&self, is_idle: impl Fn(&T) -> bool, shown: impl Fn(&T) -> Value) -> Value {
        match self {
            Self::Methods(methods) => methods.inspect(shown),
            Self::Caller(keyed) | Self::Key { keyed, .. } => {
                json!({ "keys": keyed.states().iter().filter(|state| !is_idle(state)).count() })
            }
        }
    }
}

impl<T> fmt::Debug for Methods<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "per {}", self.name())
    }
}

impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "per {}", self.name())
    }
}

/// Who shares a limit, in words that end a sentence.
pub(crate) enum Whose {
    All,
    Method,
    Key(String),
}

/// What of a key is said: enough to know it, whatever a caller puts there.
const SHOWN: usize = 64;

impl Whose {
    fn key(name: &str, key: &str) -> Self {
        let shown: String = key.chars().take(SHOWN).collect();
        let more = if shown.len() < key.len() { "…" } else { "" };
        Self::Key(format!("{name} {shown:?}{more}"))
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("over all methods"),
            Self::Method => f.write_str("of this method"),
            Self::Key(key) => write!(f, "of {key}"),
        }
    }
}
