// `thrift --gen rs shapes.thrift` has made shapes.rs of this.

enum Color {
  RED = 1,
  GREEN = 2
}

union Choice {
  1: i32 number,
  2: string text,
  3: Leaf leaf
}

struct Leaf {
  1: required string name,
  2: i32 weight = 7
}

struct Tree {
  1: bool truth,
  2: i8 tiny,
  3: i16 small,
  4: i32 middle,
  5: i64 large,
  6: double real,
  7: string text,
  8: binary raw,
  9: Color color,
  10: optional Choice choice,
  11: optional Tree child,
  12: list<Tree> children,
  13: map<string, Leaf> leaves,
  14: set<double> reals,
  15: list<bool> truths,
  16: list<list<i64>> table,
  17: map<Leaf, list<binary>> keyed,
  40: set<i32> numbers
}

exception Fault {
  1: string why
}
