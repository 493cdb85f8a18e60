//! What figures of layers' states have in common.

use kitex_codec::Str;
use kitex_core::{Figure, Method};

/// A method as OpenTelemetry's conventions write it, `EchoSvc/Echo`; without one, that of all methods beyond a bound.
pub(crate) fn rpc_method(method: Option<&Method>) -> Str {
    match method {
        Some(method) => Str::from(format!("{}/{}", method.service(), method.name())),
        None => Str::from_static("_OTHER"),
    }
}

/// Adds the name of what the figure is of, if it has one.
pub(crate) fn named(figure: Figure, key: &'static str, name: &str) -> Figure {
    if name.is_empty() { figure } else { figure.with(key, Str::from(name)) }
}

/// Adds what a limit is, and its name.
pub(crate) fn of_limit(figures: Vec<Figure>, kind: &'static str, name: &str) -> Vec<Figure> {
    let of = |figure: Figure| named(figure.with("kitex.limit.kind", kind), "kitex.limit.name", name);
    figures.into_iter().map(of).collect()
}
