//! Compiles the IDL that all peers share, and Apache's.

fn main() -> Result<(), kitex_build::Error> {
    let roots = ["idl/rich.thrift", "idl/echo.thrift", "idl/newer.thrift", "idl/control.thrift"];
    kitex_build::configure().compile(roots)?;
    kitex_build::configure().compile(["thrifttest/ThriftTest.thrift"]).map(|_| ())
}
