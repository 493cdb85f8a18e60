//! Compiles Thrift IDL files into the Rust code of their types, servers and clients.
//!
//! One line in `build.rs` is all that most projects need:
//!
//! ```no_run
//! kitex_build::compile("idl/echo.thrift");
//! ```
//!
//! The code is written to `$OUT_DIR/echo.rs` and taken in with `kitex::include_idl!("echo")`. It holds one tree of
//! modules for the file and all that it includes, named by `namespace rs`, else `namespace *`, else the file. Of several
//! modules each has a file of its own, such as `$OUT_DIR/echo/example/base.rs`. The same input gives the same output, and
//! only files that change are written.
//!
//! [`configure`] has more: include directories, several files in one build, another place for the output, which
//! [`Dialect`] counts where compilers differ, and what becomes of each [`Lint`].
//!
//! # Annotations
//!
//! All annotations of an IDL can be asked for at run time: a type's, its fields' and values' by the trait `Described`, a
//! service's, its methods' and their arguments' by `ServiceDescriptor::idl` (a method's own also in its `MethodDescriptor`),
//! and those of a namespace, of typedefs and of constants in the `DESCRIPTOR` of their module. These are followed:
//!
//! | annotation | at | what it does |
//! |---|---|---|
//! | `rust.name = "…"`, `pilota.name` | types, fields, values, functions, constants | the name in Rust, as it is |
//! | `rust.type = "BTreeMap"`, `"BTreeSet"` | maps and sets in structs and unions | sorted, and so is what is sent |
//! | `rust.type = "String"`, `"Vec<u8>"` | strings and binaries there | the type of the standard library, which is copied |
//! | `rust.type = "Arc"`, `pilota.rust_wrapper_arc` | any field there | shared instead of cloned |
//! | `rust.newtype` | typedefs | a type of its own, with `From` and `Deref`; that of a struct is a message |
//! | `rust.derive = "serde::Serialize, …"` | structs, unions, exceptions, enums, newtypes | further traits |
//! | `rust.attribute = "serde(rename = \"…\")"` | those and their fields | further attributes |
//! | `rust.unknown_fields` | structs and exceptions | keeps fields that this build does not know |
//! | `idempotent` | functions | calls may be made twice without harm |
//!
//! Texts, bytes, doubles, uuids and unknown fields implement serde's traits with the feature `serde` of `kitex`, so that any
//! type can derive them. A set or map that JSON has no form for, such as one with structs for keys, is an error of
//! serde_json's at run time; `rust.type = "Arc"` needs the feature `rc` of serde.
//!
//! The crate's binary does the same without a build script: `kitex-build check FILE…`, `kitex-build gen FILE… --out DIR`.

mod builder;
mod dialect;
mod emit;
mod lint;
mod nearest;
mod report;
/// Where reviewed code takes the types of another build from.
#[cfg(test)]
mod rows {
    pub(crate) mod inheriting {
        include!("../tests/golden/inherited.rs");
    }
}
mod source;
mod thrift;
mod write;

pub use builder::{Builder, Error, Warnings, compile, configure};
pub use dialect::Dialect;
pub use lint::{Level, Lint};
