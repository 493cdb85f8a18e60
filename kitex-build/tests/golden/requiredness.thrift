namespace rs requiredness
struct Inner { 1: i32 n = 3 }
struct All {
    1: required bool r1, 2: required string r2, 3: required Inner r3, 4: required list<i32> r4, 5: required double r5 = 1.5
    11: optional bool o1, 12: optional string o2, 13: optional Inner o3, 14: optional list<i32> o4, 15: optional double o5 = 1.5, 16: optional Inner o6 = {"n": 4}
    21: bool d1, 22: string d2, 23: Inner d3, 24: list<i32> d4, 25: double d5 = 1.5, 26: Inner d6 = {}
}
service Arguments { void Call(1: required i32 a, 2: i32 b = 7, 3: Inner c, 4: string d = "d") throws (1: required Gone gone) }
exception Gone {}
