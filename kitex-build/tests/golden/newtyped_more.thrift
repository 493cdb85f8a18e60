namespace rs newtyped_more
struct Point { 1: double x, 2: optional double y = 1.5 }
typedef Point Place
typedef Place Home
typedef Color Tint
typedef Tint Paint
typedef Either Which
typedef Gone Lost
typedef list<Place> Path
typedef Node Link
enum Color { RED = 1, BLUE = 5 }
union Either { 1: Place place, 2: Tint tint, 3: Which & which, 4: Path path }
exception Gone { 1: Place place, 2: Paint paint = Tint.BLUE }
struct Node { 1: optional Link next, 2: Which which }
struct Uses {
    1: Place place = {"x": 2}, 2: optional Home home, 3: required Tint tint = Tint.BLUE, 4: optional Paint paint = Color.RED
    5: list<Home> homes = [HOME], 6: map<Place, Tint> tints = {{"x": 1}: Color.RED}, 7: set<Which> whiches = [{"tint": 5}], 8: Path path = PATH
    9: Lost lost, 10: Place & boxed, 11: Home shared (rust.type = "Arc"), 12: map<Paint, list<Tint>> paints, 13: Point plain = HOME
    14: Which which = {"place": HERE}, 15: list<set<Place>> nested, 16: required Link link
}
const Place HERE = {"x": 3}
const Home HOME = HERE
const Tint TINT = Color.BLUE
const Paint PAINT = TINT
const Path PATH = [HERE, HOME]
service Guide { Place Find(1: Home home, 2: Tint tint = TINT) throws (1: Lost lost, 2: Gone gone), Paint Look(1: Which which), Path Way() }
