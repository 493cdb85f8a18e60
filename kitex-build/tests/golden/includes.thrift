namespace rs includes
include "shared/dotted.name.thrift"
include "shared/base.thrift"
include "shared/one/same.thrift"
include "shared/two/same.thrift"

typedef dotted.name.Color Color
struct base { 1: base.Id id }
struct Page { 1: base own, 2: base.Page page, 3: dotted.name.Color color = dotted.name.Color.RED, 4: same.One one, 5: same.Two two }
const Color BEST = dotted.name.Color.BLUE
const i32 LIMIT = dotted.name.LIMIT
const list<dotted.name.Color> COLORS = dotted.name.COLORS
service Derived extends dotted.name.Parent {
    Page Own(1: dotted.name.Color color) throws (1: dotted.name.Gone gone)
}
