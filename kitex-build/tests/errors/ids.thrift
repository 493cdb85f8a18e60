struct Ids {
    i32 missing
    0x10: i32 hex
    16: i32 decimal
    40000: i32 large
    4294967297: i32 wraps
    7: i32 twice
    8: i32 twice
}

service Calls {
    void Zero(0: i32 result)
    void Throw() throws (Gone gone)
}

exception Gone {}
