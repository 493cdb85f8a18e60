use kitex_build::Error;

fn main() -> Result<(), Error> {
    kitex_build::configure().compile(["idl/greeter.thrift"])?;
    // The example `migrate` has the types of the namespace `shop` from the Apache compiler.
    kitex_build::configure().elsewhere("shop", "crate::messages").compile(["idl/shop/desk.thrift"])?;
    Ok(())
}
