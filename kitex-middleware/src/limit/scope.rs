//! Which calls share a limit.

use std::borrow::Cow;
use std::fmt;

use kitex_core::{Error, Figure, Method, Request};
use serde_json::{Value, json};

use super::Keyed;
use crate::figures::rpc_method;
use crate::methods::{PerMethod, Spot};
use crate::panic::{catch, closure_panicked};

/// Tells whose limit a call counts for.
type KeyFunction = dyn for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync;

/// The state of a limit for all calls, or for each method.
pub(crate) enum Methods<T> {
    All(T),
    Each(Box<PerMethod<T>>),
}

/// The state of a limit for all calls, or for each method, caller, or key.
pub(crate) enum Scoped<T> {
    Methods(Methods<T>),
    Caller(Keyed<T>),
    Key { keyed: Keyed<T>, name: &'static str, function: Box<KeyFunction> },
}

/// Where the state is that a call counts for: it is kept there as long as it is not idle.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Method(Spot),
    Key(usize),
}

impl<T> Methods<T> {
    /// One for all calls.
    pub(crate) fn all(state: T) -> Self {
        Self::All(state)
    }

    /// One for each method.
    pub(crate) fn each(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::Each(Box::new(PerMethod::new(move |_| make())))
    }

    /// Where the state of a call is, and the state.
    #[inline]
    pub(crate) fn find(&self, request: &Request) -> (Spot, &T) {
        match self {
            Self::All(state) => (Spot::OTHERS, state),
            Self::Each(methods) => {
                let (spot, state) = methods.find(&request.method);
                (spot, state)
            }
        }
    }

    /// The state that was found there.
    #[inline]
    pub(crate) fn at(&self, spot: Spot) -> &T {
        match self {
            Self::All(state) => state,
            Self::Each(methods) => methods.at(spot),
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

impl<T> Methods<T> {
    /// What `figures` makes of all states, with the method that each is of.
    pub(crate) fn figures<const N: usize>(&self, figures: impl Fn(&T) -> [Figure; N]) -> Vec<Figure> {
        match self {
            Self::All(state) => figures(state).into(),
            Self::Each(methods) => methods
                .iter()
                .flat_map(|(method, state)| {
                    figures(state).map(|figure| figure.with("rpc.method", rpc_method(method)))
                })
                .collect(),
        }
    }
}

impl<T> Scoped<T> {
    /// For each caller; at most as many as `keys` at a time have a state of their own.
    pub(crate) fn caller(keys: usize, make: impl Fn() -> T) -> Self {
        Self::Caller(Keyed::new(keys, make))
    }

    /// For each key that a function gives, which errors call `name`.
    pub(crate) fn key<F>(keys: usize, make: impl Fn() -> T, name: &'static str, function: F) -> Self
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        Self::Key { keyed: Keyed::new(keys, make), name, function: Box::new(function) }
    }

    /// Where the state of a call is, and the state. Errors if the key function panics. What `is_idle` can be given to
    /// another key.
    #[inline]
    pub(crate) fn find(&self, request: &Request, is_idle: impl Fn(&T) -> bool) -> Result<(Place, &T), Error> {
        let (keyed, place) = match self {
            Self::Methods(methods) => {
                let (spot, state) = methods.find(request);
                return Ok((Place::Method(spot), state));
            }
            Self::Caller(keyed) => (keyed, keyed.find(request.context.caller(), is_idle)),
            Self::Key { keyed, name, function } => {
                let key = catch(|| function(request)).map_err(|said| {
                    let function = format_args!("the key function {name:?} of a limit");
                    closure_panicked(function, &request.method, &said)
                })?;
                (keyed, keyed.find(&*key, is_idle))
            }
        };
        Ok((Place::Key(place), keyed.at(place)))
    }

    /// The state that was found there; nothing for a place of another limit.
    #[inline]
    pub(crate) fn at(&self, place: Place) -> Option<&T> {
        match (self, place) {
            (Self::Methods(methods), Place::Method(spot)) => Some(methods.at(spot)),
            (Self::Caller(keyed) | Self::Key { keyed, .. }, Place::Key(place)) => Some(keyed.at(place)),
            _ => None,
        }
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

impl<T> Scoped<T> {
    /// What `figures` makes of the states of methods; of callers and keys, how many are not idle.
    pub(crate) fn figures<const N: usize>(
        &self,
        is_idle: impl Fn(&T) -> bool,
        figures: impl Fn(&T) -> [Figure; N],
    ) -> Vec<Figure> {
        match self {
            Self::Methods(methods) => methods.figures(figures),
            Self::Caller(keyed) | Self::Key { keyed, .. } => {
                let busy = keyed.states().iter().filter(|state| !is_idle(state)).count();
                vec![Figure::gauge("kitex.limit.keys", busy as f64)]
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
