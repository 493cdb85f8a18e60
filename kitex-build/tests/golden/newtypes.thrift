namespace rs newtypes
typedef i64 UserId (rust.newtype = "true")
typedef UserId OwnerId (rust.newtype)
typedef UserId Plain
typedef string Name (rust.newtype, rust.derive = "serde::Serialize")
typedef double Weight (rust.newtype)
typedef double Ratio (rust.newtype)
typedef list<UserId> Ids (rust.newtype)
typedef map<Name, list<Ids>> Groups (rust.newtype)
typedef set<Weight> Weights (rust.newtype)
typedef map<i32, i32> Table (rust.newtype)
typedef binary Blob (rust.newtype)
struct User {
    1: UserId id, 2: optional OwnerId owner, 3: required Name name, 4: Plain plain = 7, 5: optional Ratio ratio = 0.5
    6: Ids ids = [1, 2], 7: optional Groups groups, 8: Weights weights = [1, 2.5], 9: list<Name> names = ["n", NAME]
    10: map<UserId, Ratio> ratios, 11: set<Table> tables = [{1: 2}, {3: 4}], 12: required Ids more = IDS, 13: list<i64> raw = RAW
    14: Name text (rust.type = "String"), 15: Name shared = NAME (rust.type = "Arc"), 16: list<Ids> matrix = [[1], IDS]
    17: optional User next, 18: Table table (rust.type = "BTreeMap"), 19: Ids & boxed, 20: optional Blob blob = "b"
    21: optional Table plain_table = {1: 2}, 22: Ids from_raw = RAW
}
union Key { 1: UserId id, 2: Name name, 3: Ids ids, 4: Groups groups (rust.type = "Arc"), 5: Key & key }
const UserId FIRST = 1
const UserId SECOND = FIRST
const Name NAME = "name"
const Ids IDS = [3, FIRST]
const list<i64> RAW = [5]
const Ids AGAIN = IDS
const Ids OTHERS = RAW
const map<Name, Weight> WEIGHTS = {NAME: 1}
service Users { Ids Find(1: Name name, 2: UserId id = 5, 3: optional Groups groups), Name Rename(1: UserId id), Table Tables() }
