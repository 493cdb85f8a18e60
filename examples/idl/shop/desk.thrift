// A service that has moved: build.rs makes it of this. `thrift --gen rs desk.thrift` has made src/bin/migrate/shop/desk.rs before.

include "orders.thrift"

namespace rs desk

service Desk {
  orders.Order place(1: orders.Order order) throws (1: orders.OutOfStock missing)
}
