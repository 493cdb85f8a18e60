// What the services of the shop have in common. `thrift --gen rs orders.thrift` has made src/bin/migrate/shop/orders.rs of it.

namespace rs shop

enum State {
  NEW = 1,
  RESERVED = 2
}

struct Line {
  1: string what,
  2: i32 count
}

struct Order {
  1: i64 id,
  2: list<Line> lines,
  3: State state
}

exception OutOfStock {
  1: string what
}
