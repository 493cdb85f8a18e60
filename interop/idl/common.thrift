// What the other files include: a struct, an exception and a service to extend.
namespace go common
namespace rs interop.common

struct Ping {
    1: string id
}

/** Declared by methods of the file that includes this one. */
exception Refused {
    1: string why
    2: i64 expires
}

service BaseSvc {
    string BaseHello(1: string name)
    void BasePing(1: Ping ping)
}
