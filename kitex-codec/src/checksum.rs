//! CRC-32C of a payload, as TTHeader carries it (spec: kitex-wire 6.8).

/// A CRC-32C (Castagnoli) that takes its input in pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checksum(u32);

impl Checksum {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    /// The checksum of what was added, as eight lower-case hex digits.
    pub fn text(self) -> [u8; 8] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        std::array::from_fn(|at| DIGITS[(self.0 >> (28 - 4 * at)) as usize & 15])
    }
}

/// The checksum of `bytes` in its wire form.
pub fn checksum_text(bytes: &[u8]) -> [u8; 8] {
    let mut checksum = Checksum::default();
    checksum.update(bytes);
    checksum.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial_holds() {
        assert_eq!(&checksum_text(b"123456789"), b"e3069283");
    }
}
