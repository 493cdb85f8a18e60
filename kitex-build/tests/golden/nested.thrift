namespace rs nested
struct Nested { 1: list<list<list<list<list<list<list<list<list<list<i32>>>>>>>>>> deep, 2: map<string, set<map<string, set<map<string, set<double>>>>>> mixed }
