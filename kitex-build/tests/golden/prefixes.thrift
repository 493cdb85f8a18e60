namespace rs prefixes
include "shared/no-prefix.thrift"
include "shared/other.idl"
struct Uses { 1: other.Other other }
