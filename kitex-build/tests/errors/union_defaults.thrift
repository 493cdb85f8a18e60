union Two { 1: i32 a = 1, 2: i32 b = 2 }
exception Gone {}
service Calls { void Call() throws (1: Gone gone = {}) }
