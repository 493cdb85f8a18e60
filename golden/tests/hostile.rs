//! Whatever is done to the recorded bytes: a value, more that is needed, or an error; never a panic, and no more of the heap
//! than the bytes justify.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod attack;
mod heap;
mod idl;
mod serving;

use std::sync::Arc;

use attack::{Variants, attack, cut_values, flips, lengths, limits, messages, truncations};
use serving::Host;

/// A server of all recorded services.
fn host() -> Host {
    let mut host = Host::of(golden::case("meta/multi-service").unwrap(), 1);
    host.limits = Arc::new(limits());
    host
}

/// Attacks with every variant of every recorded message; gives the number of variants and of values they were read to.
fn attack_all(variants: Variants) -> (usize, usize) {
    let host = host();
    let (mut count, mut values) = (0, 0);
    for recorded in messages() {
        variants(&recorded.bytes, &mut |variant| {
            count += 1;
            values += attack(&recorded, variant, &host);
        });
    }
    (count, values)
}

#[test]
fn recorded_messages_that_are_cut_short() {
    let (variants, values) = attack_all(truncations);
    assert!(variants > 50_000 && values > 1_000, "{variants} variants, read to {values} values");
}

#[test]
fn recorded_values_that_are_cut_short() {
    let cut: usize = messages().iter().map(cut_values).sum();
    assert!(cut > 10_000, "only {cut} beginnings");
}

#[test]
fn recorded_messages_with_wrong_lengths() {
    let (variants, values) = attack_all(lengths);
    assert!(variants > 200_000 && values > 200_000, "{variants} variants, read to {values} values");
}

#[test]
fn recorded_messages_with_a_bit_flipped() {
    let (variants, values) = attack_all(flips);
    assert!(variants > 400_000 && values > 400_000, "{variants} variants, read to {values} values");
}
