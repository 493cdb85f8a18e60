//! Recorded bytes with a fault in them.

/// Bytes from which on only a message's head is changed bit by bit.
pub(super) const SMALL: usize = 400;

/// Bytes that every message's header and envelope begin in.
const HEAD: usize = 64;

/// Whether all of a message is changed.
fn is_small(bytes: &[u8]) -> bool {
    bytes.len() < SMALL
}

/// What hands every variant of a message to an attack.
pub(crate) type Variants = fn(&[u8], &mut dyn FnMut(&[u8]));

/// Every true beginning of the bytes.
pub(crate) fn truncations(bytes: &[u8], attack: &mut dyn FnMut(&[u8])) {
    (0..changed(bytes)).for_each(|end| attack(&bytes[..end]));
}

/// The bytes with any four of them, which may be a length, saying 0, 1, -1 or 2^31-1.
pub(crate) fn lengths(bytes: &[u8], attack: &mut dyn FnMut(&[u8])) {
    let places = (0..changed(bytes)).filter(|at| at + 4 <= bytes.len());
    for at in places {
        [0, 1, -1, i32::MAX]
            .into_iter()
            .for_each(|length: i32| attack(&replaced(bytes, at, &length.to_be_bytes())));
    }
}

/// The bytes with one bit of them flipped.
pub(crate) fn flips(bytes: &[u8], attack: &mut dyn FnMut(&[u8])) {
    (0..changed(bytes))
        .for_each(|at| (0..8).for_each(|bit| attack(&replaced(bytes, at, &[bytes[at] ^ 1 << bit]))));
}

fn changed(bytes: &[u8]) -> usize {
    if is_small(bytes) { bytes.len() } else { HEAD }
}

fn replaced(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut replaced = bytes.to_vec();
    replaced[at..at + with.len()].copy_from_slice(with);
    replaced
}
