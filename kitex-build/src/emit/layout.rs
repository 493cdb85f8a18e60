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
        let join = |nodes: &[Node]| nodes.iter().map(Node::flat).collect::<Vec<_>>().join(", ");
        match self {
            Node::Text(text) => text.clone(),
            Node::Call(head, arguments, tail) => format!("{head}({}){tail}", join(arguments)),
            Node::Generic(head, arguments, tail) => format!("{head}<{}>{tail}", join(arguments)),
            Node::Variant(name, ty) => format!("{name}({})", ty.flat()),
            Node::Array(items) => format!("[{}]", join(items)),
            Node::Tuple(items) => format!("({})", join(items)),
            Node::Struct(head, members, rest) => {
                let members = members.iter().map(|(name, value)| member(name, value.flat()));
                let members: Vec<_> = members.chain(rest.iter().map(|rest| format!("..{rest}"))).collect();
                if members.is_empty() {
                    format!("{head} {{}}")
                } else {
                    format!("{head} {{ {} }}", members.join(", "))
                }
            }
            Node::Prefixed(prefix, node) => format!("{prefix}{}", node.flat()),
            Node::Lazy(value) => format!("{LAZY}(|| {})", value.flat()),
            Node::Closure(parameters, value) => format!("|{parameters}| {}", value.flat()),
        }
    }

    /// On one line, if the style wants it so where there is room.
    fn single(&self) -> Option<String> {
        let all = |nodes: &[Node]| nodes.iter().map(Node::single).collect::<Option<Vec<_>>>();
        let small = |nodes: &[Node]| all(nodes).is_some_and(|items| width(&items.join(", ")) <= SMALL);
        let fits = match self {
            Node::Text(_) => true,
            // A sole array is held to its own limit only.
            Node::Call(_, items, _) if matches!(items[..], [Node::Array(_)]) => all(items).is_some(),
            Node::Call(_, items, _) | Node::Array(items) | Node::Tuple(items) => small(items),
            Node::Generic(_, arguments, _) => all(arguments).is_some(),
            Node::Struct(head, members, _) => {
                members.iter().all(|(_, value)| value.single().is_some())
                    && width(&self.flat()) <= LITERAL + head.len() + " {  }".len()
            }
            Node::Variant(_, node) | Node::Prefixed(_, node) | Node::Lazy(node) | Node::Closure(_, node) => {
                node.single().is_some()
            }
        };
        fits.then(|| self.flat())
    }

    /// At the end of a line that is `column` wide already, with `after` characters behind it.
    pub(crate) fn render(&self, indent: usize, column: usize, after: usize) -> String {
        match self.single() {
            Some(line) if column + width(&line) + after <= WIDTH => line,
            _ => self.broken(indent),
        }
    }

    /// As a sole argument or item it opens on the line of the bracket around it.
    fn hugs(&self) -> bool {
        matches!(self, Node::Call(..) | Node::Array(_) | Node::Tuple(_) | Node::Struct(..))
    }

    fn broken(&self, indent: usize) -> String {
        match self {
            Node::Text(text) => text.clone(),
            Node::Call(head, arguments, tail) => match &arguments[..] {
                [only] if only.hugs() => format!("{head}({}){tail}", only.broken(indent)),
                _ => format!("{head}({}){tail}", rows(arguments, indent)),
            },
            Node::Generic(head, arguments, tail) => format!("{head}<{}>{tail}", rows(arguments, indent)),
            Node::Variant(name, ty) => format!("{name}({})", vertical(std::slice::from_ref(&**ty), indent)),
            Node::Array(items) => match &items[..] {
                [only] if only.hugs() => format!("[{}]", only.broken(indent)),
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
            Node::Prefixed(prefix, node) => format!("{prefix}{}", node.broken(indent)),
            Node::Closure(parameters, value) => {
                let inner = indent + STEP;
                let value = value.render(inner, inner, 0);
                format!("|{parameters}| {{\n{}{value}\n{}}}", spaces(inner), spaces(indent))
            }
            Node::Lazy(value) => match &**value {
                Node::Struct(..) => format!("{LAZY}(|| {})", value.broken(indent)),
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
        _ if value.flat() == name => format!("{margin}{name},\n"),
        Node::Text(_) => assign(indent, &format!("{name}:"), value, ",") + "\n",
        _ => format!("{margin}{name}: {},\n", value.render(indent, column, 1)),
    }
}

/// `name: value`, or only the name where the value is called the same.
fn member(name: &str, value: String) -> String {
    if value == name { value } else { format!("{name}: {value}") }
}

/// One item a line, or as many as fit when all are short. Begins and ends with a line break, unless there is no item.
fn rows(items: &[Node], indent: usize) -> String {
    if items.is_empty() {
        return String::new();
    }
    let flat: Vec<String> = items.iter().map(Node::flat).collect();
    let short = flat.iter().all(|item| width(item) <= SHORT && !item.contains("::"));
    if short { filled(&flat, indent) } else { vertical(items, indent) }
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
    if let Some(line) = right.single() {
        if column + width(&line) + width(end) <= WIDTH {
            return format!("{margin}{left} {line}{end}");
        }
        if indent + STEP + width(&line) + width(end) <= WIDTH {
            return format!("{margin}{left}\n{}{line}{end}", spaces(indent + STEP));
        }
    }
    let broken = right.broken(indent);
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
    format!("{margin}{left}\n{}{}{end}", spaces(indent + STEP), right.broken(indent + STEP))
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
                format!(" -> {}{end}", ty.broken(indent))
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
                format!(" -> {} + {bound}{end}", ty.broken(indent))
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
mod tests {
    use super::*;

    #[test]
    fn what_holds_nothing_is_whole_on_any_line() {
        let call = Node::Call("from.read_i32_list".to_owned(), Vec::new(), "?");
        assert_eq!(call.render(200, 200, 0), "from.read_i32_list()?");
        assert_eq!(Node::Array(Vec::new()).broken(100), "[]");
    }
}
