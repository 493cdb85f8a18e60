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

/** Every scalar, texts as records have them, most of them short, and small lists: about 500 bytes in Binary. */
struct Mixed {
    1: bool flag
    2: i8 tiny
    3: i16 small
    4: i32 number
    5: i64 id
    6: double ratio
    7: string name
    8: string title
    9: string city
    10: string country
    11: string currency
    12: string state
    13: string description
    14: binary digest
    15: list<i64> times
    16: list<string> tags
    17: optional string comment
    18: Kind kind
}

/** Structs in structs and in lists: about 1 600 bytes in Binary. */
struct Nested {
    1: i64 id
    2: Owner owner
    3: list<Part> parts
}

struct Owner {
    1: i64 id
    2: string name
    3: string address
    4: Point place
}

struct Part {
    1: i64 id
    2: string name
    3: Kind kind
    4: Point place
    5: list<i32> counts
    6: optional Owner maker
}
