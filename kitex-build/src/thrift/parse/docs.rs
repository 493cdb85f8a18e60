//! Which comment documents what, and its text without the decoration.

use super::super::lex::{Comment, Kind};
use super::Parser;

impl Parser<'_> {
    /// `/** … */` or a run of `///` lines right before the current token. The last one wins; one that
    /// trails an element on an earlier line belongs to that element.
    pub(super) fn doc_before(&self) -> Option<String> {
        let comments = &self.tokens.comments;
        let end = comments.partition_point(|comment| comment.before <= self.at);
        let start = comments.partition_point(|comment| comment.before < self.at);
        let last =
            comments[start..end].iter().rposition(|comment| comment.leading && !self.trails(comment))?;
        let last = start + last;
        if !self.text(comments[last].span).starts_with("///") {
            return clean(self.text(comments[last].span));
        }
        let run = comments[start..=last].iter().rev();
        let run = run.take_while(|comment| comment.leading && self.text(comment.span).starts_with("///"));
        let mut lines: Vec<&str> =
            run.filter(|comment| !self.trails(comment)).map(|comment| self.text(comment.span)).collect();
        lines.reverse();
        clean(&lines.join("\n"))
    }

    /// A comment of any kind after the element, on its last line, with nothing behind it.
    pub(super) fn doc_after(&self) -> Option<String> {
        let comments = &self.tokens.comments;
        let start = comments.partition_point(|comment| comment.before < self.at);
        let comment = comments.get(start).filter(|comment| comment.before == self.at)?;
        if self.at > 0 && self.trails(comment) { clean(self.text(comment.span)) } else { None }
    }

    /// Whether the comment stands on the line of the token before it and ends that line. Behind an
    /// opening mark it is about what comes next.
    fn trails(&self, comment: &Comment) -> bool {
        let Some(previous) = comment.before.checked_sub(1) else {
            return false;
        };
        let previous = self.tokens.tokens[previous];
        let next = self.tokens.tokens[comment.before];
        let ends_line = next.lines.first > comment.lines.last || next.kind == Kind::End;
        let opens = matches!(previous.kind, Kind::Mark(b'{' | b'('));
        !opens && previous.lines.last == comment.lines.first && ends_line
    }
}

/// The lines of a comment without its marks, common decoration and blank ends; `None` if nothing is left.
fn clean(comment: &str) -> Option<String> {
    let block = comment.starts_with("/*");
    let inside = match block {
        true => comment[2..].strip_suffix("*/").unwrap_or("").trim_matches('*'),
        false => comment,
    };
    let lines = inside.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = lines.split('\n').collect();
    let starred =
        block && lines.iter().skip(1).all(|line| line.trim().is_empty() || line.trim().starts_with('*'));
    let strip = |(at, line): (usize, &&str)| -> String {
        let line = line.trim_end();
        match (block, starred && at > 0) {
            (false, _) => line.trim_start().trim_start_matches(['/', '#']).to_owned(),
            (true, true) => line.trim_start().trim_start_matches('*').to_owned(),
            (true, false) if at == 0 => format!(" {}", line.trim_start()),
            (true, false) => line.to_owned(),
        }
    };
    let lines: Vec<String> = lines.iter().enumerate().map(strip).collect();
    let lines = outdent(&lines, block);
    let text = lines.join("\n").trim_matches('\n').to_owned();
    (!text.trim().is_empty()).then_some(text)
}

/// Takes the indentation away that all lines share. The first line of a block stands behind its mark
/// and has none of its own.
fn outdent(lines: &[String], block: bool) -> Vec<String> {
    let filled = || lines.iter().filter(|line| !line.trim().is_empty());
    let indentation = |line: &String| line.len() - line.trim_start_matches([' ', '\t']).len();
    let skip = usize::from(block && filled().count() > 1 && !lines[0].trim().is_empty());
    let common = filled().skip(skip).map(indentation).min().unwrap_or(0);
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 if block => line.trim_start().to_owned(),
            _ => line.get(common.min(indentation(line))..).unwrap_or("").to_owned(),
        })
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn decoration_is_taken_off() {
        let table = [
            ("/** One. */", "One."),
            ("/**\n * One.\n *\n *   two\n */", "One.\n\n  two"),
            ("/**\r\n   One.\r\n     two\r\n   three\r\n */", "One.\n  two\nthree"),
            ("/** One\n    two **/", "One\ntwo"),
            ("/// a\n///   b", "a\n  b"),
            ("// trailing ", "trailing"),
            ("# trailing", "trailing"),
            ("/* a * b */", "a * b"),
        ];
        for (comment, expected) in table {
            assert_eq!(clean(comment).as_deref(), Some(expected), "{comment:?}");
        }
    }

    #[test]
    fn empty_comments_document_nothing() {
        for comment in ["/** */", "/***/", "///", "// ", "/**\n *\n */"] {
            assert_eq!(clean(comment), None, "{comment:?}");
        }
    }
}
