package cases

import (
	"math"

	"kitexpeer/kitex_gen/rich"
	"kitexpeer/values"
)

var typeCases = []Case{
	{
		Name: "all_types", Asserts: "a struct with a value of every base and container type comes back as sent",
		Steps: always(echo("All", values.FullAllTypes())),
	},
	{
		Name: "all_empty", Asserts: "the same struct with zero numbers and empty containers",
		Steps: always(echo("All", values.EmptyAllTypes())),
	},
	{
		Name: "all_extreme", Asserts: "the ends of every range, NaN with its bits, -0, infinities, an unknown enum value, values of 4 KiB and more",
		Steps: always(echo("All", values.ExtremeAllTypes())),
	},
	{
		Name: "keys", Asserts: "every type as a map key and as an element of a set",
		Steps: always(echo("Keyed", values.FullKeys()), echo("Keyed", &rich.Keys{})),
	},
	{
		Name: "base_types", Asserts: "every base type alone, as argument and as result",
		Steps: always(
			echo("EchoBool", true), echo("EchoBool", false),
			echo("EchoByte", int8(math.MinInt8)), echo("EchoI16", int16(math.MinInt16)),
			echo("EchoI32", int32(math.MinInt32)), echo("EchoI64", int64(math.MinInt64)),
			echo("EchoI64", int64(math.MaxInt64)), echo("EchoDouble", -0.1),
			echo("EchoDouble", math.Copysign(0, -1)), echo("EchoString", "héllo, 世界"), echo("EchoString", ""),
			echo("EchoBinary", []byte{0xff, 0x00, 0xc3, 0x28}), echo("EchoBinary", []byte{}),
			echo("EchoTypedef", rich.UserID(1<<62)),
		),
	},
	{
		Name: "containers", Asserts: "list, set and map alone, as argument and as result, empty too",
		Steps: always(
			echo("EchoList", values.Longs(1000)), echo("EchoList", []int64{}),
			echo("EchoSet", []string{"a", "b", "ü"}), echo("EchoSet", []string{}),
			echo("EchoMap", map[string]*rich.Inner{"k": values.Inner("v", 1), "": values.Inner("", 0)}),
			echo("EchoMap", map[string]*rich.Inner{}),
		),
	},
	{
		Name: "options", Asserts: "required, optional and default fields: as declared, and all set to something else",
		Steps: always(echo("Options", values.PlainOpts()), echo("Options", values.SetOpts())),
	},
	{
		Name: "union", Asserts: "each field of a union",
		Steps: always(
			echo("Pick", values.ChoiceNum(-7)), echo("Pick", values.ChoiceText("")),
			echo("Pick", &rich.Choice{Inner: values.Inner("in", 3)}),
		),
	},
	{
		Name: "enum", Asserts: "a known enum value and one that the IDL does not have",
		Steps: always(echo("Paint", rich.Color_BLUE), echo("Paint", rich.Color(-5))),
	},
	{
		Name: "recursive", Asserts: "a tree of 20 levels",
		Steps: always(echo("Grow", values.Tree(20))),
	},
	{
		Name: "big", Asserts: "a string and a binary of 1 MiB each way, twice, so that buffers are used again",
		Steps: always(
			echo("EchoString", values.Repeated("a", 1<<20)), echo("EchoBinary", values.Bytes(1<<20)),
			echo("EchoString", values.Repeated("ü", 1<<20)), echo("EchoBinary", values.Bytes(1<<20)),
		),
	},
}
