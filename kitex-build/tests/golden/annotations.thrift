namespace rs annotations (file = "1")
struct User { 1: i64 id (go.tag = 'json:"id"', go.tag = "second", flag), 2: list<string (element = "e")> (kind = "k") names } (api.path = "/users", text = "a
line and \"quotes\"")
union Either { 1: i32 left (l = "1"), 2: i32 right } (u)
enum Color { RED (hex = "f00"), BLUE } (c = "1")
exception Gone { 1: string why (w) } (e)
typedef map<string (k = "1"), i32> Table (t = "1")
const i32 LIMIT = 5 (unit = "ms")
const i32 ANNOTATIONS = 1
service Users {
    User (r = "1") Get(1: i64 id (api.query = "id")) throws (1: Gone gone (status = "404")) (api.get = "/:id", idempotent = "true")
    void Plain()
} (api.prefix = "v1")
service More extends Users { void More() }
