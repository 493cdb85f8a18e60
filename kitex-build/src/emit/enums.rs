//! Enums: open, since a peer may know more values than this build.

use std::collections::HashSet;

use super::value::literal;
use super::{Code, Emitter, docs};
use crate::thrift::model::{EnumValue, Id};

impl Emitter<'_> {
    pub(crate) fn enumeration(&self, code: &mut Code, id: Id, values: &[EnumValue]) {
        let definition = &self.program.definitions[id];
        let name = &self.plan.names[id];
        docs::write(code, definition.doc.as_deref(), &format!("`enum {}`", definition.name.text));
        let own = ["Clone", "Copy", "Default", "PartialEq", "Eq", "Hash", "PartialOrd", "Ord"];
        self.derived(code, id, &own, &["Debug"]);
        code.line("#[repr(transparent)]");
        code.line(format!("pub struct {name}(pub i32);"));
        code.gap();
        let constants = &self.plan.members[id];
        if constants.iter().any(|name| name.contains(|letter: char| letter.is_ascii_lowercase())) {
            code.line("#[allow(non_upper_case_globals)]");
        }
        code.block(format!("impl {name}"), |code| {
            for (value, constant) in values.iter().zip(constants) {
                let fallback = format!("`{} = {}`", value.name.text, value.number);
                docs::write(code, value.doc.as_deref(), &fallback);
                code.line(format!("pub const {constant}: Self = Self({});", value.number));
            }
            code.gap();
            name_function(code, values);
        });
        code.gap();
        formatting(code, name);
        code.gap();
        conversions(code, name);
        self.described(code, id);
    }
}

fn name_function(code: &mut Code, values: &[EnumValue]) {
    docs::write(code, None, "The IDL's name of the value, if it has one.");
    code.block("pub const fn name(self) -> ::std::option::Option<&'static str>", |code| {
        if values.is_empty() {
            return code.line("None");
        }
        code.block("match self.0", |code| {
            let mut seen = HashSet::new();
            for value in values.iter().filter(|value| seen.insert(value.number)) {
                code.arm(&value.number.to_string(), &format!("Some({})", literal(&value.name.text)).into());
            }
            code.line("_ => None,");
        });
    });
}

fn formatting(code: &mut Code, name: &str) {
    code.implementation("::std::fmt::Debug", name, |code| {
        code.block("fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result", |code| {
            code.block("match self.name()", |code| {
                code.line("Some(name) => f.write_str(name),");
                code.line(format!("None => write!(f, \"{}({{}})\", self.0),", name.trim_start_matches("r#")));
            });
        });
    });
}

fn conversions(code: &mut Code, name: &str) {
    code.implementation("::std::convert::From<i32>", name, |code| {
        code.block("fn from(number: i32) -> Self", |code| code.line("Self(number)"));
    });
    code.gap();
    code.implementation(&format!("::std::convert::From<{name}>"), "i32", |code| {
        code.block(format!("fn from(value: {name}) -> Self"), |code| code.line("value.0"));
    });
}
