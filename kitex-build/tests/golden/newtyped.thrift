namespace rs newtyped
typedef i64 Third
typedef Third Second
typedef Second Kept (rust.newtype = "false")
typedef list<Second> Ids
typedef list<Ids> Matrix
typedef map<Second, Other> Nodes
typedef Other Alias
typedef double Weight
typedef set<Weight> Weights
struct Other { 1: optional Alias next, 2: Weights weights }
struct Uses { 1: Matrix matrix = [IDS], 2: Nodes nodes, 3: Weights weights, 4: Kept kept = 5 }
const Ids IDS = [1, 2]
