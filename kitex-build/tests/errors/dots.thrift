struct shop.Item {
    1: i32 item.id
}
enum Dotted { A.B = 1, C.D }
typedef i32 shop.Id
