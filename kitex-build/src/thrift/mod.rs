//! The Thrift front end: files to a checked program.

pub(crate) mod annotation;
mod check;
mod graph;
mod lex;
mod load;
pub(crate) mod model;
mod parse;
mod resolve;
mod syntax;

pub(crate) use graph::components;
pub(crate) use load::{Disk, Files, Memory, load};
pub(crate) use resolve::resolve;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod testing;
