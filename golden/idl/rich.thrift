namespace go rich
namespace rs rich

include "common.thrift"

typedef i64 UserID
typedef map<string, list<i32>> Index

const i32 LIMIT = 100
const string GREETING = "hello"
const list<string> NAMES = ["a", "b"]

enum Color { RED = 1, GREEN = 2, BLUE = 10 }

struct Inner { 1: string name, 2: i32 n }

struct Tree { 1: string label, 2: optional Tree left, 3: list<Tree> kids }

union Choice { 1: i32 num, 2: string text, 3: Inner inner }

exception Oops { 1: string reason, 2: i32 code }
exception Denied { 1: string who }

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
    300: i32 big_id
    32767: i32 last_id
}

service RichSvc extends common.BaseSvc {
    AllTypes All(1: AllTypes v)
    Opts Options(1: Opts v)
    Choice Pick(1: Choice c)
    void Nop()
    void Put(1: string k, 2: i64 v)
    oneway void Fire(1: string what)
    i64 Sum(1: i64 a, 2: i64 b, 5: i32 c)
    string Two(1: string which) throws (1: Oops oops, 2: Denied denied)
    void VoidThrow(1: string which) throws (1: Oops oops, 3: Denied denied)
    list<i64> Longs(1: list<i64> v)
    string Big(1: string s)
    Color Paint(1: Color c)
    Tree Grow(1: Tree t)
    binary Bytes(1: binary b)
    map<string, Inner> Table(1: map<string, Inner> t)
    string Sleep(1: i32 ms)
}

service OtherSvc {
    string Hello(1: string name)
    string Sleep(1: i32 ms)
}
