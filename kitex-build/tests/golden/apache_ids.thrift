namespace rs apache_ids
struct Implicit { 5: i32 a, i32 b, 2: i32 c, i32 d }
service Calls { i32 Call(i32 a, string b) throws (Gone gone) }
exception Gone { string why }
