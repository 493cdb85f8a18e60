service Streams {
    i32 Twice(1: i32 a) (streaming.mode = "client", streaming.mode = "server")
    oneway void Never(1: i32 a) (streaming.mode = "unary")
}
