namespace rs empty
struct Struct {} union Union {} exception Exception {} enum Enum {} service Service {} service Throws { void f() throws () } struct Holds { 1: Struct a, 2: Union b, 3: Exception c, 4: Enum d, 5: required Struct e, 6: optional Union f, 7: list<Struct> g, 8: set<Struct> h, 9: map<Struct, Union> i }
