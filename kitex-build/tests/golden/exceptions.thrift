namespace rs exceptions
exception Empty {}
exception Full { 1: required string message, 2: i32 code = 500, 3: optional Full cause, 4: list<Empty> others }
typedef Full Alias
struct Holds { 1: Full full, 2: list<Empty> list }
const Full DEFAULT = {"message": "m"}
service Throws {
    void Two(1: Full full) throws (1: Full first, 2: Empty second)
    Full Returned() throws (5: Alias alias, 7: Full again)
    i32 Success(1: i32 a) throws (1: Full success)
    void Nothing() throws ()
}
