// What the benchmarks carry.
namespace rs bench

/** A text and nothing else. */
struct Message {
    1: string text
}

enum Kind {
    PLAIN = 1
    FOLDED = 2
}

struct Point {
    1: double x
    2: double y
}

struct Item {
    1: i64 id
    2: string name
    3: list<string> tags
    4: map<string, string> attributes
    5: Kind kind
    6: optional Point place
}

/** What a service that is no example carries: numbers, texts, and structs inside containers. */
struct Rich {
    1: i64 id
    2: string title
    3: bool visible
    4: i32 revision
    5: double score
    6: list<Item> items
    7: map<i64, Point> places
    8: set<i32> groups
    9: optional Message note
    10: binary digest
}

/** As an older build knows a Rich: all fields but one are skipped. */
struct OlderRich {
    1: i64 id
}

struct Numbers {
    1: list<i64> values
}

struct Texts {
    1: list<string> values
}

struct Counts {
    1: map<string, i64> values
}

struct Blob {
    1: binary data
}

service Echo {
    /** Answers with what was said. */
    Message Say(1: Message message)
}
