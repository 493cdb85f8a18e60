//! The generated code that the guide and the tests use, as it is reviewed: `KITEX_BLESS=1` writes it anew.

use std::path::Path;

#[test]
fn the_guide_shows_the_file_that_its_code_is_generated_from() {
    let idl = include_str!("../docs/idl/echo.thrift");
    assert!(include_str!("../docs/first-service.md").contains(&format!("```thrift\n{idl}```")));
}

#[test]
fn generated_code_is_as_reviewed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["docs/idl/echo", "tests/idl/calls"] {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let idl = root.join(format!("{name}.thrift"));
        let generated = kitex_build::configure().out_dir(out).compile([idl]).unwrap();
        let generated = std::fs::read_to_string(generated).unwrap();
        let path = root.join(format!("{name}.rs"));
        if std::env::var_os("KITEX_BLESS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
        let same = reviewed == generated;
        assert!(same, "{} is not what is generated; KITEX_BLESS=1 takes it over", path.display());
    }
}
