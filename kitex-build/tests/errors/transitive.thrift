include "more/middle.thrift"

struct Uses { 1: middle.Middle middle, 2: shared.Address address, 3: middle.shared.Address other }
service Late extends middle.Nothing {}
