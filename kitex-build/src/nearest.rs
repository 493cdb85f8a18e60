//! What a misspelled name may have been meant to be.

/// Suggestions look at no more names than this, so that many errors in a large file stay cheap.
pub(crate) const CANDIDATES: usize = 2000;

/// The candidate that differs least from `name`, if it is near enough to be a slip.
pub(crate) fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.len() / 3).min(3);
    let near = candidates.take(CANDIDATES).filter(|candidate| candidate.len().abs_diff(name.len()) <= limit);
    let measured = near.map(|candidate| (distance(name, candidate), candidate));
    measured.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// Edit distance, without regard to case. Two letters the wrong way round are one slip.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase().into_bytes(), b.to_ascii_lowercase().into_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised() {
        let names = ["Request", "Response", "User"];
        assert_eq!(nearest("Reqest", names.into_iter()), Some("Request"));
        assert_eq!(nearest("Uesr", names.into_iter()), Some("User"));
        assert_eq!(nearest("user", names.into_iter()), Some("User"));
        assert_eq!(nearest("Color", names.into_iter()), None);
    }
}
