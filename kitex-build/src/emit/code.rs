//! The text that is being written, with its indentation.

use super::layout::{self, Node, Returns};

/// How wide a line with traits to derive may be: rustfmt keeps some room behind it.
const DERIVE: usize = 96;

/// Lines of Rust, indented.
#[derive(Debug, Default)]
pub(crate) struct Code {
    text: String,
    indent: usize,
}

impl Code {
    /// The columns that lines begin behind.
    pub(crate) fn indent(&self) -> usize {
        self.indent
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// What `body` writes, and before it a `use` of those names of the runtime that it mentions.
    pub(crate) fn importing(&mut self, names: &[&str], body: impl FnOnce(&mut Code)) {
        let mut inner = Code { text: String::new(), indent: self.indent };
        body(&mut inner);
        let mentioned = |name: &&&str| inner.text.contains(&format!("{name}::"));
        let used: Vec<&str> = names.iter().filter(mentioned).copied().collect();
        match used[..] {
            [] => {}
            [name] => self.line(format!("use ::kitex::codegen::{name};")),
            _ => self.line(format!("use ::kitex::codegen::{{{}}};", used.join(", "))),
        }
        if !used.is_empty() {
            self.line("");
        }
        self.text.push_str(&inner.text);
    }

    /// One line; an empty one has no indentation.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        if !line.is_empty() {
            self.text.push_str(&layout::spaces(self.indent));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    /// Several lines as they are, each indented.
    pub(crate) fn lines(&mut self, lines: &str) {
        lines.lines().for_each(|line| self.line(line));
    }

    /// An empty line, but not at the start of a block.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("{\n") && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// `head` and what `body` writes, in braces.
    pub(crate) fn block(&mut self, head: impl AsRef<str>, body: impl FnOnce(&mut Code)) {
        self.line(format!("{} {{", head.as_ref()));
        self.body(body, "}");
    }

    /// What `body` writes one level deeper, and the closing line. An empty body closes on the same line.
    pub(crate) fn body(&mut self, body: impl FnOnce(&mut Code), close: &str) {
        let start = self.text.len();
        self.indent += 4;
        body(self);
        self.indent -= 4;
        if self.text.len() == start && self.text.ends_with("{\n") {
            self.text.pop();
            self.text.push_str(close);
            self.text.push('\n');
        } else {
            self.line(close);
        }
    }

    /// `left right` with `end`, such as `let x =`, a value, and `;`.
    pub(crate) fn assign(&mut self, left: &str, right: &Node, end: &str) {
        self.text.push_str(&layout::assign(self.indent, left, right, end));
        self.text.push('\n');
    }

    /// `#[derive(traits)]`, on one line, or on one line inside of the brackets, or each on its own.
    pub(crate) fn derive(&mut self, traits: &[&str]) {
        let row = traits.join(", ");
        if self.indent + layout::width(&row) + "#[derive()]".len() <= DERIVE {
            return self.line(format!("#[derive({row})]"));
        }
        self.line("#[derive(");
        let rows = match self.indent + 4 + layout::width(&row) <= 100 {
            true => row + ",",
            false => traits.iter().map(|path| format!("{path},\n")).collect::<String>(),
        };
        self.body(|code| code.lines(&rows), ")]");
    }

    /// `left type = value;`
    pub(crate) fn declare(&mut self, left: &str, ty: &Node, value: &Node) {
        let column = self.indent + layout::width(left) + 1;
        let head = format!("{left} {} =", ty.render(self.indent, column, 2));
        self.assign(&head, value, ";");
    }

    /// An expression as a statement or as a block's value.
    pub(crate) fn expression(&mut self, node: &Node, end: &str) {
        let rendered = node.render(self.indent, self.indent, layout::width(end));
        self.text.push_str(&layout::spaces(self.indent));
        self.text.push_str(&rendered);
        self.text.push_str(end);
        self.text.push('\n');
    }

    /// An arm of a match that does one thing, if it fits on a line.
    pub(crate) fn short_arm(&mut self, pattern: &str, left: &str, right: &Node) -> bool {
        let space = if left.is_empty() { "" } else { " " };
        let head = format!("{pattern} => {left}{space}");
        let right = right.render(self.indent, self.indent + layout::width(&head), 1);
        // rustfmt wants a little more room for an assignment.
        let limit = if left.is_empty() { 99 } else { 96 };
        let fits =
            !right.contains('\n') && self.indent + layout::width(&head) + layout::width(&right) <= limit;
        if fits {
            self.line(format!("{head}{right},"));
        }
        fits
    }

    /// An arm of a match with a value.
    pub(crate) fn arm(&mut self, pattern: &str, right: &Node) {
        if !self.short_arm(pattern, "", right) {
            self.block(format!("{pattern} =>"), |code| code.expression(right, ""));
        }
    }

    pub(crate) fn signature(
        &mut self,
        head: &str,
        parameters: &[(String, Node)],
        returns: &Returns,
        end: &str,
    ) {
        self.text.push_str(&layout::signature(self.indent, head, parameters, returns, end));
    }

    pub(crate) fn function(
        &mut self,
        head: &str,
        parameters: &[(String, Node)],
        returns: &Returns,
        body: impl FnOnce(&mut Code),
    ) {
        self.signature(head, parameters, returns, " {");
        self.body(body, "}");
    }

    /// `impl interface for target { … }`
    pub(crate) fn implementation(&mut self, interface: &str, target: &str, body: impl FnOnce(&mut Code)) {
        self.generic_implementation("impl", interface, target, body);
    }

    /// `impl<…> interface for target { … }`; without an interface an inherent one.
    pub(crate) fn generic_implementation(
        &mut self,
        generics: &str,
        interface: &str,
        target: &str,
        body: impl FnOnce(&mut Code),
    ) {
        self.text.push_str(&layout::implementation(self.indent, generics, interface, target));
        self.body(body, "}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_take_as_many_lines_as_they_need() {
        let lines = |last: usize| {
            let mut code = Code::default();
            code.derive(&["Clone", "PartialEq", &"a".repeat(last)]);
            code.into_text().lines().count()
        };
        // `Clone, PartialEq, ` has 18 columns, `#[derive()]` 11; four more are in front of a line inside.
        assert_eq!([67, 68, 78, 79].map(lines), [1, 3, 3, 5]);
    }
}
