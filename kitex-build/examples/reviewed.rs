//! The reviewed code of every input as one crate, so that rustdoc and all lints of the workspace can be held against it:
//! `cargo doc -p kitex-build --examples`. There is nothing to run.

fn main() {}

/// Reviewed code.
pub mod annotations {
    include!("../tests/golden/annotations.rs");
}

/// Reviewed code.
pub mod apache_ids {
    include!("../tests/golden/apache_ids.rs");
}

/// Reviewed code.
pub mod apache_more {
    include!("../tests/golden/apache_more.rs");
}

/// Reviewed code.
pub mod blank {
    include!("../tests/golden/blank.rs");
}

/// Reviewed code.
pub mod cases {
    include!("../tests/golden/cases.rs");
}

/// Reviewed code.
pub mod choices {
    include!("../tests/golden/choices.rs");
}

/// Reviewed code.
pub mod clashes {
    include!("../tests/golden/clashes.rs");
}

/// Reviewed code.
pub mod consts {
    include!("../tests/golden/consts.rs");
}

/// Reviewed code.
pub mod containers {
    include!("../tests/golden/containers.rs");
}

/// Reviewed code.
pub mod crowded {
    include!("../tests/golden/crowded.rs");
}

/// Reviewed code.
pub mod defaults {
    include!("../tests/golden/defaults.rs");
}

/// Reviewed code.
pub mod derives {
    include!("../tests/golden/derives.rs");
}

/// Reviewed code.
pub mod docs {
    include!("../tests/golden/docs.rs");
}

/// Reviewed code.
pub mod docs_hostile {
    include!("../tests/golden/docs_hostile.rs");
}

/// Reviewed code.
pub mod docs_odd {
    include!("../tests/golden/docs_odd.rs");
}

/// Reviewed code.
pub mod echo {
    include!("../tests/golden/echo.rs");
}

/// Reviewed code.
pub mod empty {
    include!("../tests/golden/empty.rs");
}

/// Reviewed code.
pub mod endings {
    include!("../tests/golden/endings.rs");
}

/// Reviewed code.
pub mod enums {
    include!("../tests/golden/enums.rs");
}

/// Reviewed code.
pub mod exceptions {
    include!("../tests/golden/exceptions.rs");
}

/// Reviewed code.
pub mod fallback {
    include!("../tests/golden/fallback.rs");
}

/// Reviewed code.
pub mod forms {
    include!("../tests/golden/forms.rs");
}

/// Reviewed code.
pub mod headers {
    include!("../tests/golden/headers.rs");
}

/// Reviewed code.
pub mod ids {
    include!("../tests/golden/ids.rs");
}

/// Reviewed code.
pub mod includes {
    include!("../tests/golden/includes.rs");
}

/// Reviewed code.
pub mod inherited {
    include!("../tests/golden/inherited.rs");
}

/// Reviewed code.
pub mod keywords {
    include!("../tests/golden/keywords.rs");
}

/// Reviewed code.
pub mod later {
    include!("../tests/golden/later.rs");
}

/// Reviewed code.
pub mod lexical {
    include!("../tests/golden/lexical.rs");
}

/// Reviewed code.
pub mod literals {
    include!("../tests/golden/literals.rs");
}

/// Reviewed code.
pub mod long {
    include!("../tests/golden/long.rs");
}

/// Reviewed code.
pub mod mapped {
    include!("../tests/golden/mapped.rs");
}

/// Reviewed code.
pub mod methods {
    include!("../tests/golden/methods.rs");
}

/// Reviewed code.
pub mod names {
    include!("../tests/golden/names.rs");
}

/// Reviewed code.
pub mod nested {
    include!("../tests/golden/nested.rs");
}

/// Reviewed code.
pub mod newtyped {
    include!("../tests/golden/newtyped.rs");
}

/// Reviewed code.
pub mod newtyped_more {
    include!("../tests/golden/newtyped_more.rs");
}

/// Reviewed code.
pub mod newtypes {
    include!("../tests/golden/newtypes.rs");
}

/// Reviewed code.
pub mod numbers {
    include!("../tests/golden/numbers.rs");
}

/// Reviewed code.
pub mod prefixes {
    include!("../tests/golden/prefixes.rs");
}

/// Reviewed code.
pub mod prelude {
    include!("../tests/golden/prelude.rs");
}

/// Reviewed code.
pub mod recursion {
    include!("../tests/golden/recursion.rs");
}

/// Reviewed code.
pub mod remarks {
    include!("../tests/golden/remarks.rs");
}

/// Reviewed code.
pub mod renames {
    include!("../tests/golden/renames.rs");
}

/// Reviewed code.
pub mod requiredness {
    include!("../tests/golden/requiredness.rs");
}

/// Reviewed code.
pub mod services {
    include!("../tests/golden/services.rs");
}

/// Reviewed code.
pub mod streams {
    include!("../tests/golden/streams.rs");
}

/// Reviewed code.
pub mod thriftgo_ids {
    include!("../tests/golden/thriftgo_ids.rs");
}

/// Reviewed code.
pub mod typedefs {
    include!("../tests/golden/typedefs.rs");
}

/// Reviewed code.
pub mod types {
    include!("../tests/golden/types.rs");
}

/// Reviewed code.
pub mod unions {
    include!("../tests/golden/unions.rs");
}

/// Reviewed code.
pub mod unknown {
    include!("../tests/golden/unknown.rs");
}

/// Reviewed code.
pub mod volo {
    include!("../tests/golden/volo.rs");
}

/// Reviewed code.
pub mod words {
    include!("../tests/golden/words.rs");
}

/// Where `mapped` takes the types of another build from.
pub mod rows {
    /// Reviewed code.
    pub mod inheriting {
        include!("../tests/golden/inherited.rs");
    }
}
