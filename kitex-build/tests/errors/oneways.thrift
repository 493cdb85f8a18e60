exception Gone {}
service Calls {
    oneway i32 Answered()
    oneway void Thrown() throws (1: Gone gone)
    void Call()
    void Call(1: i32 again)
    void Twice(1: i32 a, 1: i32 b, 2: i32 a)
}
