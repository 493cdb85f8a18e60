//! The reviewed code, compiled: each input in a module of its own.

pub(super) mod annotations {
    include!("../../../tests/golden/annotations.rs");
}
pub(super) mod apache_ids {
    include!("../../../tests/golden/apache_ids.rs");
}
pub(super) mod apache_more {
    include!("../../../tests/golden/apache_more.rs");
}
pub(super) mod blank {
    include!("../../../tests/golden/blank.rs");
}
pub(super) mod cases {
    include!("../../../tests/golden/cases.rs");
}
pub(super) mod choices {
    include!("../../../tests/golden/choices.rs");
}
pub(super) mod clashes {
    include!("../../../tests/golden/clashes.rs");
}
pub(super) mod consts {
    include!("../../../tests/golden/consts.rs");
}
pub(super) mod containers {
    include!("../../../tests/golden/containers.rs");
}
pub(super) mod crowded {
    include!("../../../tests/golden/crowded.rs");
}
pub(super) mod defaults {
    include!("../../../tests/golden/defaults.rs");
}
pub(super) mod derives {
    include!("../../../tests/golden/derives.rs");
}
pub(super) mod docs {
    include!("../../../tests/golden/docs.rs");
}
pub(super) mod docs_hostile {
    include!("../../../tests/golden/docs_hostile.rs");
}
pub(super) mod docs_odd {
    include!("../../../tests/golden/docs_odd.rs");
}
pub(super) mod echo {
    include!("../../../tests/golden/echo.rs");
}
pub(super) mod empty {
    include!("../../../tests/golden/empty.rs");
}
pub(super) mod endings {
    include!("../../../tests/golden/endings.rs");
}
pub(super) mod enums {
    include!("../../../tests/golden/enums.rs");
}
pub(super) mod exceptions {
    include!("../../../tests/golden/exceptions.rs");
}
pub(super) mod fallback {
    include!("../../../tests/golden/fallback.rs");
}
pub(super) mod forms {
    include!("../../../tests/golden/forms.rs");
}
pub(super) mod headers {
    include!("../../../tests/golden/headers.rs");
}
pub(super) mod ids {
    include!("../../../tests/golden/ids.rs");
}
pub(super) mod includes {
    include!("../../../tests/golden/includes.rs");
}
pub(super) mod inherited {
    include!("../../../tests/golden/inherited.rs");
}
pub(super) mod keywords {
    include!("../../../tests/golden/keywords.rs");
}
pub(super) mod later {
    include!("../../../tests/golden/later.rs");
}
pub(super) mod lexical {
    include!("../../../tests/golden/lexical.rs");
}
pub(super) mod literals {
    include!("../../../tests/golden/literals.rs");
}
pub(super) mod long {
    include!("../../../tests/golden/long.rs");
}
pub(super) mod mapped {
    include!("../../../tests/golden/mapped.rs");
}
pub(super) mod methods {
    include!("../../../tests/golden/methods.rs");
}
pub(super) mod names {
    include!("../../../tests/golden/names.rs");
}
pub(super) mod nested {
    include!("../../../tests/golden/nested.rs");
}
pub(super) mod newtyped {
    include!("../../../tests/golden/newtyped.rs");
}
pub(super) mod newtyped_more {
    include!("../../../tests/golden/newtyped_more.rs");
}
pub(super) mod newtypes {
    include!("../../../tests/golden/newtypes.rs");
}
pub(super) mod numbers {
    include!("../../../tests/golden/numbers.rs");
}
pub(super) mod prefixes {
    include!("../../../tests/golden/prefixes.rs");
}
pub(super) mod prelude {
    include!("../../../tests/golden/prelude.rs");
}
pub(super) mod recursion {
    include!("../../../tests/golden/recursion.rs");
}
pub(super) mod remarks {
    include!("../../../tests/golden/remarks.rs");
}
pub(super) mod renames {
    include!("../../../tests/golden/renames.rs");
}
pub(super) mod requiredness {
    include!("../../../tests/golden/requiredness.rs");
}
pub(super) mod services {
    include!("../../../tests/golden/services.rs");
}
pub(super) mod streams {
    include!("../../../tests/golden/streams.rs");
}
pub(super) mod thriftgo_ids {
    include!("../../../tests/golden/thriftgo_ids.rs");
}
pub(super) mod typedefs {
    include!("../../../tests/golden/typedefs.rs");
}
pub(super) mod types {
    include!("../../../tests/golden/types.rs");
}
pub(super) mod unions {
    include!("../../../tests/golden/unions.rs");
}
pub(super) mod unknown {
    include!("../../../tests/golden/unknown.rs");
}
pub(super) mod volo {
    include!("../../../tests/golden/volo.rs");
}
pub(super) mod words {
    include!("../../../tests/golden/words.rs");
}
