//! Target `rivals`: a struct in Binary or Compact, or a message with its envelope, read by this codec, by crate `thrift` and by `pilota`.
//!
//! What each makes of any bytes is what the table in `docs/wire.md` says, which the tests of the codec hold to the document
//! and to an example of each row.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use kitex_codec::Protocol;

use crate::differential::readers::a_rival_reads;
use crate::differential::{judge, judge_message};

/// Reads a struct or a message; the first byte chooses which, and the protocol. True if all three accept it.
pub fn run(data: &[u8]) -> bool {
    let Some((choice, bytes)) = data.split_first() else { return false };
    hear_rivals_out();
    let protocol = if choice & 1 == 0 { Protocol::Binary } else { Protocol::Compact };
    let judged = if choice & 2 == 0 { judge(protocol, bytes) } else { judge_message(protocol, bytes) };
    judged.accepted == 3
}

/// The fuzzer ends where anything panics, which a rival may.
fn hear_rivals_out() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !a_rival_reads() {
                before(info);
            }
        }));
    });
}
