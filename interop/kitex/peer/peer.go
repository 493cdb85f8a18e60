// Package peer turns the words of the command line into Kitex's options.
package peer

import (
	"fmt"
	"net"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/codec"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"
	"github.com/cloudwego/kitex/transport"
)

// Transports are the words for a client's `-transport`, with the form each gives its messages.
var Transports = map[string]string{
	"buffered":        "buffered",
	"framed":          "framed",
	"ttheader":        "ttheader",
	"ttheader-framed": "ttheader-framed",
	"mux":             "ttheader-framed",
}

// Forms names what Kitex calls a message's transport protocol.
var Forms = map[transport.Protocol]string{
	transport.PurePayload:    "buffered",
	transport.Framed:         "framed",
	transport.TTHeader:       "ttheader",
	transport.TTHeaderFramed: "ttheader-framed",
}

// Dial says how a client reaches its server.
type Dial struct {
	Address   string
	Transport string
	Caller    string
	Meta      bool
	CRC32C    bool
	// Connections is the number of connections under mux.
	Connections int
	// Timeout is the limit of every call; 0 leaves it out.
	Timeout time.Duration
}

// ClientOptions gives the options of every client of this program.
func ClientOptions(d Dial) []client.Option {
	options := []client.Option{
		client.WithHostPorts(d.Address),
		client.WithClientBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: d.Caller}),
		client.WithConnectTimeout(2 * time.Second),
		client.WithCodec(clientCodec{NewCodec(d.CRC32C)}),
		client.WithMetaHandler(clientHeaders{}),
	}
	if d.Timeout > 0 {
		options = append(options, client.WithRPCTimeout(d.Timeout))
	}
	if d.Meta {
		options = append(options, client.WithMetaHandler(transmeta.ClientTTHeaderHandler))
	}
	return append(options, transportOptions(d)...)
}

func transportOptions(d Dial) []client.Option {
	pooled := client.WithLongConnection(connpool.IdleConfig{
		MaxIdlePerAddress: 64, MaxIdleGlobal: 256, MaxIdleTimeout: time.Minute,
	})
	switch d.Transport {
	case "buffered":
		return []client.Option{pooled, client.WithTransportProtocol(transport.PurePayload)}
	case "framed":
		return []client.Option{pooled, client.WithTransportProtocol(transport.Framed)}
	case "ttheader":
		// A client starts from Framed and adds to it; PurePayload alone clears that.
		return []client.Option{
			pooled, client.WithTransportProtocol(transport.PurePayload), client.WithTransportProtocol(transport.TTHeader),
		}
	case "ttheader-framed":
		return []client.Option{pooled, client.WithTransportProtocol(transport.TTHeader)}
	case "mux":
		return []client.Option{client.WithMuxConnection(d.Connections)}
	}
	panic(fmt.Sprintf("transport %q: buffered, framed, ttheader, ttheader-framed or mux", d.Transport))
}

// ServerOptions gives the options of the server program.
func ServerOptions(listener net.Listener, meta, mux, crc32c bool) []server.Option {
	options := []server.Option{
		server.WithListener(listener),
		server.WithCodec(NewCodec(crc32c)),
		server.WithMetaHandler(serverHeaders{}),
	}
	if meta {
		options = append(options, server.WithMetaHandler(transmeta.ServerTTHeaderHandler))
	}
	if mux {
		options = append(options, server.WithMuxTransport())
	}
	return options
}

// NewCodec gives Kitex's own codec.
func NewCodec(crc32c bool) remote.Codec {
	return codec.NewDefaultCodecWithConfig(codec.CodecConfig{CRC32Check: crc32c})
}
