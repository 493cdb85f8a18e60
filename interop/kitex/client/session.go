package main

import (
	"context"
	"errors"
	"log"
	"reflect"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client/callopt"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote"

	"kitexpeer/canon"
	"kitexpeer/cases"
	"kitexpeer/kitex_gen/common"
	"kitexpeer/kitex_gen/control/controlsvc"
	"kitexpeer/kitex_gen/echo/echosvc"
	"kitexpeer/kitex_gen/echo/othersvc"
	"kitexpeer/kitex_gen/newer/absentsvc"
	newerrich "kitexpeer/kitex_gen/newer/richsvc"
	"kitexpeer/kitex_gen/rich"
	"kitexpeer/kitex_gen/rich/richsvc"
	"kitexpeer/peer"
)

// session is this program as a cases.Caller: one generated client for each service.
type session struct {
	setting cases.Setting
	clients map[string]reflect.Value
	control controlsvc.Client
}

func newSession(f flags) *session {
	options := peer.ClientOptions(dialOf(f))
	control := must(controlsvc.NewClient("interop.server", options...))
	clients := map[string]any{
		"RichSvc":      must(richsvc.NewClient("interop.server", options...)),
		"EchoSvc":      must(echosvc.NewClient("interop.server", options...)),
		"OtherSvc":     must(othersvc.NewClient("interop.server", options...)),
		"NewerRichSvc": must(newerrich.NewClient("interop.server", options...)),
		"AbsentSvc":    must(absentsvc.NewClient("interop.server", options...)),
		"ControlSvc":   control,
	}
	s := &session{setting: f.setting(), clients: map[string]reflect.Value{}, control: control}
	for name, client := range clients {
		s.clients[name] = reflect.ValueOf(client)
	}
	return s
}

func dialOf(f flags) peer.Dial {
	return peer.Dial{
		Address: f.address, Transport: f.transport, Caller: cases.CallerName, Meta: f.meta, CRC32C: f.crc32c,
		Connections: f.connections, Timeout: milliseconds(f.timeout),
	}
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func must[C any](client C, err error) C {
	if err != nil {
		log.Fatalf("make a client: %v", err)
	}
	return client
}

func (s *session) Setting() cases.Setting { return s.setting }

// Call calls the generated client's method of that name.
func (s *session) Call(ctx context.Context, limit time.Duration, service, method string, args ...any) cases.Answer {
	reply := &peer.Reply{}
	ctx = peer.WithReply(metainfo.WithBackwardValues(ctx), reply)
	in := []reflect.Value{reflect.ValueOf(ctx)}
	for _, arg := range args {
		in = append(in, reflect.ValueOf(arg))
	}
	if limit > 0 {
		in = append(in, reflect.ValueOf(callopt.WithRPCTimeout(limit)))
	}
	if policy, has := cases.RetryPolicy(ctx); has {
		in = append(in, reflect.ValueOf(callopt.WithRetryPolicy(policy)))
	}
	out := s.clients[service].MethodByName(method).Call(in)
	answer := cases.Answer{Backward: metainfo.RecvAllBackwardValues(ctx)}
	err, _ := out[len(out)-1].Interface().(error)
	switch {
	case err != nil:
		answer.Outcome = failure(err)
	case len(out) == 1:
		answer.Outcome = cases.Outcome{"void": true}
	default:
		answer.Value = out[0].Interface()
		answer.Outcome = cases.Value(service, method, answer.Value)
	}
	s.checkBytes(reply, &answer)
	return answer
}

// checkBytes makes a failure of an answer that came in another form than the request's, or without its checksum.
func (s *session) checkBytes(reply *peer.Reply, answer *cases.Answer) {
	if reply.Form == "" {
		return // no answer: oneway, or a failure before one
	}
	if reply.Form != s.setting.Form {
		answer.Outcome = cases.Outcome{"failed": "the answer's form is " + reply.Form}
	}
	if s.setting.CRC32C && reply.Checksum == "" && answer.Outcome["timeout"] == nil {
		answer.Outcome = cases.Outcome{"failed": "the answer has no crc32c"}
	}
}

func failure(err error) cases.Outcome {
	if outcome := exception(err); outcome != nil {
		return outcome
	}
	if status, ok := kerrors.FromBizStatusError(err); ok {
		return cases.Outcome{"status": map[string]any{
			"code": status.BizStatusCode(), "message": status.BizMessage(), "extra": status.BizExtra(),
		}}
	}
	if kerrors.IsTimeoutError(err) {
		return cases.Outcome{"timeout": true}
	}
	var refusal *remote.TransError
	if errors.As(err, &refusal) {
		return cases.Outcome{"error": map[string]any{"code": refusal.TypeID(), "text": err.Error()}}
	}
	return cases.Outcome{"failed": err.Error()}
}

func exception(err error) cases.Outcome {
	var (
		oops    *rich.Oops
		denied  *rich.Denied
		refused *common.Refused
	)
	switch {
	case errors.As(err, &oops):
		return cases.Outcome{"exception": "Oops", "fields": canon.Struct(oops)}
	case errors.As(err, &denied):
		return cases.Outcome{"exception": "Denied", "fields": canon.Struct(denied)}
	case errors.As(err, &refused):
		return cases.Outcome{"exception": "Refused", "fields": canon.Struct(refused)}
	}
	return nil
}
