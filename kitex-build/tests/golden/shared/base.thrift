namespace rs example.base
namespace go base

typedef string Id

struct Page { 1: i32 offset, 2: i32 limit = 20 }

exception Denied { 1: string who }

enum Level { LOW = 1, HIGH = 9 }

const Level USUAL = Level.LOW

service Health {
    void Ping()
    Level Load(1: Id node) throws (1: Denied denied)
}
