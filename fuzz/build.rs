//! Compiles the IDL of the recorded conversations and more shapes.

fn main() {
    compile("idl", &["../golden/idl/rich.thrift", "../golden/idl/echo.thrift", "idl/shapes.thrift"]);
    // Of which the tests of the codec have what Apache's compiler has made.
    compile("apache", &["../kitex-codec/tests/apache/shapes.thrift"]);
}

fn compile(output: &str, files: &[&str]) {
    if let Err(error) = kitex_build::configure().output(output).compile(files) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
