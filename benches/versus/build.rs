//! Compiles the one IDL file for every stack that has Thrift.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=idl/echo.thrift");
    kitex_build::compile("idl/echo.thrift");
    volo_build::Builder::thrift().add_service("idl/echo.thrift").write()?;
    Ok(())
}
