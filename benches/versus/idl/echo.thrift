// The one interface that every stack serves; stacks without Thrift have the same shape by hand.
namespace rs echo

struct Req {
    1: string msg
}

struct Resp {
    1: string msg
}

service Echo {
    Resp Echo(1: Req req)
}
