struct Types {
    1: int a
    2: float b
    3: strng c
    4: list d
    5: list<void> e
    6: Calls f
    7: map<string, Typs> g
}

service Calls {
    stram Missing()
}
