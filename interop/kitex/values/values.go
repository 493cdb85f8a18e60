// Package values holds what the cases send. The other program sends the same values, made by its own means.
package values

import (
	"math"
	"strings"

	"kitexpeer/kitex_gen/common"
	"kitexpeer/kitex_gen/rich"
)

// FullAllTypes has a telling value in every field.
func FullAllTypes() *rich.AllTypes {
	text := "text"
	return &rich.AllTypes{
		B: true, Y: -7, S: -300, I: 70000, L: 1 << 40, D: 2.5,
		Str:    "héllo, 世界",
		Bin:    []byte{0x00, 0xff, 0xfe, 0x80},
		Li:     []int32{1, -2, 3},
		Ls:     []string{"a", "", "ü"},
		Ss:     []string{"x", "y"},
		Msl:    map[string]int64{"one": 1, "least": math.MinInt64},
		Mili:   map[int32][]*rich.Inner{1: {Inner("a", 1), Inner("b", 2)}, -2: {}},
		Lli:    [][]int32{{1}, {}, {2, 3}},
		Mmb:    map[string]map[int32]bool{"m": {1: true, 2: false}, "empty": {}},
		Inner:  Inner("in", 5),
		Tree:   Tree(2),
		Color:  rich.Color_BLUE,
		Choice: &rich.Choice{Text: &text},
		Uid:    math.MaxInt64,
		Idx:    rich.Index{"i": {1, 2}},
		Linner: []*rich.Inner{Inner("c", 3), Inner("", 0)},
		Lcolor: []rich.Color{rich.Color_RED, rich.Color_GREEN},
		Lb:     []bool{true, false, true},
		Ld:     []float64{0.1, -1e300},
		Sl:     []int64{-1, 1},
		Mcs:    map[rich.Color]string{rich.Color_RED: "red"},
		Lbin:   [][]byte{{1, 2}, {}, {0xc3, 0x28}},
		Ping:   &common.Ping{Id: "ping"},
		Ly:     []int8{-128, 127},
		Lsi:    [][]int16{{-1, 1}, {}},
		Z:      8,
		Lshort: []int16{-32768, 32767},
		Llong:  []int64{math.MinInt64, 0, math.MaxInt64},
		Lm:     []map[string]string{{"k": "v"}, {}},
		Lchoice: []*rich.Choice{
			ChoiceNum(1), {Inner: Inner("chosen", 9)},
		},
		Mbin:    map[string][]byte{"b": {0xff}},
		Mdouble: map[string]float64{"half": 0.5},
	}
}

// EmptyAllTypes has zero numbers and empty everything; its union holds `num` 0.
func EmptyAllTypes() *rich.AllTypes {
	return &rich.AllTypes{
		Inner:  &rich.Inner{},
		Tree:   &rich.Tree{},
		Choice: ChoiceNum(0),
		Ping:   &common.Ping{},
	}
}

// ExtremeAllTypes has the ends of every range and values too large to be copied lightly.
func ExtremeAllTypes() *rich.AllTypes {
	text := Repeated("é", 4096)
	return &rich.AllTypes{
		B: true, Y: math.MinInt8, S: math.MinInt16, I: math.MinInt32, L: math.MinInt64,
		D:      math.Float64frombits(0x7ff8000000000001),
		Str:    Repeated("世", 12288),
		Bin:    Bytes(70000),
		Li:     Numbers(1000),
		Ls:     []string{Repeated("s", 4095), Repeated("t", 4096), Repeated("u", 4097)},
		Ss:     []string{"", Repeated("v", 5000)},
		Msl:    map[string]int64{"": 0},
		Inner:  Inner(Repeated("n", 300), math.MaxInt32),
		Tree:   Tree(20),
		Color:  rich.Color(77),
		Choice: &rich.Choice{Text: &text},
		Uid:    math.MinInt64,
		Ld: []float64{
			math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64,
		},
		Lbin: [][]byte{Bytes(4096), {}},
		Ping: &common.Ping{},
		Z:    math.MaxInt8,
	}
}

// FullKeys has two entries in every map and set.
func FullKeys() *rich.Keys {
	return &rich.Keys{
		OfBool:    map[bool]string{true: "yes", false: "no"},
		OfByte:    map[int8]int64{-128: 1, 127: 2},
		OfI16:     map[int16]int16{-32768: 1, 32767: 2},
		OfI32:     map[int32]string{math.MinInt32: "least", 7: "seven"},
		OfI64:     map[int64][]string{math.MinInt64: {"a", "b"}, 0: {}},
		OfDouble:  map[float64]string{-2.5: "x", 1e100: "y"},
		OfBinary:  map[string]int32{"key": 1, "": 2},
		OfEnum:    map[rich.Color]rich.Color{rich.Color_RED: rich.Color_BLUE, rich.Color_BLUE: rich.Color_RED},
		OfStruct:  map[*rich.Inner]int32{Inner("a", 1): 1, Inner("b", 2): 2},
		OfTypedef: map[rich.UserID]bool{5: true, 6: false},
		Bools:     []bool{true, false},
		Bytes:     []int8{-1, 1},
		I16s:      []int16{-1000, 1000},
		I32s:      []int32{-100000, 100000},
		Doubles:   []float64{0.25, -0.75},
		Binaries:  [][]byte{{0xff}, {}},
		Enums:     []rich.Color{rich.Color_GREEN, rich.Color_RED},
		Structs:   []*rich.Inner{Inner("c", 3), Inner("d", 4)},
		Lists:     [][]int32{{1, 2}, {}},
		Sets:      map[string][]string{"s": {"p", "q"}, "t": {}},
	}
}

// PlainOpts sets the required fields without a default and leaves the rest as it is declared.
func PlainOpts() *rich.Opts {
	opts := rich.NewOpts()
	opts.ReqS, opts.ReqI = "required", -1
	opts.Inner = &rich.Inner{}
	return opts
}

// SetOpts sets every field, to something else than its default.
func SetOpts() *rich.Opts {
	text, number, color := "", int32(0), rich.Color_RED
	return &rich.Opts{
		ReqS: "", ReqI: 0, OptS: &text, OptI: &number, DefS: "d", DefI: 0, OptDef: 0, ReqDef: 0,
		Greet: "", Names: []string{}, OptL: []string{}, Inner: Inner("i", 1), OptInner: &rich.Inner{},
		OptB: false, NilL: []int32{0}, NilM: map[string]string{"": ""}, OptColor: &color,
		Ratio: 0, On: false, Color: rich.Color_BLUE, Limit: -1, BigId: 300, LastId: 32767,
	}
}

func Inner(name string, n int32) *rich.Inner { return &rich.Inner{Name: name, N: n} }

func ChoiceNum(n int32) *rich.Choice { return &rich.Choice{Num: &n} }

func ChoiceText(text string) *rich.Choice { return &rich.Choice{Text: &text} }

// Tree of `depth` levels below its root: `left` goes down, each level has one leaf among its `kids`.
func Tree(depth int) *rich.Tree {
	tree := &rich.Tree{Label: strings.Repeat("l", depth)}
	if depth > 0 {
		tree.Left = Tree(depth - 1)
		tree.Kids = []*rich.Tree{{Label: "leaf"}}
	}
	return tree
}

// Repeated gives `text` again and again up to `length` bytes.
func Repeated(text string, length int) string {
	return strings.Repeat(text, length/len(text))
}

// Bytes counts up from 0, modulo 251.
func Bytes(length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

// Numbers are i * 7919, for i from 0.
func Numbers(count int) []int32 {
	n := make([]int32, count)
	for i := range n {
		n[i] = int32(i) * 7919
	}
	return n
}

// Longs are the numbers of (i - count / 2) << 40.
func Longs(count int) []int64 {
	n := make([]int64, count)
	for i := range n {
		n[i] = int64(i-count/2) << 40
	}
	return n
}
