//! What most services and clients name: `use kitex::prelude::*`.

pub use crate::{
    BusinessStatus, CallError, Context, Error, ErrorKind, Framing, Scope, Server, Str, include_idl,
};
