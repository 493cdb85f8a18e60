struct A { 1: i32 a }

/* This goes on
struct B { 1: i32 b }
