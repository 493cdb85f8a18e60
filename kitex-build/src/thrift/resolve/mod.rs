//! Trees to a program: names get their meaning, constants their types, rules are checked.
//!
//! The steps depend on each other, so each runs only when those before it found no error.

mod annotations;
mod boxes;
mod constant;
mod cycle;
mod fields;
mod shape;
mod size;
mod symbols;

use super::load::Build;
use super::model::Program;
use crate::report::Report;

pub(crate) fn resolve(build: &Build, report: &mut Report) -> Option<Program> {
    if report.broken() {
        return None;
    }
    let symbols = symbols::Symbols::collect(build, report);
    let mut program = shape::program(build, &symbols, report);
    if report.broken() {
        return None;
    }
    cycle::typedefs(&program, report);
    cycle::services(&program, report);
    if report.broken() {
        return None;
    }
    super::check::check(&program, report);
    constant::evaluate(&mut program, build, &symbols, report);
    if report.broken() {
        return None;
    }
    boxes::structs(&mut program, report);
    if !report.broken() {
        cycle::defaults(&program, report);
        super::check::drop_streams(&mut program);
        size::check(&program, report);
    }
    (!report.failed()).then_some(program)
}

#[cfg(test)]
mod tests;
