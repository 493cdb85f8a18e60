struct Node {
    1: required Edge edge
}

struct Edge {
    1: required Node node
}

struct Filled { 1: Filled again = {} }
