namespace rs echo

/** What is to be said again. */
struct Request {
    1: string text
    /** How many times. */
    2: i32 times = 1
}

/** Why something is not said again. */
exception Refused {
    1: string reason
    2: i32 code
}

/** Says things again. */
service Echo {
    /** Answers with the text. An empty one is refused. */
    string say(1: Request request) throws (1: Refused refused)

    /** Takes note of a text, and does not answer. */
    oneway void note(1: string text)
}
