namespace rs unknown
struct Keeps { 1: i32 n, 2: optional string text = "t" } (rust.unknown_fields)
struct Empty {} (rust.unknown_fields = "true")
struct Leaves { 1: i32 n }
exception Failed { 1: required string why, 2: i32 unknown_fields } (rust.unknown_fields)
struct Key { 1: double x } (rust.unknown_fields)
struct Holds { 1: Keeps keeps = {"n": 3}, 2: set<Key> keys, 3: list<Empty> empties }
const Keeps KEPT = {"n": 5, "text": "u"}
