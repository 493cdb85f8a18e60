struct A {
    1: string name = "never closed
}
