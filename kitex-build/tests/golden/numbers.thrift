namespace rs numbers
const i64 DECIMAL = 098
const i64 HEX = +0x10
const double PLUS = +1.5
enum Zeros { TEN = 010, EIGHT = 08 }
const list<bool> BOOLS = [true, false, 0, 1]
const double TINY = 1e-400 const double LEAST = 5e-324
const i32 NOTED = 1; (note = "behind")
struct Holds { 1: Zeros zeros = 8, 2: double tiny = 1e-300, 3: list<bool> bools = BOOLS }
