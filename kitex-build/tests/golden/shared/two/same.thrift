struct Two { 1: i32 b } struct NotUsed {}
