namespace rs a.
const string TWO = "a" "b"
struct Dots { 1: a..b c }
struct Names { 1: i32 true }
struct Maps { 1: map<i32; i32> a }
