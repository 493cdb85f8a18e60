namespace rs calls

struct Req {
    1: string msg
    2: i32 number
}

struct Resp {
    1: string msg
    2: i32 number
}

exception Oops {
    1: string reason
    2: i32 code
}

exception Other {
    1: i32 code
}

/** What the tests call. */
service Calls {
    Resp echo(1: Req req) throws (1: Oops oops, 2: Other other)
    /** Does as it is told: fail, panic, status, wait, … */
    string act(1: string how)
    void nothing()
    oneway void note(1: string text)
    binary blob(1: binary data)
}

/** A second service, which shares no method with the first. */
service Clock {
    i64 now()
}

/** A third one, which has a method of the first. */
service Loud {
    Resp echo(1: Req req)
}
