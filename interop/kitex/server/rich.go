package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cloudwego/kitex/pkg/kerrors"

	"kitexpeer/kitex_gen/common"
	idl "kitexpeer/kitex_gen/rich"
	"kitexpeer/peer"
)

// rich serves RichSvc.
type rich struct{ tamper bool }

func (rich) All(_ context.Context, v *idl.AllTypes) (*idl.AllTypes, error)   { return v, nil }
func (rich) Keyed(_ context.Context, v *idl.Keys) (*idl.Keys, error)         { return v, nil }
func (rich) Options(_ context.Context, v *idl.Opts) (*idl.Opts, error)       { return v, nil }
func (rich) Pick(_ context.Context, v *idl.Choice) (*idl.Choice, error)      { return v, nil }
func (rich) Grow(_ context.Context, v *idl.Tree) (*idl.Tree, error)          { return v, nil }
func (rich) Paint(_ context.Context, v idl.Color) (idl.Color, error)         { return v, nil }
func (rich) EchoBool(_ context.Context, v bool) (bool, error)                { return v, nil }
func (rich) EchoByte(_ context.Context, v int8) (int8, error)                { return v, nil }
func (rich) EchoI16(_ context.Context, v int16) (int16, error)               { return v, nil }
func (rich) EchoI32(_ context.Context, v int32) (int32, error)               { return v, nil }
func (rich) EchoI64(_ context.Context, v int64) (int64, error)               { return v, nil }
func (rich) EchoDouble(_ context.Context, v float64) (float64, error)        { return v, nil }
func (rich) EchoBinary(_ context.Context, v []byte) ([]byte, error)          { return v, nil }
func (rich) EchoTypedef(_ context.Context, v idl.UserID) (idl.UserID, error) { return v, nil }
func (rich) EchoList(_ context.Context, v []int64) ([]int64, error)          { return v, nil }
func (rich) EchoSet(_ context.Context, v []string) ([]string, error)         { return v, nil }

func (rich) EchoMap(_ context.Context, v map[string]*idl.Inner) (map[string]*idl.Inner, error) {
	return v, nil
}

func (r rich) EchoString(ctx context.Context, v string) (string, error) {
	peer.RequestHeaders(ctx).Spoil = r.tamper && v == "tamper"
	return v, nil
}

func (rich) BaseHello(_ context.Context, name string) (string, error) { return "hello, " + name, nil }
func (rich) BasePing(context.Context, *common.Ping) error             { return nil }

func (rich) Nop(context.Context) error                { return nil }
func (rich) Put(context.Context, string, int64) error { return nil }
func (rich) Fire(context.Context, string) error       { return nil }

func (rich) Sum(_ context.Context, a, b int64, c int32) (int64, error) {
	return a + b - int64(c), nil
}

func (rich) Mixed(
	_ context.Context, text string, numbers []int32, inner *idl.Inner, color idl.Color, yes bool,
) (string, error) {
	var list []string
	for _, n := range numbers {
		list = append(list, fmt.Sprint(n))
	}
	return fmt.Sprintf("%s|%s|%s|%d|%t", text, strings.Join(list, ","), inner.Name, int64(color), yes), nil
}

func (rich) Who(_ context.Context, name string) (string, error) { return "rich:" + name, nil }

func (rich) Fail(_ context.Context, how string) (string, error) {
	if how == "refused" {
		return "", &common.Refused{Why: "refused", Expires: 1 << 40}
	}
	return how, failure(how)
}

func (rich) FailVoid(_ context.Context, how string) error { return failure(how) }

func failure(how string) error {
	switch how {
	case "oops":
		return &idl.Oops{Reason: "oops", Code: -7}
	case "denied":
		return &idl.Denied{Who: "denied"}
	case "error":
		return errors.New("boom")
	case "panic":
		panic("asked to")
	}
	return nil
}

func (rich) Judge(_ context.Context, code int32, message string, extra map[string]string) (string, error) {
	return "", kerrors.NewBizStatusErrorWithExtra(code, message, extra)
}

func (rich) JudgeVoid(_ context.Context, code int32, message string) error {
	return kerrors.NewBizStatusError(code, message)
}
