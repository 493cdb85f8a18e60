//! Compiles the IDL of the recorded methods, for the tests that serve and call them.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let files = ["idl/rich.thrift", "idl/echo.thrift"];
    let generated = kitex_build::configure().output("recorded").compile(files)?;
    let code = std::fs::read_to_string(&generated)?;
    std::fs::write(&generated, aligned(&code))?;
    Ok(())
}

/// The compiler asks a method for its place under another name than the runtime has for it.
fn aligned(code: &str) -> String {
    let index = "request.method.index_in(&calls::SERVICE).unwrap_or(usize::MAX)";
    code.replace("request.method.index()", index)
}
