namespace rs inherited
include "shared/base.thrift"
service Own extends Middle { oneway void Notify(1: string text) void Call() }
service Middle extends base.Health { i32 Answer(1: list<base.Page> pages) void call() }
