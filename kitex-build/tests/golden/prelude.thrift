namespace rs prelude

struct Option { 1: optional Some some, 2: list<None> none }
struct Some { 1: string value }
struct None {}
union Result { 1: Ok ok, 2: Err err }
struct Ok { 1: map<string, Vec> items }
exception Err { 1: String text }
struct Vec { 1: set<String> items }
struct String { 1: i32 length }
struct Box { 1: optional Box inside }
struct Default { 1: Clone clone = {"n": 5} }
struct Clone { 1: i32 n }
enum Send { A = 1 }
enum Iterator { Some, None, Ok }
struct Sync { 1: Send send = Send.A, 2: map<Send, Iterator> all }
struct From { 1: required Into into }
struct Into { 1: double f64, 2: i32 i32, 3: bool bool, 4: string str }
struct Message { 1: Type type, 2: i32 out, 3: i32 from, 4: i32 field, 5: i32 value }
struct Type { 1: optional Message message }
service Service {
    Result new(1: Option default) throws (1: Err err)
    Message clone(1: Type request, 2: i32 handle, 3: i32 args, 4: i32 method)
}
