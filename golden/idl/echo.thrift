namespace go echo
namespace rs echo

struct Req { 1: string msg }
struct Resp { 1: string msg }

service EchoSvc {
    Resp Echo(1: Req req)
}
