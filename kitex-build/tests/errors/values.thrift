enum Color { RED = 1, GREEN = 2 }

struct Point { 1: i32 x, 2: i32 y }

const i8 SMALL = 300
const Color BARE = RED
const Color WRONG = Color.GREN
const Color NUMBER = 7
const list<i32> MIXED = [1, "two", 3]
const Point POINT = {"x": 1, "z": 2}
const map<string, i32> TWICE = {"a": 1, "a": 2}
const string COUNT = MISSING
