namespace rs clashes.crate.super.gen
const i32 self = 1
const i32 Self = 2
const i32 crate = 3
const i32 super = 4
const i32 gen = 5
const i32 async = 6
const i32 dyn = 7
const i32 fooBar = 1
const i32 foo_bar = 2
typedef i32 self_t
typedef i32 crate_
struct Result { 1: i32 encode, 2: i32 decode, 3: i32 default, 4: i32 clone, 5: i32 builder, 6: i32 fmt, 7: i32 eq, 8: i32 out, 9: i32 from, 10: i32 value, 11: i32 read, 12: i32 field, 13: i32 item, 14: i32 key, 15: i32 mismatch, 16: i32 has_a, 17: required i32 a, 18: required i32 A, 19: required i32 _a, 20: required i32 has__a, 21: required i32 error, 22: required i32 W, 23: required list<list<i32>> what }
struct Option { 1: Result Result, 2: optional Option Option }
struct String { 1: string String, 2: map<string, Vec> m }
struct Vec { 1: list<Vec> Vec }
struct Box { 1: optional Box Box, 2: Ok ok, 3: Some some, 4: None none }
struct Ok {} struct Some {1: i32 Some} struct None {} struct Default {1: i32 a = 5} struct Message {1: i32 a = 5} struct Request {1: i32 a} struct Context {1: i32 context} struct Response {} struct Error {}
struct Type { 1: list<Type> t } struct Bytes {1: binary b} struct Str {1: string s} struct Double {1: double d, 2: set<double> e} struct Uuid {1: uuid u}
struct i32_ {} struct u8 {} struct str {} struct usize {} struct bool_ {} struct f64 {1: double a} struct I32 {1: f64 f} 
struct self {1: i32 self, 2: i32 super_} struct Self {1: i32 a} struct crate {} struct super {} struct gen {} struct async {} struct dyn {1: super s, 2: crate c, 3: self e, 4: Self f}
struct fooBar_ {} struct foo_bar_ {} struct FooBar {}
enum async_ { self, Self, crate, super, gen, async, dyn, type, Ok, Err, Some, None, from, default, clone, name, DESCRIPTOR, Default }
enum Err { Ok, Err }
exception Exception { 1: string message, 2: i32 source, 3: i32 Display }
exception From { 1: i32 Into }
union Unknown { 1: i32 Unknown, 2: i32 unknown, 3: i32 Self, 4: i32 self, 5: i32 none, 6: i32 None, 7: i32 Some, 8: i32 Ok, 9: i32 Err, 10: Box Box, 11: i32 crate }
service self_svc {
    void self(1: i32 self) throws (1: From from, 2: Exception exception)
    void Self()
    void crate(1: i32 request, 2: i32 call, 3: i32 args, 4: i32 handler, 5: i32 calls, 6: i32 method, 7: i32 outcome)
    void super(1: i32 super)
    i32 gen()
    void dyn(1: i32 dyn, 2: i32 context)
    void handle() void type_id() void self_answer() void from_arc() void into_future() void error() void name()
}
service Service { Result Result(1: Result Result) throws (1: Exception Err, 2: From Ok) }
service Server {} service Client {} service ServiceServer {}
service Handle { void H(1: H H) } struct H {} struct Handler {} struct H0 {}
