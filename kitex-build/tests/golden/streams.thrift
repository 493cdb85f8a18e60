namespace rs streams
struct Chunk { 1: binary data }
service Mixed {
    Chunk Before(1: Chunk chunk)
    Chunk Up(1: Chunk chunk) (streaming.mode = "client")
    Chunk Down(1: Chunk chunk) (streaming.mode = "server")
    Chunk Both(1: Chunk chunk) (streaming.mode = "bidirectional")
    Chunk Once(1: Chunk chunk) (streaming.mode = "unary")
    Chunk After(1: Chunk chunk = {"data": "d"})
}
service Derived extends Mixed { Chunk Own(1: Chunk chunk) }
