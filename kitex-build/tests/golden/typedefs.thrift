namespace rs typedefs
typedef Third Second;
typedef Second First,
typedef i64 Third
typedef list<Ids> Matrix
typedef list<First> Ids
typedef map<First, Node> Nodes
typedef Node Alias
typedef Shade Tint
typedef double Weight
typedef set<Weight> Weights
typedef list cpp_type "std::list" <string> cpp_type "x" Names
struct Node { 1: optional Alias next, 2: Nodes nodes, 3: Tint tint = Tint.DARK, 4: Matrix matrix = [[1], []], 5: Weights weights = [0.5], 6: Names names }
enum Shade { LIGHT, DARK }
const Ids IDS = [1, 2]
const Tint BEST = Shade.LIGHT
const Weights SOME = [1, 2.5]
