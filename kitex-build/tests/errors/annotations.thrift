struct A { 1: i32 a (x = 1) }
struct B { 1: i32 a (x = true) }
struct C { 1: i32 a ("x" = "1") }
struct D { 1: i32 a (a-b = "1") }
struct E { 1: i32 a (a = "1") (b = "2") }
struct F { 1: i32 a (x = "1") = 5 }
