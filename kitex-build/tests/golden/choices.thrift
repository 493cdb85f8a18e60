namespace rs choices
struct Chosen {
    1: map<string, i32> sorted (rust.type = "BTreeMap")
    2: set<double> ordered = [2, 1] (rust.type = "BTreeSet")
    3: string text = "t" (rust.type = "String")
    4: binary bytes = "\xff" (rust.type = "Vec<u8>")
    5: Inner shared (rust.type = "Arc")
    6: optional map<i32, list<Inner>> maybe_sorted (pilota.rust_type = "btree")
    7: optional string maybe_text = TEXT (pilota.rust_type = "string")
    8: optional binary maybe_bytes = TEXT (pilota.rust_type = "vec")
    9: optional Inner maybe_shared = {"n": 9} (pilota.rust_wrapper_arc = "true")
    10: required string required_text (rust.type = "String")
    11: required map<Inner, i32> required_sorted = {{"n": 1}: 2} (rust.type = "BTreeMap")
    12: list<i32> shared_list = [1] (rust.type = "Arc")
    13: set<i32> usual = NUMBERS, 14: set<i32> (rust.type = "BTreeSet") constant = NUMBERS
    15: string shared_text = TEXT (rust.type = "Arc")
    16: optional Chosen next (rust.type = "Arc")
    17: string long (rust.type = "String"), 18: i32 & boxed, 19: i32 shared_number = 5 (rust.type = "Arc")
}
struct Inner { 1: i32 n }
struct Keyed { 1: string text (rust.type = "String"), 2: map<double, double> map (rust.type = "BTreeMap"), 3: double shared (rust.type = "Arc") }
struct Keys { 1: set<Keyed> keys, 2: list<Keyed> list }
union Either { 1: string text (rust.type = "String"), 2: map<i32, i32> map (rust.type = "BTreeMap"), 3: Inner inner (rust.type = "Arc"), 4: binary bytes = "b" (rust.type = "Vec<u8>"), 5: list<Either> either (rust.type = "Arc") }
const string TEXT = "constant"
const set<i32> NUMBERS = [3, 1]
const Chosen CHOSEN = {"sorted": {"a": 1}, "text": TEXT, "bytes": "x", "shared": {"n": 5}, "maybe_text": "m"}
service Plain { string Call(1: string text (rust.type = "String"), 2: Inner inner (rust.type = "Arc")) }
