// What the programs ask each other beside the calls under test: the log of what a
// handler saw, metadata over several hops, and work to be interrupted.
namespace go control
namespace rs interop.control

// One server's view of one request's metadata.
struct Sight {
    1: string node
    2: map<string, string> transients
    3: map<string, string> persistents
    // Milliseconds of the timeout sent with the request; -1 without one.
    4: i64 timeout_ms
    5: string caller
}

struct Trail {
    // Nearest server first.
    1: list<Sight> sights
    // Backward values the first server received from the next one.
    2: map<string, string> backward
}

service ControlSvc {
    // What the handlers were called with since the last Take, as a JSON array.
    // Waits up to two seconds until the log holds `at_least` entries: oneway calls have no answer to wait for.
    string Take(1: i32 at_least)

    // Reports this server's view and, when `further` is above zero, that of the servers behind it.
    Trail Hop(1: i32 further)

    // Waits, then returns its first argument.
    i64 Work(1: i64 id, 2: i32 ms)

    // Returns `text` after `ms` milliseconds.
    string Sleep(1: i32 ms, 2: string text)
}
