//! The reviewed code of one input for each part of the language, compiled, at work over the real runtime.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod rows {
    include!("golden/annotations.rs");
    include!("golden/apache_ids.rs");
    include!("golden/apache_more.rs");
    include!("golden/cases.rs");
    include!("golden/clashes.rs");
    include!("golden/choices.rs");
    include!("golden/containers.rs");
    include!("golden/crowded.rs");
    include!("golden/defaults.rs");
    include!("golden/derives.rs");
    include!("golden/docs_hostile.rs");
    include!("golden/docs_odd.rs");
    include!("golden/empty.rs");
    include!("golden/endings.rs");
    include!("golden/enums.rs");
    include!("golden/exceptions.rs");
    include!("golden/fallback.rs");
    include!("golden/forms.rs");
    include!("golden/headers.rs");
    include!("golden/ids.rs");
    include!("golden/keywords.rs");
    include!("golden/later.rs");
    include!("golden/lexical.rs");
    include!("golden/literals.rs");
    include!("golden/long.rs");
    include!("golden/mapped.rs");
    include!("golden/nested.rs");
    include!("golden/newtyped.rs");
    include!("golden/newtyped_more.rs");
    include!("golden/newtypes.rs");
    include!("golden/numbers.rs");
    include!("golden/prefixes.rs");
    include!("golden/prelude.rs");
    include!("golden/recursion.rs");
    include!("golden/renames.rs");
    include!("golden/requiredness.rs");
    include!("golden/streams.rs");
    include!("golden/thriftgo_ids.rs");
    include!("golden/typedefs.rs");
    include!("golden/unions.rs");
    include!("golden/unknown.rs");
    include!("golden/volo.rs");
    include!("golden/words.rs");

    /// These include the same file: each of them has a copy of what it uses.
    pub(crate) mod including {
        include!("golden/includes.rs");
    }
    pub(crate) mod inheriting {
        include!("golden/inherited.rs");
    }
}

#[path = "rows/annotated.rs"]
mod annotated;
#[path = "rows/newtypes.rs"]
mod newtypes;
#[path = "rows/survival.rs"]
mod survival;
#[path = "rows/values.rs"]
mod values;

use kitex::codegen::Message;
use kitex::{Bytes, Limits};
use kitex_codec::Protocol;

fn bytes(message: &impl Message) -> Bytes {
    kitex_codec::encode(message, &Limits::default()).unwrap().into_bytes()
}

fn read<M: Message>(bytes: &[u8]) -> Result<M, kitex_codec::DecodeError> {
    kitex_codec::decode(&Bytes::copy_from_slice(bytes), &Limits::default())
}

/// Asserts that a value is itself again after the wire, in every protocol, and that no part of it is enough.
fn assert_survives<M: Message + PartialEq + std::fmt::Debug>(message: &M) {
    for protocol in [Protocol::Compact, Protocol::Json] {
        let encoded = protocol.encode(message, &Limits::default());
        // JSON has names for keys only.
        let nameless = |error: &kitex_codec::EncodeError| error.to_string().contains("key");
        if protocol == Protocol::Json && encoded.as_ref().is_err_and(nameless) {
            continue;
        }
        let encoded = encoded.unwrap().into_bytes();
        let again = protocol.decode::<M>(&encoded, &Limits::default());
        assert_eq!(again.as_ref().ok(), Some(message), "{protocol:?}: {again:?}");
    }
    let whole = bytes(message);
    assert_eq!(&read::<M>(&whole).unwrap(), message);
    for length in 0..whole.len() {
        assert!(read::<M>(&whole[..length]).is_err(), "{message:?} cut at {length}");
    }
}

/// Asserts that a union has no member, which no protocol writes.
fn assert_unwritable<M: Message>(message: &M) {
    for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
        let error = protocol.encode(message, &Limits::default()).unwrap_err().to_string();
        assert!(error.ends_with("no member of the union is set"), "{protocol:?}: {error}");
    }
}
