package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/cloudwego/kitex/pkg/endpoint"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/server"

	"kitexpeer/canon"
	"kitexpeer/peer"
)

// entry is one call that reached a handler.
type entry struct {
	Service string         `json:"service"`
	Method  string         `json:"method"`
	Args    map[string]any `json:"args"`
	Form    string         `json:"form"`
	CRC32C  bool           `json:"crc32c,omitempty"`
	Sight   map[string]any `json:"sight,omitempty"`
	// Done: the handler has come to its end.
	Done bool `json:"done"`
}

// record is the handlers' log.
type record struct {
	guard sync.Mutex
	all   []*entry
	// taken counts the entries that a Take has handed out.
	taken int
}

type entryKey struct{}

// option has every call logged before its handler runs.
func (r *record) option() server.Option {
	return server.WithMiddleware(func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request, response any) error {
			e := newEntry(ctx, request)
			if e.Method == "Take" {
				return next(ctx, request, response)
			}
			r.add(e)
			defer r.finish(e)
			return next(context.WithValue(ctx, entryKey{}, e), request, response)
		}
	})
}

func newEntry(ctx context.Context, request any) *entry {
	info := rpcinfo.GetRPCInfo(ctx)
	return &entry{
		Service: info.Invocation().ServiceName(),
		Method:  info.Invocation().MethodName(),
		Args:    canon.Struct(request),
		Form:    peer.Forms[info.Config().TransportProtocol()],
		CRC32C:  peer.RequestHeaders(ctx).Texts["crc32c"] != "",
	}
}

func (r *record) add(e *entry) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.all = append(r.all, e)
}

func (r *record) finish(e *entry) {
	r.guard.Lock()
	defer r.guard.Unlock()
	e.Done = true
}

// note adds what the handler itself knows of its call.
func (r *record) note(ctx context.Context, sight any) {
	r.guard.Lock()
	defer r.guard.Unlock()
	ctx.Value(entryKey{}).(*entry).Sight = canon.Struct(sight)
}

// take gives the entries since the last take as a JSON array, once there are `atLeast` or two seconds have passed.
func (r *record) take(atLeast int) string {
	r.wait(2*time.Second, func() bool { return len(r.all)-r.taken >= atLeast })
	r.guard.Lock()
	defer r.guard.Unlock()
	fresh := r.all[r.taken:]
	r.taken = len(r.all)
	if len(fresh) == 0 {
		return "[]"
	}
	return canon.Text(fresh)
}

// settle waits until every handler has come to its end.
func (r *record) settle(limit time.Duration) {
	r.wait(limit, func() bool {
		for _, e := range r.all {
			if !e.Done {
				return false
			}
		}
		return true
	})
}

func (r *record) wait(limit time.Duration, ready func() bool) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.guard.Lock()
		done := ready()
		r.guard.Unlock()
		if done {
			return
		}
	}
}

// print writes the whole log to standard output, a line of JSON for each entry.
func (r *record) print() {
	r.guard.Lock()
	defer r.guard.Unlock()
	var lines strings.Builder
	encoder := json.NewEncoder(&lines)
	for _, e := range r.all {
		if err := encoder.Encode(e); err != nil {
			panic(fmt.Sprintf("log entry of %s: %v (%v)", e.Method, err, reflect.TypeOf(e.Args)))
		}
	}
	fmt.Print(lines.String())
}
