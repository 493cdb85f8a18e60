//! What the server and the client that the live peers meet have in common: the IDL and the command line.
//!
//! `kitex/README.md` says what the two programs do; both use what the facade offers every user, and nothing else.

mod options;

pub use options::{Options, framing};

mod idl {
    kitex::include_idl!("rich");
}

mod apache {
    kitex::include_idl!("ThriftTest");
}

pub use apache::thrift::test as thrifttest;
pub use idl::interop::{common, control, echo, newer, rich};
