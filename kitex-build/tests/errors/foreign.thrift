service Streams {
    stream<i32> Numbers()
}
struct Old {
    1: slist names
}
