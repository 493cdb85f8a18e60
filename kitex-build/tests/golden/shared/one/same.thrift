struct One { 1: i32 a } struct NotUsed {}
