/** The docs of the file. */
namespace go example.go
namespace * fallback
namespace rs first (unused = "1")
namespace rs headers.inner (kept = "1", kept = "2");
namespace py.twisted example.twisted
namespace unheard_of example
cpp_include "<vector>"
include "shared/base.thrift"
include 'shared/base.thrift'

struct Uses { 1: base.Id id, 2: optional base.Level level = base.USUAL }
