namespace rust consts

const bool YES = true
const i8 TINY = -128
const i16 SHORT = 0x7fff
const i32 LIMIT = 100
const i64 WIDE = -9223372036854775808
const double RATIO = 3.141592653589793
const double WHOLE = 2
const double NEGATIVE = -0.0
const double HUGE = 1e300
const string GREETING = "say \"hi\"\n"
const string AGAIN = GREETING
const binary RAW = "\x00\xff bytes"
const binary FROM_TEXT = GREETING
const uuid ID = "00112233-4455-6677-8899-AABBCCDDEEFF"
const Color BEST = Color.BLUE
const i32 NUMBER = Color.BLUE
const Color SAME = BEST
const list<string> NAMES = ["a", "b"]
const list<string> ALSO = NAMES
const list<i32> MANY = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, LIMIT]
const list<string> LONG = ["a first long string in a list", "a second long string in a list", GREETING]
const set<Color> COLORS = [Color.RED, BEST]
const map<string, list<i32>> TABLE = {"one": [1], "two": [2, 2]; "none": []}
const Inner INNER = {"name": "x", "n": LIMIT}
const Inner PART = {"name": GREETING}
const Inner BLANK = {}
const Outer OUTER = {"inner": {"n": 3}, "names": NAMES, "by_name": {"k": INNER}, "choice": {"text": "t"}, "weights": [0.5]}
const list<Inner> INNERS = [{"n": 1}, INNER]
const list<list<i32>> EMPTY = {}
const map<Color, Inner> BY_COLOR = {Color.RED: {"n": 1}}

enum Color { RED = 1, BLUE = 10 }

struct Inner { 1: string name, 2: i32 n = 5 }

union Choice { 1: i32 num, 2: string text }

struct Outer {
    1: Inner inner = INNER
    2: list<string> names = ["z"]
    3: map<string, Inner> by_name
    4: Choice choice = {"num": 1}
    5: set<double> weights = [1.5, 2]
    6: optional Color color = Color.BLUE
    7: i32 zero = 0
    8: optional i32 some_zero = 0
    9: string greeting = GREETING
    10: binary raw = RAW
    11: uuid id = ID
    12: optional list<i32> many = MANY
    13: bool yes = 1
    14: map<double, set<string>> odd = {0.5: ["x"]}
}

struct Plain { 1: i32 zero = 0, 2: string empty = "", 3: list<i32> none = [] }

/** More than are made at once. */
const set<i16> HUNDREDS = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
    40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
    60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
    80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99,
    100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119,
    120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139,
    140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159,
    160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179,
    180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197, 198, 199
]
