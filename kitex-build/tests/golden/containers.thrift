namespace rs containers
struct Point { 1: double x, 2: optional map<string, double> more }
enum Color { RED, BLUE }
struct Keys {
    1: set<bool> a, 2: set<i8> b, 3: set<double> c, 4: set<string> d, 5: set<binary> e, 6: set<uuid> f, 7: set<Color> g, 8: set<Point> h
    11: set<list<i32>> i, 12: set<set<i32>> j, 13: set<map<i8, i8>> k, 14: map<bool, i32> l, 15: map<double, double> m, 16: map<Point, Point> n
    17: map<map<i8, i8>, i8> o, 18: map<list<double>, list<double>> p, 19: map<set<Point>, set<Point>> q, 20: list<map<binary, list<set<uuid>>>> r
}
const map<list<i32>, set<double>> CONSTANT = {[1, 2]: [0.5, 1], []: []}
const set<Point> POINTS = [{"x": 1, "more": {"a": 0.5}}, {}]
const map<map<string, i32>, Color> NESTED = {{"a": 1}: Color.BLUE}
