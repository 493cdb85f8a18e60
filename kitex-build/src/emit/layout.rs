//! Text laid out as rustfmt lays it out by default, for the forms that generated code consists of.
//!
//! Generated code is read by people and checked with `rustfmt --check`. The rules here are those of
//! rustfmt's default style: 100 columns, calls and arrays on one line up to 60 columns, struct literals up to 18.

const WIDTH: usize = 100;
const STEP: usize = 4;
/// A call's arguments and an array's items stay on one line up to this width.
const SMALL: usize = 60;
/// The same for the members of a struct literal.
const LITERAL: usize = 18;
const LAZY: &str = "::std::sync::LazyLock::new";
/// Arrays whose items are all this short are filled line by line.
const SHORT: usize = 10;

/// A type or an expression that may take several lines.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    /// `head(arguments)tail`
    Call(String, Vec<Node>, &'static str),
    /// `head<arguments>tail`
    Generic(String, Vec<Node>, &'static str),
    /// `name(type)`, the declaration of a variant.
    Variant(String, Box<Node>),
    Array(Vec<Node>),
    Tuple(Vec<Node>),
    /// `head { members, ..rest }`
    Struct(String, Vec<(String, Node)>, Option<String>),
    /// `prefix` and something: `&mut T`, `Output = T`
    Prefixed(&'static str, Box<Node>),
    /// `LazyLock::new(|| value)`
    Lazy(Box<Node>),
    /// `|parameters| value`
    Closure(&'static str, Box<Node>),
}

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::Text(text)
    }
}

impl Node {
    pub(crate) fn call(head: impl Into<String>, arguments: Vec<Node>) -> Node {
        Node::Call(head.into(), arguments, "")
    }

    pub(crate) fn generic(head: impl Into<String>, arguments: Vec<Node>) -> Node {
        Node::Generic(head.into(), arguments, "")
    }

    /// On one line, whatever its length.
    pub(crate) fn flat(&self) -> String {
        let mut out = String::new();
        self.write_flat(&mut out);
        out
    }

    fn write_flat(&self, out: &mut String) {
        let around = |out: &mut String, parts: [&str; 3], items: &[Node], tail: &str| {
            let [head, open, close] = parts;
            out.push_str(head);
            out.push_str(open);
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                item.write_flat(out);
            }
            out.push_str(close);
            out.push_str(tail);
        };
        match self {
            Node::Text(text) => out.push_str(text),
            Node::Call(head, arguments, tail) => around(out, [head, "(", ")"], arguments, tail),
            Node::Generic(head, arguments, tail) => around(out, [head, "<", ">"], arguments, tail),
            Node::Variant(name, ty) => around(out, [name, "(", ")"], std::slice::from_ref(&**ty), ""),
            Node::Array(items) => around(out, ["", "[", "]"], items, ""),
            Node::Tuple(items) => around(out, ["", "(", ")"], items, ""),
            Node::Struct(head, members, rest) => write_literal(out, head, members, rest.as_deref()),
            Node::Prefixed(prefix, node) => {
                out.push_str(prefix);
                node.write_flat(out);
            }
            Node::Lazy(value) => {
                around(out, [LAZY, "(|| ", ")"], std::slice::from_ref(&**value), "");
            }
            Node::Closure(parameters, value) => {
                out.push_str(&format!("|{parameters}| "));
                value.write_flat(out);
            }
        }
    }

    /// How wide it is on one line, if the style wants it so where there is room, and it is at most `room` wide. Looks at
    /// no more than fits, since what is large is asked at every level.
    fn single(&self, room: usize) -> Option<usize> {
        let found = match self {
            Node::Text(text) => width(text),
            // A sole array is held to its own limit only.
            Node::Call(head, items, tail) if matches!(items[..], [Node::Array(_)]) => {
                joined(items, room, width(head) + width("()") + width(tail))?
            }
            Node::Call(head, items, tail) => {
                let around = width(head) + width("()") + width(tail);
                joined(items, room.min(around + SMALL), around)?
            }
            Node::Array(items) | Node::Tuple(items) => {
                joined(items, room.min(width("[]") + SMALL), width("[]"))?
            }
            Node::Generic(head, arguments, tail) => {
                joined(arguments, room, width(head) + width("<>") + width(tail))?
            }
            Node::Struct(head, members, rest) => literal(members, rest.as_deref())? + width(head),
            Node::Variant(name, node) => joined(std::slice::from_ref(&**node), room, width(name) + 2)?,
            Node::Prefixed(prefix, node) => width(prefix) + node.single(room)?,
            Node::Lazy(node) => width(LAZY) + width("(|| )") + node.single(room)?,
            Node::Closure(parameters, node) => width(parameters) + width("|| ") + node.single(room)?,
        };
        (found <= room).then_some(found)
    }

    /// At the end of a line that is `column` wide already, with `after` characters behind it.
    pub(crate) fn render(&self, indent: usize, column: usize, after: usize) -> String {
        match WIDTH.checked_sub(column + after).and_then(|room| self.single(room)) {
            Some(_) => self.flat(),
            None => self.broken(indent, column, WIDTH.saturating_sub(after)),
        }
    }

    /// As a sole argument or item it opens on the line of the bracket around it.
    fn hugs(&self) -> bool {
        matches!(self, Node::Call(..) | Node::Array(_) | Node::Tuple(_) | Node::Struct(..))
    }

    /// Whether it does so at the column `start`, where its first line must end before `end`.
    fn hugs_at(&self, start: usize, end: usize) -> bool {
        self.hugs() && {
            let first = self.opening(start, self.end(start, end));
            first <= SMALL && start + first <= self.end(start, end)
        }
    }

    /// Where the lines of a sole argument or item end that opens at `start`: a call has no more than the limit.
    fn end(&self, start: usize, end: usize) -> usize {
        if matches!(self, Node::Call(..)) { end.min(start + SMALL) } else { end }
    }

    /// The width of its first line when it is broken.
    fn opening(&self, column: usize, end: usize) -> usize {
        let (head, items, tail) = match self {
            Node::Text(text) => return width(text),
            Node::Struct(head, ..) => return width(head) + " {".len(),
            Node::Call(head, items, tail) => (width(head) + 1, items, width(tail)),
            Node::Array(items) => (1, items, 0),
            _ => return 1,
        };
        let end = end.saturating_sub(1 + tail);
        match &items[..] {
            [only] if only.hugs_at(column + head, end) => {
                head + only.opening(column + head, only.end(column + head, end))
            }
            _ => head,
        }
    }

    /// Over several lines: the first begins at `column` and, as the last, ends before `end`.
    fn broken(&self, indent: usize, column: usize, end: usize) -> String {
        match self {
            Node::Text(text) => text.clone(),
            Node::Call(head, arguments, tail) => {
                let start = column + width(head) + 1;
                let end = end.saturating_sub(1 + width(tail));
                match &arguments[..] {
                    [only] if only.hugs_at(start, end) => {
                        let end = only.end(start, end);
                        format!("{head}({}){tail}", only.broken(indent, start, end))
                    }
                    _ => format!("{head}({}){tail}", rows(arguments, indent)),
                }
            }
            Node::Generic(head, arguments, tail) => format!("{head}<{}>{tail}", rows(arguments, indent)),
            Node::Variant(name, ty) => format!("{name}({})", vertical(std::slice::from_ref(&**ty), indent)),
            Node::Array(items) => match &items[..] {
                [only] if only.hugs_at(column + 1, end.saturating_sub(1)) => {
                    let end = only.end(column + 1, end.saturating_sub(1));
                    format!("[{}]", only.broken(indent, column + 1, end))
                }
                _ => format!("[{}]", rows(items, indent)),
            },
            Node::Tuple(items) => format!("({})", vertical(items, indent)),
            Node::Struct(head, members, rest) => {
                let inner = indent + STEP;
                let mut out = format!("{head} {{\n");
                members.iter().for_each(|(name, value)| out.push_str(&row(name, value, inner)));
                if let Some(rest) = rest {
                    out.push_str(&format!("{}..{rest}\n", spaces(inner)));
                }
                out + &spaces(indent) + "}"
            }
            Node::Prefixed(prefix, node) => {
                format!("{prefix}{}", node.broken(indent, column + width(prefix), end))
            }
            Node::Closure(parameters, value) => {
                let inner = indent + STEP;
                let value = value.render(inner, inner, 0);
                format!("|{parameters}| {{\n{}{value}\n{}}}", spaces(inner), spaces(indent))
            }
            Node::Lazy(value) => match &**value {
                Node::Struct(..) => format!("{LAZY}(|| {})", value.broken(indent, column, end)),
                _ => {
                    let inner = indent + STEP;
                    let value = value.render(inner, inner, 0);
                    format!("{LAZY}(|| {{\n{}{value}\n{}}})", spaces(inner), spaces(indent))
                }
            },
        }
    }
}

/// A member on a line of its own. Other than elsewhere, what can be broken is not moved to the next line.
fn row(name: &str, value: &Node, indent: usize) -> String {
    let margin = spaces(indent);
    let column = indent + width(name) + ": ".len();
    match value {
        Node::Text(text) if text == name => format!("{margin}{name},\n"),
        Node::Text(_) => assign(indent, &format!("{name}:"), value, ",") + "\n",
        _ => format!("{margin}{name}: {},\n", value.render(indent, column, 1)),
    }
}

/// `head { members, ..rest }`, a member that is called like its value by its name alone.
fn write_literal(out: &mut String, head: &str, members: &[(String, Node)], rest: Option<&str>) {
    out.push_str(head);
    out.push_str(" {");
    for (at, (name, value)) in members.iter().enumerate() {
        out.push_str(if at == 0 { " " } else { ", " });
        if !matches!(value, Node::Text(text) if text == name) {
            out.push_str(&format!("{name}: "));
        }
        value.write_flat(out);
    }
    if let Some(rest) = rest {
        out.push_str(&format!("{}..{rest}", if members.is_empty() { " " } else { ", " }));
    }
    out.push_str(if members.is_empty() && rest.is_none() { "}" } else { " }" });
}

/// The width of a struct literal behind its head, if it fits its limit.
fn literal(members: &[(String, Node)], rest: Option<&str>) -> Option<usize> {
    let mut found = rest.map_or(0, |rest| width("..") + width(rest));
    for (at, (name, value)) in members.iter().enumerate() {
        let same = matches!(value, Node::Text(text) if text == name);
        let label = if same { 0 } else { width(name) + width(": ") };
        let separator = if at == 0 && rest.is_none() { 0 } else { width(", ") };
        found += separator + label + value.single(LITERAL)?;
        if found > LITERAL {
            return None;
        }
    }
    let empty = members.is_empty() && rest.is_none();
    (found <= LITERAL).then_some(if empty { width(" {}") } else { found + width(" {  }") })
}

/// The width of what stands on one line between brackets, with the `around` of those, if it is at most `room`.
fn joined(items: &[Node], room: usize, around: usize) -> Option<usize> {
    let mut found = around;
    for (at, item) in items.iter().enumerate() {
        found += if at == 0 { 0 } else { width(", ") };
        found += item.single(room.checked_sub(found)?)?;
    }
    (found <= room).then_some(found)
}

/// One item a line, or as many as fit when all are short. Begins and ends with a line break, unless there is no item.
fn rows(items: &[Node], indent: usize) -> String {
    if items.is_empty() {
        return String::new();
    }
    let short = |item: &Node| item.single(SHORT).is_some() && !item.flat().contains("::");
    match items.iter().all(short) {
        true => filled(&items.iter().map(Node::flat).collect::<Vec<_>>(), indent),
        false => vertical(items, indent),
    }
}

fn vertical(items: &[Node], indent: usize) -> String {
    let inner = indent + STEP;
    let rows = items.iter().map(|item| format!("{}{},\n", spaces(inner), item.render(inner, inner, 1)));
    format!("\n{}{}", rows.collect::<String>(), spaces(indent))
}

fn filled(items: &[String], indent: usize) -> String {
    let row = items.join(", ");
    let margin = spaces(indent + STEP);
    if indent + STEP + width(&row) < WIDTH {
        return format!("\n{margin}{row},\n{}", spaces(indent));
    }
    let mut out = String::new();
    let mut column = WIDTH;
    for item in items {
        // In several rows rustfmt keeps the last column free.
        if column + 1 + width(item) + 1 >= WIDTH {
            out.push('\n');
            out.push_str(&margin);
            column = indent + STEP;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(item);
        out.push(',');
        column += width(item) + 1;
    }
    format!("{out}\n{}", spaces(indent))
}

/// `left right` and `end`, indented: on one line, else the right side on the next line, else broken. `left` may have
/// several lines already.
pub(crate) fn assign(indent: usize, left: &str, right: &Node, end: &str) -> String {
    let margin = spaces(indent);
    let column = left.rsplit_once('\n').map_or(indent + width(left), |(_, last)| width(last)) + 1;
    let (next, last) = (indent + STEP, WIDTH.saturating_sub(width(end)));
    if let Some(found) = right.single(WIDTH) {
        if column + found + width(end) <= WIDTH {
            return format!("{margin}{left} {}{end}", right.flat());
        }
        if next + found + width(end) <= WIDTH {
            return format!("{margin}{left}\n{}{}{end}", spaces(next), right.flat());
        }
    }
    // What opens further on the next line is moved there.
    if right.opening(column, last) < right.opening(next, last) && column > next {
        return format!("{margin}{left}\n{}{}{end}", spaces(next), right.broken(next, next, last));
    }
    let broken = right.broken(indent, column, last);
    let first = broken.lines().next().unwrap_or("");
    // Behind a brace inside of parentheses rustfmt keeps room for its end.
    let reserve = match right {
        Node::Lazy(value) if matches!(**value, Node::Struct(..)) => 2,
        Node::Lazy(_) => 4,
        Node::Struct(..) => 1,
        _ => 0,
    };
    if column + width(first) + reserve <= WIDTH || matches!(right, Node::Text(_)) {
        return format!("{margin}{left} {broken}{end}");
    }
    format!("{margin}{left}\n{}{}{end}", spaces(next), right.broken(next, next, last))
}

/// What a function returns.
#[derive(Clone, Debug)]
pub(crate) enum Returns {
    Type(Node),
    /// `impl …` and a further bound behind a plus.
    Bounds(Node, &'static str),
}

/// A function's head up to `end`, which is ` {` or `;`.
pub(crate) fn signature(
    indent: usize,
    head: &str,
    parameters: &[(String, Node)],
    returns: &Returns,
    end: &str,
) -> String {
    let margin = spaces(indent);
    let flat = |(name, ty): &(String, Node)| {
        let ty = ty.flat();
        if ty.is_empty() { name.clone() } else { format!("{name}: {ty}") }
    };
    let result = match returns {
        Returns::Type(ty) => format!(" -> {}", ty.flat()),
        Returns::Bounds(ty, bound) => format!(" -> {} + {bound}", ty.flat()),
    };
    let line = format!("{head}({}){result}{end}", parameters.iter().map(flat).collect::<Vec<_>>().join(", "));
    if indent + width(&line) <= WIDTH {
        return format!("{margin}{line}\n");
    }
    let inner = indent + STEP;
    let mut out = format!("{margin}{head}(\n");
    for (name, ty) in parameters {
        let row = match ty.flat().is_empty() {
            true => name.clone(),
            // rustfmt lets bounds run over by five columns.
            false => match ty.flat() {
                line if line.starts_with("impl ") && inner + width(name) + width(&line) <= WIDTH + 2 => {
                    format!("{name}: {line}")
                }
                _ => format!("{name}: {}", ty.render(inner, inner + width(name) + 2, 1)),
            },
        };
        out.push_str(&format!("{}{row},\n", spaces(inner)));
    }
    out + &margin + ")" + &returned(indent, returns, end) + "\n"
}

/// What stands behind the closing parenthesis that has a line of its own. The limits are those that rustfmt was
/// measured to keep: it counts the indentation twice in some places.
fn returned(indent: usize, returns: &Returns, end: &str) -> String {
    match returns {
        Returns::Type(ty) => {
            let line = ty.flat();
            if width(&line) + 3 + indent > WIDTH {
                format!(" -> {}{end}", ty.broken(indent, indent, WIDTH))
            } else if 2 * indent + ") -> ".len() + width(&line) + width(end) > WIDTH && end == " {" {
                format!(" -> {line}\n{}{{", spaces(indent))
            } else {
                format!(" -> {line}{end}")
            }
        }
        Returns::Bounds(ty, bound) => {
            let line = ty.flat();
            if width(&line) + " + ".len() + width(bound) + indent <= WIDTH + 2 {
                format!(" -> {line} + {bound}{end}")
            } else if width(&line) + 2 * indent <= WIDTH {
                format!(" -> {line}\n{}+ {bound}{end}", spaces(indent))
            } else {
                format!(" -> {} + {bound}{end}", ty.broken(indent, indent, WIDTH))
            }
        }
    }
}

/// `impl<…> trait for target {`, with an empty trait for an inherent one. What does not fit goes to lines of its own;
/// rustfmt does not count the indentation here.
pub(crate) fn implementation(indent: usize, generics: &str, interface: &str, target: &str) -> String {
    let (margin, step) = (spaces(indent), spaces(indent + STEP));
    let head = if interface.is_empty() { generics.to_owned() } else { format!("{generics} {interface}") };
    let word = if interface.is_empty() { "" } else { "for " };
    if width(&head) + 1 + width(word) + width(target) + " {".len() <= WIDTH {
        return format!("{margin}{head} {word}{target} {{\n");
    }
    let target = match target.strip_suffix('>').and_then(|target| target.split_once('<')) {
        Some((head, argument)) if indent + STEP + width(word) + width(target) > WIDTH => {
            format!("{head}<\n{step}    {argument},\n{step}>")
        }
        _ => target.to_owned(),
    };
    match interface.is_empty() || width(&head) <= WIDTH {
        true => format!("{margin}{head}\n{step}{word}{target}\n{margin}{{\n"),
        false => format!("{margin}{generics}\n{step}{interface}\n{step}{word}{target}\n{margin}{{\n"),
    }
}

pub(crate) fn spaces(count: usize) -> String {
    " ".repeat(count)
}

pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
