// Every type, every kind of method, every kind of failure.
namespace go rich
namespace rs interop.rich

include "common.thrift"

typedef i64 UserID
typedef map<string, list<i32>> Index

const i32 LIMIT = 100
const string GREETING = "hello"
const list<string> NAMES = ["a", "b"]

enum Color {
    RED = 1
    GREEN = 2
    BLUE = 10
}

struct Inner {
    1: string name
    2: i32 n
}

struct Tree {
    1: string label
    2: optional Tree left
    3: list<Tree> kids
}

union Choice {
    1: i32 num
    2: string text
    3: Inner inner
}

exception Oops {
    1: string reason
    2: i32 code
}

exception Denied {
    1: string who
}

struct AllTypes {
    1: bool b
    2: byte y
    3: i16 s
    4: i32 i
    5: i64 l
    6: double d
    7: string str
    8: binary bin
    9: list<i32> li
    10: list<string> ls
    11: set<string> ss
    12: map<string, i64> msl
    13: map<i32, list<Inner>> mili
    14: list<list<i32>> lli
    15: map<string, map<i32, bool>> mmb
    16: Inner inner
    17: Tree tree
    18: Color color
    19: Choice choice
    20: UserID uid
    21: Index idx
    22: list<Inner> linner
    23: list<Color> lcolor
    24: list<bool> lb
    25: list<double> ld
    26: set<i64> sl
    27: map<Color, string> mcs
    28: list<binary> lbin
    29: common.Ping ping
    30: list<byte> ly
    31: list<set<i16>> lsi
    32: i8 z
    33: list<i16> lshort
    34: list<i64> llong
    35: list<map<string, string>> lm
    36: list<Choice> lchoice
    37: map<string, binary> mbin
    38: map<string, double> mdouble
}

// Every type as a key or as an element of a set.
struct Keys {
    1: map<bool, string> of_bool
    2: map<byte, i64> of_byte
    3: map<i16, i16> of_i16
    4: map<i32, string> of_i32
    5: map<i64, list<string>> of_i64
    6: map<double, string> of_double
    7: map<binary, i32> of_binary
    8: map<Color, Color> of_enum
    9: map<Inner, i32> of_struct
    10: map<UserID, bool> of_typedef
    11: set<bool> bools
    12: set<byte> bytes
    13: set<i16> i16s
    14: set<i32> i32s
    15: set<double> doubles
    16: set<binary> binaries
    17: set<Color> enums
    18: set<Inner> structs
    19: set<list<i32>> lists
    20: map<string, set<string>> sets
}

struct Opts {
    1: required string req_s
    2: required i32 req_i
    3: optional string opt_s
    4: optional i32 opt_i
    5: string def_s
    6: i32 def_i = 7
    7: optional i32 opt_def = 42
    8: required i32 req_def = 9
    9: string greet = GREETING
    10: list<string> names = NAMES
    11: optional list<string> opt_l
    12: Inner inner
    13: optional Inner opt_inner
    14: optional bool opt_b = true
    15: list<i32> nil_l
    16: map<string, string> nil_m
    17: optional Color opt_color
    18: double ratio = 0.5
    19: bool on = true
    20: Color color = Color.GREEN
    21: i32 limit = LIMIT
    300: i32 big_id
    32767: i32 last_id
}

service RichSvc extends common.BaseSvc {
    // Values, returned as received.
    AllTypes All(1: AllTypes v)
    Keys Keyed(1: Keys v)
    Opts Options(1: Opts v)
    Choice Pick(1: Choice v)
    Tree Grow(1: Tree v)
    Color Paint(1: Color v)
    bool EchoBool(1: bool v)
    byte EchoByte(1: byte v)
    i16 EchoI16(1: i16 v)
    i32 EchoI32(1: i32 v)
    i64 EchoI64(1: i64 v)
    double EchoDouble(1: double v)
    string EchoString(1: string v)
    binary EchoBinary(1: binary v)
    UserID EchoTypedef(1: UserID v)
    list<i64> EchoList(1: list<i64> v)
    set<string> EchoSet(1: set<string> v)
    map<string, Inner> EchoMap(1: map<string, Inner> v)

    // Argument and result shapes.
    void Nop()
    void Put(1: string k, 2: i64 v)
    oneway void Fire(1: string what)
    // Returns a + b - c.
    i64 Sum(1: i64 a, 2: i64 b, 5: i32 c)
    // Returns the arguments joined by "|": text, numbers joined by ",", inner.name, color as a number, yes.
    string Mixed(1: string text, 3: list<i32> numbers, 2: Inner inner, 10: Color color, 11: bool yes)
    // Returns "rich:" and the name; OtherSvc.Who returns "other:" and the name.
    string Who(1: string name)

    // Failures, by name: oops, denied, refused, error, panic; anything else is returned.
    string Fail(1: string how) throws (1: Oops oops, 2: Denied denied, 4: common.Refused refused)
    // The same for a method without a value.
    void FailVoid(1: string how) throws (1: Oops oops, 3: Denied denied)
    // Ends in a business status of these values.
    string Judge(1: i32 code, 2: string message, 3: map<string, string> extra)
    void JudgeVoid(1: i32 code, 2: string message)
}
