//! What the examples share: the generated code, a service, the steps of `hello`, and the scenarios of
//! `simulate`.

pub mod hello;
pub mod service;
pub mod simulate;

kitex::include_idl!("greeter");
