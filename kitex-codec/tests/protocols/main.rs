//! What holds on every protocol: bytes of other implementations, values that come back, hostile input.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod differential;
mod golden;
mod hostile;
mod kept;
mod lists;
mod rivals;
mod round_trip;
mod sample;
mod texts;
mod typed;
mod unions;
mod value;

use kitex_codec::{Limits, Protocol};

/// Every protocol.
const ALL: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

fn limits() -> Limits {
    Limits::default()
}
