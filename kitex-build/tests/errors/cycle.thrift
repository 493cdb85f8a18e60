include "more/cycle_b.thrift"
struct A {}
