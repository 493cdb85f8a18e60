//! What kitex-build makes of an IDL.

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
