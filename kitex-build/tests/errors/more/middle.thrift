include "shared.thrift"

struct Middle { 1: shared.Address address }
