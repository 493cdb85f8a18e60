namespace rs thriftgo_ids
struct Implicit { 5: i32 a, i32 b, 2: i32 c, i32 d, 10: i32 octal = 010, 11: i32 other = 0o17 }
enum Open { ONE = 1 }
const Open BEYOND = 9
const i32 NINE = BEYOND
struct Holds { 1: Open open = 7, 2: list<Open> list = [BEYOND, 8] }
service Calls { i32 Call(i32 a, string b) throws (Gone gone) }
exception Gone { string why }
