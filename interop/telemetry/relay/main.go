// Command relay serves EchoSvc by calling it elsewhere, and is a hop of its callers' traces.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"
	"github.com/cloudwego/kitex/transport"

	"telemetrypeer/kitex_gen/echo"
	"telemetrypeer/kitex_gen/echo/echosvc"
)

// relay passes requests on.
type relay struct{ next echosvc.Client }

func (r *relay) Echo(ctx context.Context, request *echo.Req) (*echo.Resp, error) {
	return r.next.Echo(ctx, request)
}

func main() {
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	next := flag.String("next", "", "where to pass requests on to")
	collector := flag.String("collector", "", "host:port of the collector")
	flag.Parse()
	stop, err := export(*collector)
	if err != nil {
		log.Fatalf("export to %s: %v", *collector, err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatalf("listen on %s: %v", *address, err)
	}
	serving := echosvc.NewServer(&relay{dial(*next)}, server.WithListener(listener),
		server.WithMetaHandler(transmeta.ServerTTHeaderHandler), server.WithMiddleware(serverSpan),
		server.WithExitSignal(terminated))
	fmt.Printf("listening %s\n", listener.Addr())
	if err := serving.Run(); err != nil {
		log.Fatalf("serve on %s: %v", listener.Addr(), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := stop(ctx); err != nil {
		log.Fatalf("export what is left: %v", err)
	}
}

func dial(address string) echosvc.Client {
	next, err := echosvc.NewClient("EchoSvc", client.WithHostPorts(address),
		client.WithClientBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: "relay"}),
		client.WithTransportProtocol(transport.TTHeaderFramed),
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler), client.WithMiddleware(clientSpan))
	if err != nil {
		log.Fatalf("call %s: %v", address, err)
	}
	return next
}

func terminated() <-chan error {
	signals, ended := make(chan os.Signal, 1), make(chan error, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		ended <- nil
	}()
	return ended
}
