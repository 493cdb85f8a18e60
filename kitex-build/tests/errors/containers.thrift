struct Leaf { 1: i8 small, 2: list<string> names }
struct Branch { 1: Leaf leaf, 2: map<string, Leaf> leaves }

const Branch DEEP = {"leaf": {"small": 1000}, "leaves": {"a": {"names": ["x", 7]}}}
const list<i32> MAP = {1: 2}
const map<string, i32> LIST = ["a"]
const set<i32> SCALAR = 1
const list<list<i32>> FLAT = [1]
const Leaf KEYS = {small: 1}
const Leaf TWICE = {"small": 1, "small": 2}
