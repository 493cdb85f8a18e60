//! The committed tables of what is not as it was recorded.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Difference;

/// The reasons that a deviation may have.
pub const REASONS: [&str; 5] = [
    "recorded under a mux-only server",
    "our limit",
    "the spec advises better",
    "a later protocol",
    "spoken beyond Kitex",
];

/// A table of deviations and how a test run bears it out. Each row reads
/// `family/case | facts that differ, by comma | clause of the wire description | one of REASONS | remark`; lines that are empty
/// or begin with `#` do not count, and the remark may be left out.
#[derive(Debug)]
pub struct Deviations {
    rows: BTreeMap<String, BTreeSet<String>>,
    failures: Vec<String>,
}

impl Deviations {
    /// Reads a table. A row that breaks the form is a failure of its own.
    #[must_use]
    pub fn new(table: &str) -> Self {
        let mut this = Self { rows: BTreeMap::new(), failures: Vec::new() };
        for row in table.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
            if let Err(reason) = this.add(row) {
                this.failures.push(format!("{reason}: {row}"));
            }
        }
        this
    }

    /// The table without the rows of one reason, for a run in which it does not hold, such as one with raised limits.
    #[must_use]
    pub fn without(table: &str, reason: &str) -> Self {
        let has = |row: &&str| row.split('|').nth(3).map(str::trim) != Some(reason);
        Self::new(&table.lines().filter(has).collect::<Vec<_>>().join("\n"))
    }

    fn add(&mut self, row: &str) -> Result<(), &'static str> {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [case, facts, clause, reason, ..] = columns[..] else { return Err("a row needs four columns") };
        if !REASONS.contains(&reason) {
            return Err("a row with a reason that is none");
        }
        if !clause.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("a row without a clause");
        }
        if crate::case(case).is_none() {
            return Err("a row for a case that does not exist");
        }
        let facts = facts.split(',').map(|fact| fact.trim().to_owned()).collect();
        match self.rows.insert(case.to_owned(), facts) {
            Some(_) => Err("a second row for the case"),
            None => Ok(()),
        }
    }

    /// Notes what a case was found to differ in. It passes if these are exactly the facts of its row, or if there are none and it
    /// has no row. A case is settled once.
    pub fn settle(&mut self, case: &str, differences: &[Difference]) {
        let expected = self.rows.remove(case).unwrap_or_default();
        let found: BTreeSet<String> = differences.iter().map(|difference| difference.fact.clone()).collect();
        for difference in differences.iter().filter(|difference| !expected.contains(&difference.fact)) {
            let Difference { fact, recorded, ours } = difference;
            self.failures.push(format!("{case}: {fact} was recorded as {recorded}, ours is {ours}"));
        }
        for fact in expected.difference(&found) {
            self.failures.push(format!("{case}: the row lists {fact}, which does not differ"));
        }
    }

    /// What was wrong, a line each; nothing if every difference had its row and every row its difference.
    ///
    /// # Errors
    /// Lists the failures.
    pub fn finish(mut self) -> Result<(), String> {
        let unused = self.rows.keys().map(|case| format!("{case}: the row is not needed"));
        self.failures.extend(unused);
        if self.failures.is_empty() { Ok(()) } else { Err(self.failures.join("\n")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "mux/hand-framed | form, seq | 7.3 | recorded under a mux-only server | answered here";

    fn differ(facts: &[&str]) -> Vec<Difference> {
        facts.iter().filter_map(|fact| Difference::of(fact, 1, 2)).collect()
    }

    #[test]
    fn a_row_excuses_exactly_its_facts() {
        for (facts, passes) in
            [(&["form", "seq"][..], true), (&["form"], false), (&["form", "seq", "type"], false)]
        {
            let mut deviations = Deviations::new(ROW);
            deviations.settle("mux/hand-framed", &differ(facts));
            assert_eq!(deviations.finish().is_ok(), passes, "{facts:?}");
        }
    }

    #[test]
    fn a_difference_without_a_row_fails() {
        let mut deviations = Deviations::new("# no rows\n");
        deviations.settle("framed/echo", &[]);
        deviations.settle("framed/void", &differ(&["type"]));
        assert_eq!(deviations.finish().unwrap_err(), "framed/void: type was recorded as 1, ours is 2");
    }

    #[test]
    fn a_row_that_is_not_needed_fails() {
        assert_eq!(Deviations::new(ROW).finish().unwrap_err(), "mux/hand-framed: the row is not needed");
    }

    #[test]
    fn the_rows_of_a_reason_can_be_left_out() {
        let table = format!("{ROW}\nframed/echo | type | 5 | our limit");
        let mut deviations = Deviations::without(&table, "our limit");
        deviations.settle("framed/echo", &[]);
        assert_eq!(deviations.finish().unwrap_err(), "mux/hand-framed: the row is not needed");
    }

    #[test]
    fn a_row_needs_a_case_a_clause_and_one_of_the_reasons() {
        for row in [
            "framed/echo | form | 5",
            "framed/none | form | 5 | our limit",
            "framed/echo | form | | our limit",
            "framed/echo | form | 5 | convenience",
        ] {
            assert!(Deviations::new(row).finish().unwrap_err().contains(row), "{row}");
        }
        assert!(Deviations::new(&format!("{ROW}\n{ROW}")).finish().unwrap_err().contains("a second row"));
    }
}
