namespace rs greeter

/** A greeting, and how the server saw the call. */
struct Greeting {
    1: string text
    /** What the caller calls itself; empty if its protocol has no place for it. */
    2: string caller
    /** Where the call came from. */
    3: string peer
    /** Metadata that travels down a whole chain of calls. */
    4: string tenant
}

/** Nobody of that name is known here. */
exception Stranger {
    1: string name
}

service Greeter {
    /** Greets by name. */
    Greeting Greet(1: string name) throws (1: Stranger stranger)
    /** Answers after a while, with how long that was. */
    i64 Wait(1: i64 millis)
    /** What is on an account. */
    i64 Balance(1: string account)
    /** Is heard, and not answered. */
    oneway void Wave(1: string name)
}
