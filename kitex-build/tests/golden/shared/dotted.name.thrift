namespace rs includes.dotted
include "base.thrift"
enum Color { RED, BLUE }
const i32 LIMIT = 5
const list<Color> COLORS = [Color.RED, 1]
exception Gone { 1: base.Id id }
struct Unused { 1: i32 a }
service Parent { Color Inherited(1: base.Id id) throws (1: Gone gone) }
service UnusedService { Unused get() }
