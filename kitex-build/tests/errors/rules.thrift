struct NotThrown { 1: i32 a }
exception Thrown { 1: string why }

service Base { void Ping() }

service Derived extends Base {
    void Ping()
    void Fail() throws (1: NotThrown why)
    string Stream(1: string a, 2: string b) (streaming.mode = "client")
    void Other(1: string a) (streaming.mode = "sideways")
}
