namespace rs apache_more
struct Unnumbered { i32 a, i32 b, 1: i32 c }
union Either { i32 left, string right }
service Calls { void Call(i32 a, 1: i32 b) throws (Gone gone, Lost lost) }
exception Gone {} exception Lost { i32 a }
