/**
 * Every type, in every place that a struct has for it.
 */
enum Color { RED = 1, GREEN, BLUE = 0x0A }

enum Mixed { first, Second = -2, third, Again = 0, name }

enum Void {}

struct Empty {}

struct Inner { 1: string name, 2: i32 n }

struct Scalars {
    1: bool b
    2: byte y
    3: i8 y8
    4: i16 s
    5: i32 i
    6: i64 l
    7: double d
    8: string str
    9: binary bin
    10: uuid id
    11: Color color
    -1: i32 below
    32767: i32 last
}

struct Required {
    1: required bool b
    2: required i64 l
    3: required double d
    4: required string str
    5: required binary bin
    6: required uuid id
    7: required Color color
    8: required Inner inner
    9: required list<i32> list
    10: required Choice choice
}

struct Optional {
    1: optional bool b
    2: optional i64 l
    3: optional double d
    4: optional string str
    5: optional binary bin
    6: optional uuid id
    7: optional Color color
    8: optional Inner inner
    9: optional list<i32> list
    10: optional Choice choice
    11: optional map<string, Inner> map
}

struct Containers {
    1: list<i32> li
    2: list<string> ls
    3: set<string> ss
    4: map<string, i64> msl
    5: map<i32, list<Inner>> mili
    6: list<list<i32>> lli
    7: map<string, map<i32, bool>> mmb
    8: list<Color> lc
    9: map<Color, string> mcs
    10: list<set<i16>> lsi
    11: list<double> ld
    12: list<binary> lb
    13: list<uuid> lu
    14: list<map<Color, list<Color>>> deep
    15: set<Inner> si
}

/** Keys of every kind. */
struct Keys {
    1: set<double> sd
    2: map<double, double> mdd
    3: set<Point> sp
    4: map<Point, Inner> mpi
    5: set<list<double>> sld
    6: map<map<i8, i8>, i8> mmi
    7: map<set<Color>, map<string, double>> msm
    8: set<Numbers> sn
    9: Numbers plain
    10: set<Choice> sc
    11: set<binary> sb
    12: set<uuid> su
    13: set<bool> sbo
}

typedef map<string, double> Numbers

struct Point {
    1: double x
    2: optional double y
    3: Numbers more
    4: set<double> tags
    5: list<map<double, Color>> lm
    6: required map<i32, set<double>> rm
    7: optional set<i64> os
}

struct Tree {
    1: string label
    2: optional Tree left
    3: list<Tree> kids
    4: Tree right
    5: Node node
    6: i32 & boxed
    7: Inner & inner
    8: optional Inner & maybe
    9: list<i32> & numbers
}

struct Node { 1: Tree tree, 2: map<string, Node> nodes }

union Choice {
    1: i32 num
    2: string text
    3: Inner inner
    4: list<Inner> inners
    5: Choice nested
    6: Color color
    7: double ratio
    8: map<string, list<double>> table
}

union Chosen { 1: i32 number, 2: string unknown = "x" }

union Nothing {}

/** What went wrong. */
exception Oops { 1: string reason, 2: i32 code = 7, 3: optional Oops cause }
