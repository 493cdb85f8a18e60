// A Go client that runs the cases: client VALUES ADDRESS PROTOCOL TRANSPORT plain|multiplexed.
//
// Prints a line of JSON for each case, {"case":NAME,"ok":BOOL,"error":TEXT}.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/apache/thrift/lib/go/thrift"

	"thrifttestpeer/gen/thrifttest"
	"thrifttestpeer/wire"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("client VALUES ADDRESS PROTOCOL TRANSPORT plain|multiplexed")
	}
	rows, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	setting := setting{os.Args[2], os.Args[3], os.Args[4], os.Args[5] == "multiplexed"}
	var clients *clients
	for _, trial := range trials(rows, setting.multiplexed) {
		if clients == nil {
			clients, err = connect(setting)
		}
		if err == nil {
			err = trial.run(clients)
		}
		note(trial.name, err)
		if err != nil {
			// The other cases are to be run too, on a connection that works.
			clients, err = nil, nil
		}
	}
}

type setting struct {
	address, protocol, transport string
	multiplexed                  bool
}

// clients of one connection.
type clients struct {
	first  *thrifttest.ThriftTestClient
	second *thrifttest.SecondServiceClient
}

func connect(setting setting) (*clients, error) {
	transports, protocols, err := wire.Factories(setting.transport, setting.protocol)
	if err != nil {
		return nil, err
	}
	transport, err := transports.GetTransport(thrift.NewTSocketConf(setting.address, wire.Config))
	if err != nil {
		return nil, err
	}
	if err := transport.Open(); err != nil {
		return nil, err
	}
	// A client keeps count of its calls, so that the two of a connection share what reads.
	in, out := protocols.GetProtocol(transport), protocols.GetProtocol(transport)
	named := func(service string) thrift.TClient {
		if !setting.multiplexed {
			return thrift.NewTStandardClient(in, out)
		}
		return thrift.NewTStandardClient(in, thrift.NewTMultiplexedProtocol(out, service))
	}
	return &clients{
		first:  thrifttest.NewThriftTestClient(named("ThriftTest")),
		second: thrifttest.NewSecondServiceClient(named("SecondService")),
	}, nil
}

type row struct {
	name   string
	values []json.RawMessage
}

// read gives the rows of a file in its order.
func read(path string) ([]row, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var rows []row
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		row := row{name: fmt.Sprint(name)}
		if err := decoder.Decode(&row.values); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func note(name string, problem error) {
	line := map[string]any{"case": name, "ok": problem == nil, "error": nil}
	if problem != nil {
		line["error"] = problem.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}
