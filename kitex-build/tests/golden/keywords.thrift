namespace rs keywords.mod.self

struct Strict { 1: i32 as, 2: i32 break, 3: i32 continue, 4: i32 crate, 5: i32 else, 6: i32 extern, 7: i32 fn, 8: i32 for, 9: i32 if, 10: i32 impl, 11: i32 in, 12: i32 let, 13: i32 loop, 14: i32 match, 15: i32 mod, 16: i32 move, 17: i32 mut, 18: i32 pub, 19: i32 ref, 20: i32 return, 21: i32 self, 22: i32 Self, 23: i32 static, 24: i32 super, 25: i32 trait, 26: i32 type, 27: i32 unsafe, 28: i32 use, 29: i32 where, 30: i32 while, 31: i32 async, 32: i32 await, 33: i32 dyn }
struct Reserved { 1: i32 abstract, 2: i32 become, 3: i32 box, 4: i32 do, 5: i32 final, 6: i32 gen, 7: i32 macro, 8: i32 override, 9: i32 priv, 10: i32 try, 11: i32 typeof, 12: i32 unsized, 13: i32 virtual, 14: i32 yield }
struct Weak { 1: i32 union, 2: i32 raw, 3: i32 safe, 4: i32 auto, 5: i32 default, 6: i32 macro_rules }
struct Idl { 1: i32 list, 2: string string, 3: bool struct, 4: i32 required, 5: i32 void, 6: i32 enum, 7: optional i32 optional }
struct self { 1: required i32 type }
union match { 1: i32 crate, 2: string Self, 3: optional self fn }
enum dyn { as, Self, crate, type }
exception try { 1: string unsafe }
const i32 const = 1
typedef self struct
service impl {
    i32 match(1: i32 type, 2: self self, 3: dyn super) throws (1: try try)
    void async()
    void await() throws (1: try Self)
}
