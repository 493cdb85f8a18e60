// Command server is a Kitex server that hosts every service of interop/idl and keeps a log of what its handlers saw.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	kitex "github.com/cloudwego/kitex/server"

	"kitexpeer/kitex_gen/control/controlsvc"
	"kitexpeer/kitex_gen/echo/echosvc"
	"kitexpeer/kitex_gen/echo/othersvc"
	"kitexpeer/kitex_gen/rich/richsvc"
	"kitexpeer/peer"
)

type flags struct {
	address   string
	node      string
	services  string
	relay     string
	transport string
	retry     int
	meta      bool
	mux       bool
	crc32c    bool
	tamper    bool
}

func parse() flags {
	var f flags
	flag.StringVar(&f.address, "addr", "127.0.0.1:0", "address to listen on")
	flag.StringVar(&f.node, "node", "server", "this server's name in metadata")
	flag.StringVar(&f.services, "svcs", "rich,echo,other,control", "services to host")
	flag.StringVar(&f.relay, "relay", "", "address of the server behind this one")
	flag.StringVar(&f.transport, "relay-transport", "ttheader-framed", "transport towards it")
	flag.IntVar(&f.retry, "relay-retry", 0, "milliseconds after which a call of it is made again, two times at most; 0: never")
	flag.BoolVar(&f.meta, "meta", false, "install the TTHeader meta handlers")
	flag.BoolVar(&f.mux, "mux", false, "multiplexing server: TTHeader alone, answers in any order")
	flag.BoolVar(&f.crc32c, "crc", false, "write and check CRC-32C checksums")
	flag.BoolVar(&f.tamper, "tamper", false, "write a wrong checksum on the answer to EchoString(\"tamper\")")
	flag.Parse()
	return f
}

func main() {
	f := parse()
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		log.Fatalf("listen on %s: %v", f.address, err)
	}
	seen := &record{}
	options := append(peer.ServerOptions(listener, f.meta, f.mux, f.crc32c), seen.option())
	server := kitex.NewServer(options...)
	register(server, f, seen)
	// Kitex accepts a little later than it is told to run; the socket queues callers from now on.
	fmt.Printf("listening %s\n", listener.Addr())
	if err := server.Run(); err != nil {
		log.Fatalf("serve on %s: %v", listener.Addr(), err)
	}
	// Handlers may outlive a stop that ran into its time limit.
	seen.settle(2 * time.Second)
	seen.print()
}

func register(server kitex.Server, f flags, seen *record) {
	for _, name := range strings.Split(f.services, ",") {
		var err error
		switch name {
		case "rich":
			err = richsvc.RegisterService(server, &rich{tamper: f.tamper})
		case "echo":
			err = echosvc.RegisterService(server, &echo{})
		case "other":
			err = othersvc.RegisterService(server, &other{}, kitex.WithFallbackService())
		case "control":
			err = controlsvc.RegisterService(server, newControl(f, seen))
		default:
			log.Fatalf("service %q: rich, echo, other or control", name)
		}
		if err != nil {
			log.Fatalf("register %s: %v", name, err)
		}
	}
}
