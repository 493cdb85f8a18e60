package cases

import (
	"math"

	"kitexpeer/kitex_gen/common"
	"kitexpeer/kitex_gen/rich"
	"kitexpeer/values"
)

var methodCases = []Case{
	{
		Name: "several_arguments", Asserts: "arguments with gaps in their ids and ids out of order",
		Steps: always(
			call("RichSvc", "Sum", int64(math.MaxInt64-8), int64(math.MaxInt64), int64(-1), int32(7)),
			call("RichSvc", "Mixed", "t|1,-2|in|10|true", "t", []int32{1, -2}, values.Inner("in", 3), rich.Color_BLUE, true),
		),
	},
	{
		Name: "void", Asserts: "methods without a value, with and without arguments",
		Steps: always(
			call("RichSvc", "Nop", nil),
			call("RichSvc", "Put", nil, "key", int64(math.MinInt64)),
		),
	},
	{
		Name: "oneway", Asserts: "two oneway calls are seen, nothing is answered, and a call after them is",
		Steps: always(
			call("RichSvc", "Fire", nil, "first"),
			call("RichSvc", "Fire", nil, "second"),
			echo("EchoString", "after"),
		),
	},
	{
		Name: "extends", Asserts: "methods inherited from a service of an included file",
		Steps: always(
			call("RichSvc", "BaseHello", "hello, you", "you"),
			call("RichSvc", "BasePing", nil, &common.Ping{Id: "p"}),
		),
	},
}
