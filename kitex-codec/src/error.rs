//! What can be wrong with bytes, and with values that are to become bytes.

use std::borrow::Cow;
use std::fmt;

/// The name of a protocol that nothing is known of.
pub(crate) const UNKNOWN: &str = "no known protocol";

/// Bytes that could not be read as what they should be.
///
/// The peer is at fault, or a limit of ours was reached; [`DecodeError::reason`] tells which.
pub struct DecodeError(Box<DecodeReason>);

/// Why bytes were refused.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The input ended before the value did.
    UnexpectedEnd,
    /// A length or a count was negative.
    NegativeLength(i32),
    /// A count that the bytes behind it cannot hold.
    CountTooLarge {
        /// Elements announced.
        count: usize,
        /// Bytes that were left.
        remaining: usize,
    },
    /// A limit of this side was exceeded.
    Limit {
        /// The setting that names the limit, such as `Limits::max_frame`.
        setting: &'static str,
        /// What the input asked for.
        asked: u64,
        /// What the setting allows.
        allowed: u64,
    },
    /// A type byte that Thrift does not define.
    UnknownType(u8),
    /// A `string` that is not UTF-8.
    NotUtf8,
    /// A version word other than strict Binary's.
    BadVersion(u32),
    /// The bytes break a rule of their protocol.
    Malformed {
        /// The protocol's name.
        protocol: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// A required field was absent.
    MissingField {
        /// The struct's IDL name.
        structure: &'static str,
        /// The field's IDL name.
        field: &'static str,
        /// The field's id.
        id: i16,
    },
    /// A container inside a container had elements of another type than the IDL's.
    ElementType(&'static str),
    /// So many bytes behind the end of a struct.
    Trailing(usize),
    /// A union with more than one known member.
    UnionMembers(&'static str),
    /// A union without a member where nothing can stand for its absence.
    EmptyUnion(&'static str),
    /// What code says that the Apache compiler has generated, or that it reads another type than the wire has.
    Apache(Cow<'static, str>),
    /// The first bytes belong to something that is not spoken here.
    WrongProtocol {
        /// The protocol's name, as far as it was recognised.
        name: &'static str,
        /// The first eight bytes.
        head: [u8; 8],
    },
    /// The TTHeader breaks a rule of its layout.
    Header(Cow<'static, str>),
    /// The checksum in the header is not the payload's.
    Checksum,
    /// The envelope breaks a rule.
    Envelope(Cow<'static, str>),
}

impl DecodeError {
    /// Wraps a reason.
    #[cold]
    pub fn new(reason: DecodeReason) -> Self {
        Self(Box::new(reason))
    }

    /// The input ended early.
    #[cold]
    pub fn unexpected_end() -> Self {
        Self::new(DecodeReason::UnexpectedEnd)
    }

    /// A setting of this side does not allow what the input asks for.
    #[cold]
    pub fn limit(setting: &'static str, asked: usize, allowed: usize) -> Self {
        Self::new(DecodeReason::Limit { setting, asked: asked as u64, allowed: allowed as u64 })
    }

    /// A rule of Thrift's `protocol` was broken.
    #[cold]
    pub fn malformed(protocol: &'static str, what: &'static str) -> Self {
        Self::new(DecodeReason::Malformed { protocol, what })
    }

    /// A required field was absent. `structure` and `field` are IDL names.
    #[cold]
    pub fn missing_field(structure: &'static str, field: &'static str, id: i16) -> Self {
        Self::new(DecodeReason::MissingField { structure, field, id })
    }

    /// A nested container of another element type than the IDL's; `what` is the IDL type.
    #[cold]
    pub fn element_type(what: &'static str) -> Self {
        Self::new(DecodeReason::ElementType(what))
    }

    /// Errors if bytes are left behind a struct.
    #[cold]
    pub(crate) fn trailing(left: usize) -> Result<(), Self> {
        if left == 0 { Ok(()) } else { Err(Self::new(DecodeReason::Trailing(left))) }
    }

    /// More than one known member of `union` was set.
    #[cold]
    pub fn union_members(union: &'static str) -> Self {
        Self::new(DecodeReason::UnionMembers(union))
    }

    /// No member of `union` was set.
    #[cold]
    pub fn empty_union(union: &'static str) -> Self {
        Self::new(DecodeReason::EmptyUnion(union))
    }

    /// Generated code of the Apache compiler has refused a value.
    #[cfg(feature = "thrift")]
    #[cold]
    pub(crate) fn apache(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeReason::Apache(what.into()))
    }

    /// A rule of TTHeader's layout was broken.
    #[cold]
    pub fn header(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeReason::Header(what.into()))
    }

    /// A rule of the message envelope was broken.
    #[cold]
    pub fn envelope(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeReason::Envelope(what.into()))
    }

    /// Why the bytes were refused.
    pub fn reason(&self) -> &DecodeReason {
        &self.0
    }

    /// True if more input could make the bytes good.
    pub fn is_unexpected_end(&self) -> bool {
        matches!(*self.0, DecodeReason::UnexpectedEnd)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            DecodeReason::UnexpectedEnd => f.write_str("the input ends inside a value"),
            DecodeReason::NegativeLength(n) => write!(f, "negative length {n}"),
            DecodeReason::CountTooLarge { count, remaining } => {
                write!(f, "{count} elements are announced, the {remaining} bytes left cannot hold them")
            }
            DecodeReason::Limit { setting, asked, allowed } => {
                write!(f, "{asked} is over the limit of {allowed} ({setting})")
            }
            DecodeReason::UnknownType(byte) => write!(f, "unknown type byte {byte:#04x}"),
            DecodeReason::NotUtf8 => f.write_str("a string is not UTF-8"),
            DecodeReason::BadVersion(word) => {
                write!(f, "version word {word:#010x} is not that of strict Thrift Binary")
            }
            DecodeReason::Malformed { protocol, what } => write!(f, "Thrift {protocol}: {what}"),
            DecodeReason::MissingField { structure, field, id } => {
                write!(f, "required field {id} ({structure}.{field}) is not set")
            }
            DecodeReason::ElementType(what) => write!(f, "elements are not of type {what}"),
            DecodeReason::Trailing(bytes) => {
                write!(f, "{bytes} bytes stand behind the end of the struct (Limits::refuse_trailing)")
            }
            DecodeReason::UnionMembers(union) => write!(f, "union {union} has more than one member set"),
            DecodeReason::EmptyUnion(union) => write!(f, "union {union} has no member set"),
            DecodeReason::Apache(what) => write!(f, "Apache's generated code: {what}"),
            DecodeReason::WrongProtocol { name, head } => {
                match *name {
                    UNKNOWN => write!(f, "this is {UNKNOWN} (first bytes")?,
                    name => write!(f, "this looks like {name}, which is not spoken here (first bytes")?,
                }
                head.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                f.write_str(")")
            }
            DecodeReason::Header(what) => write!(f, "TTHeader: {what}"),
            DecodeReason::Checksum => f.write_str("the payload's CRC-32C is not the one in the header"),
            DecodeReason::Envelope(what) => write!(f, "message envelope: {what}"),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({:?})", self.0)
    }
}

impl std::error::Error for DecodeError {}

/// A value that cannot be written.
pub struct EncodeError(Box<EncodeReason>);

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EncodeReason {
    /// A limit of this side, or of the wire format, was exceeded.
    Limit {
        /// The setting or format rule that names the limit.
        setting: &'static str,
        /// What the value needs.
        asked: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The protocol has no form for the value.
    Unwritable {
        /// The value.
        what: &'static str,
        /// Why it has none.
        why: &'static str,
    },
    /// What code says that the Apache compiler has generated.
    Apache(Cow<'static, str>),
}

impl EncodeError {
    /// A value that the protocol has no form for.
    #[cold]
    pub fn unwritable(what: &'static str, why: &'static str) -> Self {
        Self(Box::new(EncodeReason::Unwritable { what, why }))
    }

    /// No member of `union` is set.
    #[cold]
    pub fn empty_union(union: &'static str) -> Self {
        Self::unwritable(union, "no member of the union is set")
    }

    /// Generated code of the Apache compiler has refused a value.
    #[cfg(feature = "thrift")]
    #[cold]
    pub(crate) fn apache(what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(EncodeReason::Apache(what.into())))
    }

    /// `setting` does not allow what the value needs.
    #[cold]
    pub fn limit(setting: &'static str, asked: usize, allowed: usize) -> Self {
        let (asked, allowed) = (asked as u64, allowed as u64);
        Self(Box::new(EncodeReason::Limit { setting, asked, allowed }))
    }

    /// Why the value cannot be written.
    pub fn reason(&self) -> &EncodeReason {
        &self.0
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            EncodeReason::Limit { setting, asked, allowed } => {
                write!(f, "{asked} is over the limit of {allowed} ({setting})")
            }
            EncodeReason::Unwritable { what, why } => write!(f, "{what} cannot be written: {why}"),
            EncodeReason::Apache(what) => write!(f, "Apache's generated code: {what}"),
        }
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodeError({:?})", self.0)
    }
}

impl std::error::Error for EncodeError {}
