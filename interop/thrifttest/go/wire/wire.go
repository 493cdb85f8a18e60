// Package wire has the transports and protocols by their names.
package wire

import (
	"fmt"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// Config bounds how long a peer is waited for.
var Config = &thrift.TConfiguration{ConnectTimeout: 10 * time.Second, SocketTimeout: 10 * time.Second}

// Factories of a transport and a protocol.
func Factories(transport, protocol string) (thrift.TTransportFactory, thrift.TProtocolFactory, error) {
	transports := map[string]thrift.TTransportFactory{
		"buffered": thrift.NewTBufferedTransportFactory(8192),
		"framed":   thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), Config),
	}
	protocols := map[string]thrift.TProtocolFactory{
		"binary":  thrift.NewTBinaryProtocolFactoryConf(Config),
		"compact": thrift.NewTCompactProtocolFactoryConf(Config),
		"json":    thrift.NewTJSONProtocolFactory(),
	}
	if transports[transport] == nil || protocols[protocol] == nil {
		return nil, nil, fmt.Errorf("no transport %s or no protocol %s", transport, protocol)
	}
	return transports[transport], protocols[protocol], nil
}
