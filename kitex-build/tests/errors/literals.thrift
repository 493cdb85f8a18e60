const string NUL = "\0"
const string LINES = "one
two"
const string HALF = "\ud83d"
const i32 NOT_ASCII = ١
