// A caller that is newer than the server: no server implements what stands here.
namespace go newer
namespace rs interop.newer

// Known name, unknown method.
service RichSvc {
    string Added(1: string s)
}

// Unknown name, unknown method.
service AbsentSvc {
    string Absent(1: string s)
}
