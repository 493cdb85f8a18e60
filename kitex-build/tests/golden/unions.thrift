namespace rs unions
union Empty {}
union One { 1: i32 only }
union Many { 1: bool flag, 2: string text, 3: list<i32> numbers, 4: map<string, One> named, 5: One one, 6: Many many, 7: double ratio, 8: binary raw, 9: Kind kind, 16: uuid id, -1: i32 below }
union Chosen { 1: i32 number = 7, 2: string text }
union Unknown { 1: i32 Unknown, 2: i32 unknown }
union Key { 1: double ratio, 2: list<double> ratios }
enum Kind { A = 1 }
struct Holds { 1: Empty empty, 2: optional One one, 3: required Many many, 4: list<Many> list, 5: set<Key> keys, 6: Chosen chosen, 7: One given = {"only": 3} }
struct Fields { 1: optional One given = {"only": 4}, 2: required One shared (rust.type = "Arc"), 3: optional One apart (rust.type = "Arc"), 4: Same same, 5: optional Outer outer }
struct Nils { 1: One plain, 2: optional One maybe, 3: required One needed, 4: list<One> many, 5: map<string, One> named, 6: set<One> some, 7: map<One, i32> keyed }
typedef One Same (rust.newtype)
union Outer { 1: One one, 2: Same same, 3: One apart (rust.type = "Arc"), 4: Outer outer }
union Only { 1: One one }
service Picks { One Pick(1: One one), Same Same() }
const One CONSTANT = {"only": 1}
