//! What generated code takes of the heap was charged to the budget before.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kitex_codec::{Bytes, DecodeReason, Limits, Protocol};
use proptest::prelude::*;

use crate::shapes::Tree;
use crate::{Apache, PROTOCOLS, tree};

/// The system's allocator, which counts what each thread holds.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// The most that was held at a time.
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        MOST.set(MOST.get().max(HELD.get()));
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Limits whose budget is that many times the message.
fn tight(factor: usize) -> Limits {
    let mut limits = Limits::default();
    (limits.heap_factor, limits.min_heap) = (factor, 0);
    limits
}

/// What stands beside the values: the levels that are open, texts on their way, an error.
const BESIDE: usize = 8 << 10;

/// The most that reading a tree took of the heap, and what it was granted.
fn taken(protocol: Protocol, bytes: &Bytes, limits: &Limits) -> (usize, usize) {
    let before = HELD.get();
    MOST.set(before);
    let read: Result<Apache<Tree>, _> = protocol.decode(bytes, limits);
    let most = MOST.get().wrapping_sub(before);
    drop(read);
    (most, limits.budget(bytes.len()).left())
}

/// In Binary, Compact and JSON: a list of 200 000 trees, all of them empty.
fn wide() -> [Vec<u8>; 3] {
    const COUNT: u32 = 200_000;
    let many = COUNT as usize;
    let varint = [(COUNT & 0x7f) as u8 | 0x80, (COUNT >> 7 & 0x7f) as u8 | 0x80, (COUNT >> 14) as u8];
    let binary = [&b"\x0f\0\x0c\x0c"[..], &COUNT.to_be_bytes(), &vec![0; many + 1]].concat();
    let compact = [&b"\xc9\xfc"[..], &varint, &vec![0; many + 1]].concat();
    let json = format!(r#"{{"12":{{"lst":["rec",{COUNT}{}]}}}}"#, ",{}".repeat(many));
    [binary, compact, json.into_bytes()]
}

#[test]
fn a_list_that_the_budget_does_not_hold_is_not_begun() {
    for (protocol, bytes) in PROTOCOLS.into_iter().zip(wide()) {
        let bytes = Bytes::from(bytes);
        let read: Result<Apache<Tree>, _> = protocol.decode(&bytes, &Limits::default());
        let error = read.unwrap_err();
        let DecodeReason::Limit { setting, .. } = error.reason() else { panic!("{error}") };
        assert!(setting.contains("heap budget"), "{error}");
        let (most, _) = taken(protocol, &bytes, &Limits::default());
        assert!(most < BESIDE, "{protocol:?}: {most} bytes were taken");
    }
}

#[test]
fn counts_that_the_bytes_cannot_hold_are_refused_before() {
    let error = |bytes: &'static [u8]| {
        let read: Result<Apache<Tree>, _> =
            Protocol::Binary.decode(&Bytes::from_static(bytes), &Limits::default());
        read.unwrap_err()
    };
    let list = error(b"\x0f\0\x0c\x0c\x7f\xff\xff\xff\0");
    assert!(matches!(list.reason(), DecodeReason::CountTooLarge { .. }), "{list}");
    let map = error(b"\x0d\0\x0d\x0b\x0c\x7f\xff\xff\xff\0");
    assert!(matches!(map.reason(), DecodeReason::CountTooLarge { .. }), "{map}");
    let negative = error(b"\x0e\0\x0e\x04\xff\xff\xff\xff\0");
    assert!(matches!(negative.reason(), DecodeReason::NegativeLength(-1)), "{negative}");
}

#[test]
fn what_a_tree_takes_is_within_its_budget() {
    for protocol in PROTOCOLS {
        let bytes = protocol.encode(&Apache::from(tree()), &Limits::default()).unwrap().into_bytes();
        let mut limits = tight(1);
        // As little as still reads it.
        while protocol.decode::<Apache<Tree>>(&bytes, &limits).is_err() {
            limits.heap_factor += 1;
        }
        let (most, granted) = taken(protocol, &bytes, &limits);
        assert!(most <= granted, "{protocol:?}: {most} of {granted}");
    }
}

proptest! {
    #[test]
    fn flipped_bits_take_no_more_than_the_budget(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        factor in 1..12_usize,
    ) {
        let limits = tight(factor);
        for protocol in PROTOCOLS {
            let bytes = protocol.encode(&Apache::from(tree()), &Limits::default()).unwrap().into_bytes();
            let mut bytes = Vec::from(bytes);
            for (at, bit) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            let (most, granted) = taken(protocol, &Bytes::from(bytes), &limits);
            prop_assert!(most <= granted + BESIDE, "{protocol:?}: {most} of {granted}");
        }
    }
}
