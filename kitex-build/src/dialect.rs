//! Where compilers disagree about what an IDL means.

/// Whose reading counts where Apache Thrift and thriftgo read the same text in two ways.
///
/// By default both are accepted as far as they mean the same, and what only one of them could mean is an error. A dialect
/// settles these:
///
/// | written | default | Apache | thriftgo |
/// |---|---|---|---|
/// | fields without ids | an error | -1, -2, … | one more than the field before |
/// | `010` as a value, but of an enum | 10, with a lint | 10, with a lint | 8, with a lint |
/// | `0o17` | an error | an error | 15 |
/// | an enum's constant by a number that it does not name | an error | an error | that number |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// As Apache Thrift's compiler reads it.
    Apache,
    /// As thriftgo, the compiler of Kitex, reads it.
    Thriftgo,
}

impl Dialect {
    /// The dialect of a name: `apache` or `thriftgo`.
    pub fn from_name(name: &str) -> Option<Dialect> {
        match name {
            "apache" => Some(Dialect::Apache),
            "thriftgo" => Some(Dialect::Thriftgo),
            _ => None,
        }
    }
}
