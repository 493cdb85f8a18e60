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
//! [`configure`] has more: include directories, several files in one build, another place for the output, which
//! [`Dialect`] counts where compilers differ, and what becomes of each [`Lint`].
//!
//! The crate's binary does the same without a build script: `kitex-build check FILE…`, `kitex-build gen FILE… --out DIR`.

mod builder;
mod dialect;
mod emit;
mod lint;
mod nearest;
mod report;
mod source;
mod thrift;

pub use builder::{Builder, Error, Warnings, compile, configure};
pub use dialect::Dialect;
pub use lint::{Level, Lint};
