//! What the examples share: the generated code, a service, and the steps of `hello`.

pub mod hello;
pub mod service;

kitex::include_idl!("greeter");
