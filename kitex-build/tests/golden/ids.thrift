namespace rs ids
struct Ids { 32767: i32 most, 0x10: i32 hex, -5: i32 negative, 0: i32 zero, 010: i32 ten, 3: i32 three, -32768: i32 least }
