//! Compiles the IDL of the recorded conversations and more shapes.

fn main() {
    let files = ["../golden/idl/rich.thrift", "../golden/idl/echo.thrift", "idl/shapes.thrift"];
    if let Err(error) = kitex_build::configure().output("idl").compile(files) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
