package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"thrifttestpeer/gen/thrifttest"
)

type trial struct {
	name string
	run  func(*clients) error
}

var background = context.Background()

// A caller that waited for the handler would have waited for a second.
const oneway = 200 * time.Millisecond

func trials(rows []row, multiplexed bool) []trial {
	found := []trial{{"testVoid", void}}
	for _, row := range rows {
		found = append(found, trial{row.name, echo(row)})
	}
	found = append(found, []trial{
		{"testMapMap", mapMap}, {"testInsanity", insanity}, {"testMulti", multi}, {"testException", exception},
		{"testMultiException", multiException},
	}...)
	if multiplexed {
		found = append(found, trial{"SecondService", second})
	}
	return append(found, trial{"testOneway", timed})
}

func void(clients *clients) error { return clients.first.TestVoid(background) }

func mapMap(clients *clients) error {
	got, err := clients.first.TestMapMap(background, 42)
	want := map[int32]map[int32]int32{-4: {-4: -4, -3: -3, -2: -2, -1: -1}, 4: {4: 4, 3: 3, 2: 2, 1: 1}}
	return hold(got, want, err)
}

func insanity(clients *clients) error {
	crazy := &thrifttest.Insanity{
		UserMap: map[thrifttest.Numberz]thrifttest.UserId{thrifttest.Numberz_FIVE: 5, thrifttest.Numberz_EIGHT: 8},
		Xtructs: []*thrifttest.Xtruct{
			{StringThing: "Goodbye4", ByteThing: 4, I32Thing: 4, I64Thing: 4},
			{StringThing: "Hello2", ByteThing: 2, I32Thing: 2, I64Thing: 2},
		},
	}
	whoa, err := clients.first.TestInsanity(background, crazy)
	if err != nil {
		return err
	}
	looney := whoa[2][thrifttest.Numberz_SIX]
	if len(whoa) != 2 || len(whoa[2]) != 1 || looney == nil || len(looney.UserMap)+len(looney.Xtructs) != 0 {
		return fmt.Errorf("under 2 there should be nothing: %+v", whoa)
	}
	want := map[thrifttest.Numberz]*thrifttest.Insanity{thrifttest.Numberz_TWO: crazy, thrifttest.Numberz_THREE: crazy}
	return hold(whoa[1], want, nil)
}

func multi(clients *clients) error {
	for _, sent := range []struct {
		want  thrifttest.Xtruct
		pairs map[int16]string
		enum  thrifttest.Numberz
		user  thrifttest.UserId
	}{
		{thrifttest.Xtruct{ByteThing: 42, I32Thing: 4242, I64Thing: 424242}, map[int16]string{1: "blah", 2: "thing"}, thrifttest.Numberz_EIGHT, 24},
		{thrifttest.Xtruct{ByteThing: 74, I32Thing: 0xff00ff, I64Thing: 0xffffffffd0d0}, map[int16]string{0: "abc"}, thrifttest.Numberz_FIVE, 0xf0f0f0},
		{thrifttest.Xtruct{ByteThing: 1, I32Thing: -123948, I64Thing: -19234123981}, map[int16]string{1298: "fizz", -148: "buzz"}, thrifttest.Numberz_EIGHT, 81},
	} {
		want := sent.want
		want.StringThing = "Hello2"
		got, err := clients.first.TestMulti(background, want.ByteThing, want.I32Thing, want.I64Thing, sent.pairs, sent.enum, sent.user)
		if err := hold(got, &want, err); err != nil {
			return err
		}
	}
	return nil
}

func exception(clients *clients) error {
	call := clients.first.TestException
	if err := call(background, "Safe"); err != nil {
		return err
	}
	if err := thrown(call(background, "Xception"), &thrifttest.Xception{ErrorCode: 1001, Message: "Xception"}); err != nil {
		return err
	}
	var application thrift.TApplicationException
	if err := call(background, "TException"); !errors.As(err, &application) {
		return fmt.Errorf("want a TApplicationException, got %v", err)
	}
	return call(background, "success")
}

func multiException(clients *clients) error {
	call := clients.first.TestMultiException
	_, err := call(background, "Xception", "ignore")
	if err := thrown(err, &thrifttest.Xception{ErrorCode: 1001, Message: "This is an Xception"}); err != nil {
		return err
	}
	_, err = call(background, "Xception2", "ignore")
	thing := &thrifttest.Xtruct{StringThing: "This is an Xception2"}
	if err := thrown(err, &thrifttest.Xception2{ErrorCode: 2002, StructThing: thing}); err != nil {
		return err
	}
	got, err := call(background, "success", "foobar")
	return hold(got, &thrifttest.Xtruct{StringThing: "foobar"}, err)
}

func thrown[T error](got error, want T) error {
	var found T
	if !errors.As(got, &found) {
		return fmt.Errorf("want %+v, got %v", want, got)
	}
	return hold(found, want, nil)
}

func timed(clients *clients) error {
	begin := time.Now()
	if err := clients.first.TestOneway(background, 1); err != nil {
		return err
	}
	if spent := time.Since(begin); spent > oneway {
		return fmt.Errorf("testOneway took %v", spent)
	}
	// An answer to the oneway call would be taken for this one's.
	got, err := clients.first.TestI32(background, -1)
	return hold(got, -1, err)
}

func second(clients *clients) error {
	if err := clients.second.BlahBlah(background); err != nil {
		return err
	}
	got, err := clients.second.SecondtestString(background, "foobar")
	if err := hold(got, `testString("foobar")`, err); err != nil {
		return err
	}
	got, err = clients.first.TestString(background, "Python")
	return hold(got, "Python", err)
}
