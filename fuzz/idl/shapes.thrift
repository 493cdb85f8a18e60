// Shapes that the IDL of the recorded conversations does not have.
namespace rs shapes

enum Color { RED = 1, GREEN = 2, BLUE = 10 }

struct Inner { 1: string name, 2: i32 n }

typedef map<string, double> Numbers

struct Scalars {
    1: uuid id
    2: optional uuid other
    32767: i32 last
    3: list<uuid> ids
    4: set<uuid> seen
    5: map<uuid, double> weights
}

struct Point {
    1: double x
    2: optional double y
    3: Numbers more
    4: set<double> tags
    5: list<map<double, Color>> lm
    6: required map<i32, set<double>> rm
    7: optional set<i64> os
}

struct Keys {
    1: set<double> sd
    2: map<double, double> mdd
    3: set<Point> sp
    4: map<Point, Inner> mpi
    5: set<list<double>> sld
    6: map<map<i8, i8>, i8> mmi
    7: map<set<Color>, map<string, double>> msm
    8: set<Numbers> sn
    9: set<Member> members
    10: set<binary> sb
    11: set<bool> sbo
    12: set<Inner> si
}

union Member {
    1: i32 num
    2: string text
    3: Inner inner
    4: list<Inner> inners
    5: Member nested
    6: Color color
    7: double ratio
    8: map<string, list<double>> table
}

struct Graph {
    1: Graph right
    2: Node node
    3: optional i32 & boxed
    4: optional Inner & inner
    5: optional list<i32> & numbers
    6: optional Wide wide
}

// Much memory for few bytes.
struct Wide {
    1: optional Wide next
    2: list<Wide> more
    3: string a
    4: string b
    5: string c
    6: string d
    7: string e
    8: string f
    9: set<i8> small
    10: set<set<i8>> smaller
}

struct Node { 1: Graph graph, 2: map<string, Node> nodes, 3: list<Member> members }

struct Empty {}
struct Empties { 1: list<Empty> many, 2: map<string, Empty> named, 3: set<Empty> one }

struct Required {
    1: required bool b
    2: required double d
    3: required string str
    4: required binary bin
    5: required Inner inner
    6: required list<i32> list
    7: required Member member
}
