namespace rs mapped
include "shared/base.thrift"
struct Uses { 1: base.Page page, 2: list<base.Id> ids, 3: base.Level level = base.Level.LOW }
service Derived extends base.Health { base.Page Get(1: base.Page page) throws (1: base.Denied denied) }
