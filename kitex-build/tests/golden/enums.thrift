namespace rs enums
/** Numbers itself. */
enum Steps { A, B = -2, C, D = 0x10, E, F = -0x1 }
enum Empty {}
enum Twice { FIRST = 1, SECOND = 1, THIRD }
enum Cases { a, A, aB, a_b, AB }
enum Edge { LEAST = -2147483648, MOST = 2147483647 }
enum Names { name, new, default, from, Self, Debug, Unknown }
struct Uses { 1: Steps step, 2: Empty empty, 3: required Twice twice, 4: optional Cases cases = Cases.aB, 5: map<Edge, list<Names>> all, 6: Edge most = 2147483647 }
