namespace rs defaults
const list<i32> NUMBERS = [1, 2]
const map<string, Inner> TABLE = {"a": {"n": 1}}
const Inner INNER = {"list": NUMBERS}
const double WHOLE = 7
const bool YES = 5
const i32 ONE = true
struct Inner { 1: i32 n = 3, 2: list<i32> list = NUMBERS, 3: optional Inner next }
struct All {
    1: bool a = 1, 2: i8 b = -128, 3: i16 c = 0x7fff, 4: i32 d = ONE, 5: i64 e = ONE, 6: double f = 1, 7: string g = "g", 8: binary h = "h", 9: uuid i = "00112233-4455-6677-8899-aabbccddeeff"
    10: Color j = Color.BLUE, 11: i32 k = Color.BLUE, 12: list<i32> l = NUMBERS, 13: list<i32> m = [ONE, 2;3 4], 14: set<string> n = ["x", "y"], 15: map<string, Inner> o = TABLE, 16: Inner p = INNER, 17: Inner q = {"n": 4}
    18: optional i32 r = 0, 19: optional list<i32> s = [], 20: optional Inner t = {}, 21: map<i32, i32> u = [], 22: list<i32> v = {}, 23: Either w = {"right": "r"}, 24: list<list<Inner>> x = [[{"n": 1}, INNER], []], 25: double y = -0.0, 26: double z = 1e300
}
union Either { 1: i32 left, 2: string right }
enum Color { RED, BLUE = 5 }
struct Zero { 1: i32 a = 0, 2: bool b = false, 3: string c = "", 4: double d = 0, 5: list<i32> e = [], 6: optional i32 f }
