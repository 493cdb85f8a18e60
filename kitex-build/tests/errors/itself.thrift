include "itself.thrift"
include ""
