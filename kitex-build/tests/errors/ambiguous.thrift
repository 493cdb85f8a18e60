include "more/one/same.thrift"
include "more/two/same.thrift"

struct Uses { 1: same.Both both, 2: same.One one, 3: same.Two two }
