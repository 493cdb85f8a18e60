namespace rs example.shop

include "shared/base.thrift"

typedef list<base.Id> Ids

struct Item { 1: base.Id id, 2: optional base.Level level = base.USUAL }

service Stock extends base.Health {
    Item Get(1: base.Id id) throws (1: base.Denied denied, 2: Missing missing)
    list<Item> List(1: Ids ids, 2: base.Page page)
    oneway void Touch(1: binary token, 2: string context)
    /// Takes a lot.
    map<string, list<Item>> Search(
        1: string text, // What to look for.
        2: bool exact = true,
        3: double score = 0.5,
        4: set<base.Level> levels = [base.Level.LOW],
        5: optional i64 limit,
        6: base.Level least,
        7: i16 page,
        8: byte flags,
    )
    Choice Pick(1: Choice choice)
}

// Declared after its use, which is fine.
exception Missing { 1: Ids ids }

union Choice { 1: Item item, 2: Ids ids, 3: i32 count }

service Nothing {}

service Special extends Stock {
    void Extra(1: base.Page page)
}
