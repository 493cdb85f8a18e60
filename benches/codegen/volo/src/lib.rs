//! What volo-build makes of an IDL.
#![allow(warnings)]

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
