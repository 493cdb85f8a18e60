// The smallest service, and the one that is hosted beside others.
namespace go echo
namespace rs interop.echo

struct Req {
    1: string msg
}

struct Resp {
    1: string msg
}

service EchoSvc {
    Resp Echo(1: Req req)
}

// Shares the name of one method with RichSvc, so that only `isn` tells the two apart.
// It is the server's fallback service.
service OtherSvc {
    string Who(1: string name)
    string Hello(1: string name)
}
