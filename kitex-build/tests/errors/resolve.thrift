include "shared.thrift"

enum Color { RED, GREEN }

struct User {
    1: string name
    2: Usr friend
    3: shared.Adress address
    4: Address home
    1: i32 age
}

service Users extends Color {
    oneway i32 Get(1: User user)
    User Find(string name)
}
