//! Compiles the IDL that is measured.

fn main() {
    println!("cargo::rerun-if-env-changed=CODEGEN_IDL");
    if let Some(idl) = std::env::var_os("CODEGEN_IDL") {
        let built = volo_build::Builder::thrift().add_service(idl).filename("generated.rs".into()).write();
        built.expect("the IDL is right");
    }
}
