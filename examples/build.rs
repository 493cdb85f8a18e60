fn main() {
    kitex_build::compile("idl/greeter.thrift");
}
