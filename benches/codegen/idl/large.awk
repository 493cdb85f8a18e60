# Writes an IDL of 2 000 lines, of what IDLs of services are made of: enums, structs of some dozen fields, a union, an exception and a service,
# over and over under other names, and constants for the rest.
BEGIN {
    print "namespace rs large"
    lines = 1
    for (n = 1; lines + 51 <= 2000; n++) lines += part(n)
    while (lines++ < 2000) print "const i32 LIMIT_" lines " = " lines
}

function part(n) {
    printf "\n/** States of an order of kind %d. */\nenum State%d {\n    NEW = 0\n    PAID = 1\n    SENT = 5\n    LOST = 6\n}\n", n, n
    printf "\n/** A place that orders of kind %d go to. */\nstruct Address%d {\n    1: required string street\n    2: optional string city\n", n, n
    printf "    3: optional i32 floor\n    4: double latitude\n    5: double longitude\n}\n"
    printf "\n/** An order of kind %d. */\nstruct Order%d {\n    1: required i64 id\n    /** Where it stands. */\n    2: State%d state = State%d.NEW\n", n, n, n, n
    printf "    3: optional Address%d address\n    4: list<string> items\n    5: map<string, i64> amounts\n    6: set<i32> tags\n", n
    printf "    7: binary payload\n    8: bool express = true\n    9: optional list<Address%d> stops\n    10: map<string, list<double>> prices\n", n
    printf "    11: i16 priority = 7\n    12: optional string note\n}\n"
    printf "\nunion Key%d {\n    1: i64 id\n    2: string name\n    3: Address%d address\n}\n", n, n
    printf "\nexception Failure%d {\n    1: i32 code\n    2: string message\n}\n", n
    printf "\nservice Orders%d {\n    Order%d Get(1: Key%d key) throws (1: Failure%d failure)\n    void Put(1: Order%d order, 2: bool replace)\n", n, n, n, n, n
    printf "    list<Order%d> Find(1: string query, 2: i32 limit)\n}\n", n
    return 51
}
