//! Compiles the IDL of the recorded methods, for the tests that serve and call them.

fn main() -> Result<(), kitex_build::Error> {
    let files = ["idl/rich.thrift", "idl/echo.thrift"];
    kitex_build::configure().output("recorded").compile(files).map(drop)
}
