//! What is odd in an IDL without being wrong, and how much each kind of it weighs.

/// A kind of oddity. What it is about is accepted; some of it is read in another way by other compilers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// A number with a leading zero, which some compilers read as octal.
    LeadingZero,
    /// A number other than 0 and 1 for a bool.
    BoolNumber,
    /// `true` or `false` for a number.
    NumberBool,
    /// A value of one enum for another that has a value of the same name.
    ForeignEnumValue,
    /// Two values of an enum with one number.
    RepeatedNumber,
    /// A set literal with a value more than once.
    RepeatedElement,
    /// A struct literal without one of the struct's required fields.
    MissingRequired,
    /// A field id below 1.
    OddId,
    /// Fields without ids, numbered as a dialect does.
    ImplicitId,
    /// `required` or `optional` where it means nothing.
    IgnoredRequiredness,
    /// A function that streams: it is left out.
    SkippedStream,
}

impl Lint {
    /// All of them.
    pub const ALL: [Lint; 11] = [
        Lint::LeadingZero,
        Lint::BoolNumber,
        Lint::NumberBool,
        Lint::ForeignEnumValue,
        Lint::RepeatedNumber,
        Lint::RepeatedElement,
        Lint::MissingRequired,
        Lint::OddId,
        Lint::ImplicitId,
        Lint::IgnoredRequiredness,
        Lint::SkippedStream,
    ];

    /// The name that reports and the command line have for it, such as `leading-zero`.
    pub const fn name(self) -> &'static str {
        match self {
            Lint::LeadingZero => "leading-zero",
            Lint::BoolNumber => "bool-number",
            Lint::NumberBool => "number-bool",
            Lint::ForeignEnumValue => "foreign-enum-value",
            Lint::RepeatedNumber => "repeated-number",
            Lint::RepeatedElement => "repeated-element",
            Lint::MissingRequired => "missing-required",
            Lint::OddId => "odd-id",
            Lint::ImplicitId => "implicit-id",
            Lint::IgnoredRequiredness => "ignored-requiredness",
            Lint::SkippedStream => "skipped-stream",
        }
    }

    /// The lint of a name.
    pub fn from_name(name: &str) -> Option<Lint> {
        Lint::ALL.into_iter().find(|lint| lint.name() == name)
    }
}

/// What becomes of a lint's findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// They are dropped.
    Allow,
    /// They are shown and change nothing.
    #[default]
    Warn,
    /// They are errors.
    Deny,
}

/// The level of each lint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Levels([Level; Lint::ALL.len()]);

impl Levels {
    pub(crate) fn set(&mut self, lint: Lint, level: Level) {
        self.0[lint as usize] = level;
    }

    pub(crate) fn get(&self, lint: Lint) -> Level {
        self.0[lint as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_is_found_by_its_name() {
        for (at, lint) in Lint::ALL.into_iter().enumerate() {
            assert_eq!((lint as usize, Lint::from_name(lint.name())), (at, Some(lint)));
        }
        assert_eq!(Lint::from_name("LeadingZero"), None);
    }
}
