enum Level { LOW = 1, SMALL = 1 }
enum Other { LOW = 5 }

const i32 ZERO = 010
const bool MANY = -1
const i32 TRUTH = true
const Other TAKEN = Level.LOW
const set<i32> AGAIN = [1, 1]
const Needs EMPTY = {}

struct Needs { 1: required i32 a, -1: i32 negative }
union Either { 1: required i32 a }

service Calls {
    void Optional(1: optional i32 a)
    i32 Stream(1: i32 a) (streaming.mode = "server")
}
