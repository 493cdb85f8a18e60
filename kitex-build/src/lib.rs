//! Compiles Thrift IDL files into the Rust code of their types, servers and clients.
//!
//! One line in `build.rs` is all that most projects need:
//!
//! ```no_run
//! kitex_build::compile("idl/echo.thrift");
//! ```
//!
//! The code is written to `$OUT_DIR/echo.rs` and taken in with `kitex::include_idl!("echo")`. It holds one tree of
//! modules for the file and all that it includes, named by `namespace rs`, else `namespace *`, else the file.
//!
//! [`configure`] has more: include directories, several files in one build, another place for the output.

mod builder;
mod emit;
mod report;
mod source;
mod thrift;

pub use builder::{Builder, Error, compile, configure};
