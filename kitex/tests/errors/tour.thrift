namespace rs tour

struct Leaf {
    1: required string name
}

union Choice {
    1: string text
    2: i32 number
}

struct Tree {
    1: list<Tree> trees
}

exception Refused {
    1: string reason
}

/** What the tour of errors calls. */
service Tour {
    /** Does as it is told. */
    string ask(1: string how) throws (1: Refused refused)
    Leaf leaf()
    Choice choose()
    Tree tree(1: Tree tree)
    list<list<string>> table(1: list<list<string>> table)
    oneway void note(1: string text)
}

/** Shares a method with the first. */
service Other {
    string ask(1: string how)
    void ping()
}
