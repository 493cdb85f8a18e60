struct Bool { true: i32 a }
struct Order { required 1: i32 a }
