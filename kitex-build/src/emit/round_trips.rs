//! Every type that the reviewed code has, there and back in every protocol, with values of any shape.
//!
//! Values are made from what the compiler knows of the types, as trees, and written by hand in Binary. The generated type
//! reads that, and goes through each protocol; what it writes in the end must hold all that the tree held.

mod entropy;
mod reviewed;
mod shapes;
mod tree;
mod types;

use kitex_codec::{Bytes, Limits, Protocol};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use entropy::Entropy;
use shapes::Input;
use tree::Tree;
use types::TYPES;

/// Takes a value through a type: Binary, as it was first read, and then as each of the protocols left it.
type Walk = fn(&Bytes) -> Result<Walked, String>;

struct Walked {
    binary: Vec<u8>,
    /// In Binary again, from Compact and from JSON; or why it cannot be written.
    others: [Result<Vec<u8>, String>; 2],
}

fn walk<M: ::kitex::codegen::Message>(wire: &Bytes) -> Result<Walked, String> {
    let limits = Limits::default();
    let encode = |protocol: Protocol, value: &M| match protocol.encode(value, &limits) {
        Ok(encoded) => Ok(encoded.into_bytes()),
        Err(error) => Err(error.to_string()),
    };
    let decode = |protocol: Protocol, wire: &Bytes| {
        protocol.decode::<M>(wire, &limits).map_err(|error| format!("{protocol:?} is not read: {error}"))
    };
    let value = decode(Protocol::Binary, wire)?;
    let binary = encode(Protocol::Binary, &value)?.to_vec();
    let other = |protocol| -> Result<Result<Vec<u8>, String>, String> {
        match encode(protocol, &value) {
            Ok(wire) => encode(Protocol::Binary, &decode(protocol, &wire)?).map(|wire| Ok(wire.to_vec())),
            Err(error) => Ok(Err(error)),
        }
    };
    Ok(Walked { binary, others: [other(Protocol::Compact)?, other(Protocol::Json)?] })
}

/// Whether all is in place after all protocols; if not, what is wrong.
fn check(walk: Walk, given: &Tree) -> Result<(), String> {
    let walked = walk(&Bytes::from(given.binary()))?;
    let found = Tree::read(&walked.binary);
    if !found.holds(given) {
        return Err(format!("{found:?} is not what was read: {given:?}"));
    }
    let [compact, json] = walked.others;
    for (name, other) in [("Compact", compact), ("JSON", json)] {
        // The only value that a protocol has no form for: JSON has names for keys.
        let refused = name == "JSON" && found.has_nameless_keys();
        match other {
            Ok(other) if !refused && Tree::read(&other).canonical() == found.canonical() => {}
            Ok(other) => return Err(format!("{name} makes {found:?} to {:?}", Tree::read(&other))),
            Err(error) if refused && error.contains("key") => {}
            Err(error) => return Err(format!("{name} does not write {found:?}: {error}")),
        }
    }
    Ok(())
}

#[test]
fn every_value_of_every_type_survives_every_protocol() {
    for input in Input::all() {
        for (path, shape) in input.messages() {
            let Some((_, walk)) = TYPES.iter().find(|(known, _)| *known == path) else { continue };
            let mut runner =
                TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
            let bytes = proptest::collection::vec(any::<u8>(), 0..400);
            let result = runner.run(&bytes, |bytes| {
                let given = input.value(&shape, &mut Entropy::new(&bytes));
                check(*walk, &given).map_err(TestCaseError::fail)
            });
            assert!(result.is_ok(), "{path}: {}", result.map_err(|error| error.to_string()).unwrap_err());
        }
    }
}

/// By itself a union without a member is refused, and nothing else is for that.
#[test]
fn an_empty_struct_is_no_union() {
    let mut unions = 0;
    for input in Input::all() {
        for (path, shape) in input.messages() {
            let Some((_, walk)) = TYPES.iter().find(|(known, _)| *known == path) else { continue };
            let refused = walk(&Bytes::from_static(b"\0")).err().unwrap_or_default();
            let is_union = input.is_union_shape(&shape);
            assert_eq!(refused.ends_with("has no member set"), is_union, "{path}: {refused:?}");
            unions += usize::from(is_union);
        }
    }
    assert!(unions >= 28, "{unions}");
}

/// All that implements `Message` in the reviewed code is walked, and all that is walked is there.
#[test]
fn no_type_is_left_out() {
    let mut all: Vec<String> =
        Input::all().iter().flat_map(|input| input.messages().into_iter().map(|(path, _)| path)).collect();
    let mut walked: Vec<String> = TYPES.iter().map(|(path, _)| (*path).to_owned()).collect();
    all.sort();
    walked.sort();
    let missing: Vec<&String> = all.iter().filter(|path| walked.binary_search(path).is_err()).collect();
    assert!(missing.is_empty(), "these types are not walked: {missing:#?}");
    assert_eq!(all, walked);
    let written: usize = Input::all().iter().map(Input::implementations).sum();
    assert_eq!(written, all.len(), "the reviewed code has other messages than the compiler says");
}
