exception Gone {}
service Calls {
    void Throws() throws (1: Gone a, 1: Gone b)
    void Zero() throws (0: Gone gone)
}
