package main

import (
	"context"

	idl "kitexpeer/kitex_gen/echo"
)

// echo serves EchoSvc.
type echo struct{}

func (echo) Echo(_ context.Context, request *idl.Req) (*idl.Resp, error) {
	return &idl.Resp{Msg: request.Msg}, nil
}

// other serves OtherSvc.
type other struct{}

func (other) Who(_ context.Context, name string) (string, error)   { return "other:" + name, nil }
func (other) Hello(_ context.Context, name string) (string, error) { return "hello, " + name, nil }
