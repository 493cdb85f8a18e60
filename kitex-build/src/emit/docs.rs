//! IDL comments as Rust docs.
//!
//! What people write in an IDL is not Markdown for rustdoc: brackets are no links, indented lines are no
//! doctests, `<T>` is no HTML. Lists and fenced blocks are kept, everything else shows as it was written.

use super::code::Code;

/// Writes `text` as doc comment lines, or `fallback` where the IDL says nothing.
pub(crate) fn write(code: &mut Code, text: Option<&str>, fallback: &str) {
    let lines = text.map(markdown).filter(|lines| !lines.is_empty());
    for line in lines.unwrap_or_else(|| vec![fallback.to_owned()]) {
        let space = if line.is_empty() { "" } else { " " };
        code.line(format!("///{space}{line}"));
    }
}

/// The lines of Markdown that show as `text`.
fn markdown(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut fence: Option<String> = None;
    let mut hang = 0;
    for line in text.lines() {
        let line: String = line.chars().map(visible).collect();
        let line = line.replace('\t', "    ");
        let line = line.trim_end();
        let (next, shown) = match &fence {
            Some(mark) if line.trim_start().starts_with(mark.as_str()) => (None, mark.clone()),
            Some(mark) => (Some(mark.clone()), line.to_owned()),
            None => match fence_of(line.trim_start()) {
                Some(mark) => (Some(mark.clone()), format!("{mark}text")),
                None => (None, prose(line.trim_start(), &mut hang)),
            },
        };
        fence = next;
        let blank = shown.is_empty() && lines.last().is_none_or(String::is_empty) && fence.is_none();
        if !blank {
            lines.push(shown);
        }
    }
    lines.extend(fence);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Compilers reject characters that change the direction of text, and bare carriage returns.
fn visible(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\t' => '\t',
        control if control.is_control() => ' ',
        other => other,
    }
}

/// The mark that opens a fenced block.
fn fence_of(line: &str) -> Option<String> {
    let first = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.chars().take_while(|&mark| mark == first).count();
    let plain = !line[length..].contains('`');
    (length >= 3 && plain).then(|| first.to_string().repeat(length))
}

/// A line outside of fenced blocks. `hang` is the indentation of the lines that belong to a list's item.
fn prose(line: &str, hang: &mut usize) -> String {
    if line.is_empty() {
        *hang = 0;
        return String::new();
    }
    if line.chars().all(|mark| matches!(mark, '-' | '=' | '*' | '_' | ' ')) {
        return format!("{}\\{line}", " ".repeat(*hang));
    }
    if let Some(length) = marker(line) {
        *hang = length;
        let (mark, rest) = line.split_at(length);
        return format!("{mark}{}", inline(rest.trim_start()));
    }
    let guard = if line.starts_with(['#', '+', '-', '|', ':']) { "\\" } else { "" };
    format!("{}{guard}{}", " ".repeat(*hang), inline(line))
}

/// Length of `- `, `* `, `+ ` or `12. ` at the start of a list's item.
fn marker(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let bullet = digits == 0 && line.starts_with(['-', '*', '+']);
    let number = (1..=9).contains(&digits) && line[digits..].starts_with(['.', ')']);
    let length = digits + 2;
    ((bullet || number) && line.as_bytes().get(length - 1) == Some(&b' ')).then_some(length)
}

/// Escapes what Markdown or HTML would take for markup; code spans stay, bare addresses become links.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '`' => code_span(rest, &mut out),
            'h' => link(rest, &mut out),
            _ => 0,
        };
        if taken > 0 {
            rest = &rest[taken..];
            continue;
        }
        if matches!(first, '\\' | '`' | '[' | ']' | '<' | '>' | '&') {
            out.push('\\');
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// Copies a code span that ends on this line; its length, 0 if there is none.
fn code_span(text: &str, out: &mut String) -> usize {
    let marks = text.bytes().take_while(|&byte| byte == b'`').count();
    let inside = &text[marks..];
    let Some(end) = inside.find(&text[..marks]) else {
        out.push_str(&"\\`".repeat(marks));
        return marks;
    };
    let closing = inside[end..].bytes().take_while(|&byte| byte == b'`').count();
    if closing != marks {
        out.push_str(&"\\`".repeat(marks));
        return marks;
    }
    out.push_str(&text[..marks + end + marks]);
    marks + end + marks
}

/// Copies an address in angle brackets; its length, 0 if there is none.
fn link(text: &str, out: &mut String) -> usize {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return 0;
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(letter);
    let length = text.find(|letter| !allowed(letter)).unwrap_or(text.len());
    let address = text[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', '*', '_']);
    out.push_str(&format!("<{address}>"));
    address.len()
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn text_shows_as_it_was_written() {
        let table = [
            ("See [Foo] and <T>.", "See \\[Foo\\] and \\<T\\>."),
            ("    let x = 1;", "let x = 1;"),
            ("a `b[0]` c", "a `b[0]` c"),
            ("an odd ` mark [x]", "an odd \\` mark \\[x\\]"),
            ("at http://a.b/c?d=[x].", "at <http://a.b/c?d=>\\[x\\]."),
            ("see https://a.b/c.", "see <https://a.b/c>."),
            ("# not a heading", "\\# not a heading"),
            ("> no quote", "\\> no quote"),
            ("a\n---\nb", "a\n\\---\nb"),
            ("- one\nmore\n- two\n\nend", "- one\n  more\n- two\n\nend"),
            ("1. one\nmore", "1. one\n   more"),
            ("```rust\npanic!()\n```", "```text\npanic!()\n```"),
            ("```\nopen", "```text\nopen\n```"),
            ("a\tb \u{202e}", "a    b \u{fffd}"),
            ("C:\\dir", "C:\\\\dir"),
            ("a\n\n\nb\n\n", "a\n\nb"),
            ("``a`b`` c", "``a`b`` c"),
        ];
        for (text, expected) in table {
            assert_eq!(markdown(text).join("\n"), expected, "{text:?}");
        }
    }
}
