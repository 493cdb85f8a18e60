//! Two engines, a wire between them that can be cut, delayed and cut into pieces, and a clock that is moved by hand.

mod bounds;
mod calls;
mod chunks;
mod closing;
mod hostile;
mod metadata;
mod oneway;
mod pair;
mod protocols;
mod raw;
mod refusals;
mod routing;
mod status;
mod time;

use pair::{
    ECHO, FIRE, Pair, RISKY, SERVICE, base, limited, request, result_text, router, seconds, text, value,
};
