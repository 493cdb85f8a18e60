namespace rs volo;
const list<i32> A = [1, 2] (note = "after the value"),
const map<string, string> EMPTY = []
struct Item { 1: required i64 id (pilota.name = "item_id"), 2: required string title, 3: map<string (a = "1"), Kind (b = "2")> extra (c = "3"), 4: optional list<Kind (d)> kinds }
enum Kind { Plain = 01, Fancy = 02 }
service ItemService { Item (x = "y") GetItem(1: Item (pilota.rust_wrapper_arc = "true") req), oneway void Drop(1: i64 id); }
