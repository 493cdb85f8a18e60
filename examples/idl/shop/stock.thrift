// A service that has not moved. `thrift --gen rs stock.thrift` has made src/bin/migrate/shop/stock.rs of it.

include "orders.thrift"

namespace rs shop

service Stock {
  orders.Order reserve(1: orders.Order order) throws (1: orders.OutOfStock missing)
}
