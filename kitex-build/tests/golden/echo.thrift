// The smallest service: what the guide begins with.
namespace rs echo

struct Req { 1: string msg }
struct Resp { 1: string msg }

exception Oops {
    1: string reason
    2: i32 code
}

/** Says things again. */
service EchoSvc {
    /**
     * Answers with what was said.
     *
     * An empty message is an error.
     */
    Resp Echo(1: Req req) throws (1: Oops oops) (idempotent)
}
