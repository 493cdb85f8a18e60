namespace rs cases.UPPER.camelCase
struct a { 1: i32 fooBar, 2: i32 foo_bar, 3: i32 FooBar, 4: i32 FOO_BAR, 5: i32 _fooBar_, 6: i32 foo__bar, 7: i32 foo_bar_2 }
struct A { 1: i32 HTTPServer2, 2: i32 _1, 3: i32 I32, 4: i32 __, 5: i32 URL, 6: i32 urlOf }
struct _A { 1: i32 a, 2: i32 A }
struct A2 {}
struct FooResult {} struct a_args {} struct FooArgs {} struct ServerError {} struct CasesClient {} struct CasesServer {} struct Tricky_ {} struct tricky {}
const i32 fooBar = 1 const i32 FOO_BAR = 2 const i32 foo_bar = 3
enum fooEnum { a } enum FooEnum { A } const fooEnum fooenum = fooEnum.a
service cases { FooResult foo(1: a_args Foo, 2: FooArgs foo) void Foo() void FOO() void fOO() void a() }
service Cases { void foo() }
