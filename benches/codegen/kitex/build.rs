//! Compiles the IDL that is measured.

fn main() {
    println!("cargo::rerun-if-env-changed=CODEGEN_IDL");
    if let Some(idl) = std::env::var_os("CODEGEN_IDL") {
        let built = kitex_build::configure().output("generated").compile([idl]);
        built.expect("the IDL is right");
    }
}
