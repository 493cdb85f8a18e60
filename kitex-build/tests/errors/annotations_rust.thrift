struct A { 1: string a (rust.tipe = "String"), 2: i32 b (rust.type = "String"), 3: i32 c (rust.type = "u8"), 4: i32 d (rust.name = "a b") } (rust.derive = "a b", rust.attribute = "x]")
