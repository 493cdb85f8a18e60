namespace rs forms
enum Marked { A (x="y"), B = 2 (z="1"); C } (of = "all")
struct Schema xsd_all { 1: optional i32 a xsd_optional xsd_nillable xsd_attrs { 1: i32 inner } (b = "1"), 2: i32 b xsd_nillable; }
struct Cpp { 1: map cpp_type "m" <i32, i32> a, 2: set cpp_type "s" <i32> b, 3: list cpp_type "l" <i32> c, 4: list<i32> cpp_type "l" d }
struct Noted {
    1: i32 a (), 2: i32 b (a = "1", b = "2"; c = "3" d = "4",)
    3: i32 next
    (x = "1")
}
service Calls { oneway void quiet() throws () async void older(1: i32 a;) void last(1: i32 a, 2: i32 b,) throws (1: Gone gone;), }
exception Gone { }
