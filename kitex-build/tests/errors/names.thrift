include "more/shared.thrift"
include "missing.thrift"

struct User { 1: string name }
