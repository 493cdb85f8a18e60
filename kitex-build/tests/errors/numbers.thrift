const i64 OCTAL = 0o17
const i64 UPPER = 0XFF
const i64 LONG = 9223372036854775808
const double OPEN = 5.
const double LARGE = 1e400
const i64 SPLIT = 1_000
const double TIMES = 1e0x5
