namespace rs broken

struct First {
	1: string name
	2: i32 count,, 3: i32 more
}

struct Second {
    1: list<string name
}

enum Third { ONE = one }

const string GREETING = "a\qb"
