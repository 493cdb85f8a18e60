package main

import (
	"context"
	"log"
	"strconv"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/gopkg/protocol/ttheader"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/retry"

	idl "kitexpeer/kitex_gen/control"
	"kitexpeer/kitex_gen/control/controlsvc"
	"kitexpeer/peer"
)

// control serves ControlSvc.
type control struct {
	node string
	seen *record
	next controlsvc.Client
}

func newControl(f flags, seen *record) *control {
	c := &control{node: f.node, seen: seen}
	if f.relay != "" {
		c.next = dial(f)
	}
	return c
}

func dial(f flags) controlsvc.Client {
	// Without a limit of its own a call carries none on: Kitex does not pass on the limit of the request it serves.
	options := peer.ClientOptions(peer.Dial{
		Address: f.relay, Transport: f.transport, Caller: f.node, Meta: f.meta, CRC32C: f.crc32c, Connections: 1,
	})
	if f.retry > 0 {
		options = append(options, client.WithFailureRetry(retry.NewFailurePolicy()),
			client.WithRPCTimeout(time.Duration(f.retry)*time.Millisecond))
	}
	next, err := controlsvc.NewClient(f.relay, options...)
	if err != nil {
		log.Fatalf("client of %s: %v", f.relay, err)
	}
	return next
}

func (c *control) Take(_ context.Context, atLeast int32) (string, error) {
	return c.seen.take(int(atLeast)), nil
}

func (c *control) Hop(ctx context.Context, further int32) (*idl.Trail, error) {
	trail := &idl.Trail{Sights: []*idl.Sight{c.sight(ctx)}, Backward: map[string]string{}}
	c.seen.note(ctx, trail.Sights[0])
	metainfo.SendBackwardValue(ctx, "B_"+c.node, "1")
	if c.stalls(ctx) || further <= 0 || c.next == nil {
		return trail, nil
	}
	onward := metainfo.WithBackwardValues(ctx)
	onward = metainfo.WithValue(onward, "T_"+c.node, "1")
	onward = metainfo.WithPersistentValue(onward, "P_"+c.node, "1")
	rest, err := c.next.Hop(onward, further-1)
	if err != nil {
		return nil, err
	}
	trail.Sights = append(trail.Sights, rest.Sights...)
	trail.Backward = metainfo.RecvAllBackwardValues(onward)
	return trail, nil
}

// stalls waits for longer than any caller does, if the call asks this node to.
func (c *control) stalls(ctx context.Context) bool {
	when, _ := metainfo.GetPersistentValue(ctx, "STALL_"+c.node)
	stalls := when == "always" || when == "first" && !retry.IsRemoteRetryRequest(ctx) || when == "retry" && retry.IsRemoteRetryRequest(ctx)
	if stalls {
		time.Sleep(time.Second)
	}
	return stalls
}

func (c *control) sight(ctx context.Context) *idl.Sight {
	headers := peer.RequestHeaders(ctx)
	limit, err := strconv.ParseInt(headers.Integers[ttheader.RPCTimeout], 10, 64)
	if err != nil {
		limit = -1
	}
	return &idl.Sight{
		Node:        c.node,
		Transients:  metainfo.GetAllValues(ctx),
		Persistents: metainfo.GetAllPersistentValues(ctx),
		TimeoutMs:   limit,
		Caller:      headers.Integers[ttheader.FromService],
	}
}

func (*control) Work(_ context.Context, id int64, ms int32) (int64, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return id, nil
}

func (*control) Sleep(_ context.Context, ms int32, text string) (string, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return text, nil
}
