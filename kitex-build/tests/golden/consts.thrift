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
