namespace rs later
const i32 FIRST = SECOND
const i32 SECOND = THIRD.SIX
const Late LATE = {"n": FIRST}
struct Early { 1: Late late = {"n": 1}, 2: THIRD third = THIRD.SIX, 3: i32 n = LAST }
struct Late { 1: i32 n }
enum THIRD { SIX = 6 }
const i32 LAST = FIRST
