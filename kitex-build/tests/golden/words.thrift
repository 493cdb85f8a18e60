namespace rs service.type.struct
include "shared/list.thrift"
struct list { 1: optionalX a, 2: requiredX b, 3: optional optionalX c, 4: required requiredX d, 5: list.B e, 6: list f (list = "1", struct = "2") }
struct optionalX { 1: i32 required, 2: optional i32 optional }
struct requiredX { 1: required i32 required }
enum enum { enum, list, oneway, namespace, async }
union union { 1: i32 union, 2: list void }
exception exception { 1: i32 throws }
typedef map<i32, list> map
const i32 set = 1 const enum const = enum.enum
service service { void list(1: i32 void, 2: map extends) throws (1: exception throws) oneway void oneway() i32 service() async void async() }
service extends extends service { void include() void xsd_all() }
