struct shop.Item {
    1: i32 item.id
}
enum Dotted { A.B = 1 }
typedef i32 shop.Id
