include "../cycle.thrift"
struct B {}
