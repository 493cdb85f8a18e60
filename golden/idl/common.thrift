namespace go common
namespace rs common

struct Ping { 1: string id }

service BaseSvc {
    string BaseHello(1: string name)
    void BasePing(1: Ping ping)
}
