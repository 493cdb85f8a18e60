//! What containers take of the heap: no less than the standard library's do, for any number of elements.

/// A list of `count` elements, with room for no more.
#[inline]
pub(super) fn list<T>(count: usize) -> usize {
    count.saturating_mul(size_of::<T>())
}

/// A hash table of `count` entries: a power of two of places, of which at most 7 of 8 are taken, with a byte for each
/// place, and the bytes of one more group. It has no fewer than 4 places, and small entries have 16 bytes of them.
#[inline]
pub(super) fn table<T>(count: usize) -> usize {
    let size = size_of::<T>();
    let places = match count {
        0 => return 0,
        1..4 => 4,
        4..8 => 8,
        8..15 => 16,
        _ => (count.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(usize::MAX),
    };
    places.max(16 / size.max(1)).saturating_mul(size + 1).saturating_add(32)
}

/// Entries of a B-tree's node, when it is full and when it may not have fewer.
const FULL: usize = 11;
const LEAST: usize = 5;

/// A B-tree of `count` entries that were added one by one. A leaf has a pointer to its parent and two short numbers
/// beside its entries, an inner node also 12 pointers to its children.
pub(super) fn tree<T>(count: usize) -> usize {
    tree_of(size_of::<T>(), count)
}

/// A B-tree of `count` entries of `size` bytes.
pub(crate) fn tree_of(size: usize, count: usize) -> usize {
    let leaf = size.saturating_mul(FULL).saturating_add(3 * size_of::<usize>());
    let inner = leaf.saturating_add((FULL + 1) * size_of::<usize>());
    let leaves = count.div_ceil(LEAST);
    let inners = if count > FULL { 1 + leaves / LEAST } else { 0 };
    leaves.saturating_mul(leaf).saturating_add(inners.saturating_mul(inner))
}
