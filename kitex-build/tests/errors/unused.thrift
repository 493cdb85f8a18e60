include "more/unused_inside.thrift"
struct A {}
