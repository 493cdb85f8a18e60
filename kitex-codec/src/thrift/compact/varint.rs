//! Integers in groups of seven bits, the lowest first, and signed ones folded so that small ones are short.

/// Bytes of the longest varint.
pub(super) const LONGEST: usize = 10;

/// A varint of at most eight bytes, the first the lowest, and its length.
#[inline]
pub(super) fn word_of(value: u64) -> Option<(u64, usize)> {
    let len = (70 - (value | 1).leading_zeros()) as usize / 7;
    let more = u64::MAX.checked_shr(72 - 8 * len.min(9) as u32).unwrap_or(0) & 0x8080_8080_8080_8080;
    (len <= 8).then_some((spread(value) | more, len))
}

/// A varint at the front of its array, and its length.
#[inline]
pub(super) fn of(value: u64) -> ([u8; LONGEST], usize) {
    let len = (70 - (value | 1).leading_zeros()) as usize / 7;
    // Every byte but the last says that there is more.
    let more = u64::MAX.checked_shr(72 - 8 * len.min(9) as u32).unwrap_or(0) & 0x8080_8080_8080_8080;
    let [a, b, c, d, e, f, g, h] = (spread(value) | more).to_le_bytes();
    let ninth = (value >> 56) as u8 & 0x7f | u8::from(len > 9) << 7;
    ([a, b, c, d, e, f, g, h, ninth, (value >> 63) as u8], len)
}

/// The lowest eight groups of seven bits, each in a byte of its own.
#[inline]
fn spread(value: u64) -> u64 {
    let fours = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
    let pairs = (fours & 0x0000_3fff_0000_3fff) | (fours & 0x0fff_c000_0fff_c000) << 2;
    (pairs & 0x007f_007f_007f_007f) | (pairs & 0x3f80_3f80_3f80_3f80) << 1
}

/// Why no varint was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end before it does.
    Short,
    /// It has more bits than its type.
    Long,
}

/// The varint at the front of `bytes` of at most `bits` bits, and its length. More bytes than its value needs are
/// read as long as so many bits could need them.
#[inline]
pub(super) fn read(bytes: &[u8], bits: u32) -> Result<(u64, usize), Fault> {
    match bytes {
        [byte, ..] if *byte < 0x80 => Ok((u64::from(*byte), 1)),
        _ => read_long(bytes, bits),
    }
}

#[inline]
fn read_long(bytes: &[u8], bits: u32) -> Result<(u64, usize), Fault> {
    let longest = bits.div_ceil(7) as usize;
    if let Some(word) = bytes.first_chunk() {
        let word = u64::from_le_bytes(*word);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends != 0 {
            let len = (ends.trailing_zeros() as usize + 1) / 8;
            let value = gather(word & (ends ^ (ends - 1)));
            let fits = len <= longest && (bits == 64 || value >> bits == 0);
            return if fits { Ok((value, len)) } else { Err(Fault::Long) };
        }
    }
    read_bytewise(bytes, bits, longest)
}

/// The groups of seven bits in eight bytes, the lowest first, as one number.
#[inline]
fn gather(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
}

/// Near the input's end, and where there are more than eight bytes.
fn read_bytewise(bytes: &[u8], bits: u32, longest: usize) -> Result<(u64, usize), Fault> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(longest).enumerate() {
        let group = u64::from(byte & 0x7f);
        let shift = 7 * at as u32;
        if at + 1 == longest && group >> (bits - shift) != 0 {
            return Err(Fault::Long);
        }
        value |= group << shift;
        if *byte < 0x80 {
            return Ok((value, at + 1));
        }
    }
    Err(if bytes.len() < longest { Fault::Short } else { Fault::Long })
}

/// A signed number as an unsigned one, the small ones of both signs first.
#[inline]
pub(super) fn fold(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The inverse of [`fold`].
#[inline]
pub(super) fn unfold(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_every_power_of_two_come_back() {
        for shift in 0..64 {
            for value in [(1_u64 << shift) - 1, 1 << shift, u64::MAX >> shift] {
                let (bytes, len) = of(value);
                assert_eq!(read(&bytes[..len], 64), Ok((value, len)));
                assert_eq!(read(&bytes[..len - 1], 64), Err(Fault::Short));
                let behind = [&bytes[..len], &[0xff; 9]].concat();
                assert_eq!(read(&behind, 64), Ok((value, len)), "with more behind it");
                assert_eq!(fold(unfold(value)), value);
                if value <= u64::from(u32::MAX) {
                    assert_eq!(read(&bytes[..len], 32), Ok((value, len)));
                }
            }
        }
        assert_eq!([0, -1, 1, -2].map(fold), [0, 1, 2, 3]);
        assert_eq!(fold(i64::MIN), u64::MAX);
    }

    #[test]
    fn more_bytes_than_needed_are_read_and_more_bits_than_the_type_has_are_not() {
        assert_eq!(read(b"\x80\x80\x00", 32), Ok((0, 3)));
        assert_eq!(read(b"\x80\x80\x00\xff\xff\xff\xff\xff", 32), Ok((0, 3)));
        assert_eq!(read(b"\xff\xff\xff\xff\x1f\0\0\0", 32), Err(Fault::Long));
        assert_eq!(read(b"\x80\x80\x80\x80\x80\0\0\0", 32), Err(Fault::Long));
        assert_eq!(read(b"\x81\x80\x80\x80\x00", 32), Ok((1, 5)));
        assert_eq!(read(b"\xff\xff\xff\xff\x0f", 32), Ok((u64::from(u32::MAX), 5)));
        assert_eq!(read(b"\xff\xff\xff\xff\x1f", 32), Err(Fault::Long));
        assert_eq!(read(b"\x80\x80\x80\x80\x80\x00", 32), Err(Fault::Long));
        assert_eq!(read(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 64), Ok((u64::MAX, 10)));
        assert_eq!(read(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 64), Err(Fault::Long));
        assert_eq!(read(b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 64), Err(Fault::Long));
    }
}
