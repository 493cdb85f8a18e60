//! The generated code of the tour's services, as it is reviewed: `KITEX_BLESS=1` writes it anew.

use std::path::Path;

mod generated {
    pub(crate) mod first {
        include!("tour.rs");
    }
    pub(crate) mod second {
        include!("later.rs");
    }
}

pub(crate) use generated::first::tour;
pub(crate) use generated::second::later;

#[test]
fn generated_code_is_as_reviewed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    for name in ["tour", "later"] {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors");
        let generated = kitex_build::configure()
            .out_dir(out)
            .compile([root.join(name).with_extension("thrift")])
            .unwrap();
        crate::golden::assert_same(
            &root.join(name).with_extension("rs"),
            &std::fs::read_to_string(generated).unwrap(),
        );
    }
}
