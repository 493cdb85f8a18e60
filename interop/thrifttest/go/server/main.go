// A Go server of the two services: server PROTOCOL TRANSPORT plain|multiplexed.
//
// Prints `listening HOST:PORT`, and ends on SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"thrifttestpeer/gen/thrifttest"
	"thrifttestpeer/wire"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("server PROTOCOL TRANSPORT plain|multiplexed")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3] == "multiplexed"); err != nil {
		log.Fatal(err)
	}
}

func run(protocol, transport string, multiplexed bool) error {
	transports, protocols, err := wire.Factories(transport, protocol)
	if err != nil {
		return err
	}
	socket, err := thrift.NewTServerSocket("127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := socket.Listen(); err != nil {
		return err
	}
	fmt.Println("listening", socket.Addr())
	return thrift.NewTSimpleServer4(processor(multiplexed), socket, transports, protocols).Serve()
}

func processor(multiplexed bool) thrift.TProcessor {
	first := thrifttest.NewThriftTestProcessor(handler{})
	if !multiplexed {
		return first
	}
	both := thrift.NewTMultiplexedProcessor()
	both.RegisterProcessor("ThriftTest", first)
	both.RegisterProcessor("SecondService", thrifttest.NewSecondServiceProcessor(secondHandler{}))
	return both
}

type handler struct{}

func (handler) TestVoid(context.Context) error { return nil }

func (handler) TestString(_ context.Context, thing string) (string, error) { return thing, nil }

func (handler) TestBool(_ context.Context, thing bool) (bool, error) { return thing, nil }

func (handler) TestByte(_ context.Context, thing int8) (int8, error) { return thing, nil }

func (handler) TestI32(_ context.Context, thing int32) (int32, error) { return thing, nil }

func (handler) TestI64(_ context.Context, thing int64) (int64, error) { return thing, nil }

func (handler) TestDouble(_ context.Context, thing float64) (float64, error) { return thing, nil }

func (handler) TestBinary(_ context.Context, thing []byte) ([]byte, error) { return thing, nil }

func (handler) TestStruct(_ context.Context, thing *thrifttest.Xtruct) (*thrifttest.Xtruct, error) {
	return thing, nil
}

func (handler) TestNest(_ context.Context, thing *thrifttest.Xtruct2) (*thrifttest.Xtruct2, error) {
	return thing, nil
}

func (handler) TestMap(_ context.Context, thing map[int32]int32) (map[int32]int32, error) {
	return thing, nil
}

func (handler) TestStringMap(_ context.Context, thing map[string]string) (map[string]string, error) {
	return thing, nil
}

func (handler) TestSet(_ context.Context, thing []int32) ([]int32, error) { return thing, nil }

func (handler) TestList(_ context.Context, thing []int32) ([]int32, error) { return thing, nil }

func (handler) TestEnum(_ context.Context, thing thrifttest.Numberz) (thrifttest.Numberz, error) {
	return thing, nil
}

func (handler) TestTypedef(_ context.Context, thing thrifttest.UserId) (thrifttest.UserId, error) {
	return thing, nil
}

func (handler) TestMapMap(context.Context, int32) (map[int32]map[int32]int32, error) {
	return map[int32]map[int32]int32{
		-4: {-4: -4, -3: -3, -2: -2, -1: -1},
		4:  {1: 1, 2: 2, 3: 3, 4: 4},
	}, nil
}

func (handler) TestInsanity(_ context.Context, argument *thrifttest.Insanity) (map[thrifttest.UserId]map[thrifttest.Numberz]*thrifttest.Insanity, error) {
	return map[thrifttest.UserId]map[thrifttest.Numberz]*thrifttest.Insanity{
		1: {thrifttest.Numberz_TWO: argument, thrifttest.Numberz_THREE: argument},
		2: {thrifttest.Numberz_SIX: thrifttest.NewInsanity()},
	}, nil
}

func (handler) TestMulti(_ context.Context, arg0 int8, arg1 int32, arg2 int64, _ map[int16]string, _ thrifttest.Numberz, _ thrifttest.UserId) (*thrifttest.Xtruct, error) {
	return &thrifttest.Xtruct{StringThing: "Hello2", ByteThing: arg0, I32Thing: arg1, I64Thing: arg2}, nil
}

func (handler) TestException(_ context.Context, arg string) error {
	switch arg {
	case "Xception":
		return &thrifttest.Xception{ErrorCode: 1001, Message: arg}
	case "TException":
		return errors.New("this is a TException")
	}
	return nil
}

func (handler) TestMultiException(_ context.Context, arg0, arg1 string) (*thrifttest.Xtruct, error) {
	switch arg0 {
	case "Xception":
		return nil, &thrifttest.Xception{ErrorCode: 1001, Message: "This is an Xception"}
	case "Xception2":
		thing := &thrifttest.Xtruct{StringThing: "This is an Xception2"}
		return nil, &thrifttest.Xception2{ErrorCode: 2002, StructThing: thing}
	}
	return &thrifttest.Xtruct{StringThing: arg1}, nil
}

func (handler) TestOneway(_ context.Context, seconds int32) error {
	time.Sleep(time.Duration(seconds) * time.Second)
	return nil
}

type secondHandler struct{}

func (secondHandler) BlahBlah(context.Context) error { return nil }

func (secondHandler) SecondtestString(_ context.Context, thing string) (string, error) {
	return `testString("` + thing + `")`, nil
}
