namespace rs methods

include "names.thrift"

typedef names.H H

/** A service whose methods are called like those of clients. */
service Clone {
    void new(1: i32 self, 2: i32 context, 3: i32 request)
    void Connect(1: string type, 2: string Type)
    void fmt()
    void clone() throws (1: names.Send send, 2: names.Error error, 3: names.Send again)
    i32 foo(1: i32 foo)
    i32 Foo()
    names.Result fromResult(1: names.Result result) throws (1: names.Error self)
    oneway void into(1: H handler)
    void echoArgs()
    void echo(1: names.Sync args)
    list<names.Err> errs(1: set<names.Err> errs, 2: map<names.Err, list<names.Err>> deep)
}

service Many extends Clone {
    void more()
}

service ServiceWithARatherLongName {
    string MethodWithARatherLongName(1: string an_argument_with_a_rather_long_name, 2: map<string, list<names.FooBar>> another_argument_with_a_rather_long_name) throws (1: names.ExceptionWithARatherLongName exception_field)
    map<string, map<string, names.StructWithARatherLongName>> Lookup(1: names.StructWithARatherLongName query)
}

/** A method that is called like the answer of another. */
service Answers {
    void echo()
    void echoAnswer()
}
