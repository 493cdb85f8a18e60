package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"thrifttestpeer/gen/thrifttest"
)

// echo calls a row's method, the row's first word, with each value.
func echo(row row) func(*clients) error {
	method, _, _ := strings.Cut(row.name, " ")
	return func(clients *clients) error {
		for _, value := range row.values {
			if err := echoOne(clients.first, method, value); err != nil {
				return fmt.Errorf("%.100s: %.800w", value, err)
			}
		}
		return nil
	}
}

func echoOne(client *thrifttest.ThriftTestClient, method string, value json.RawMessage) error {
	switch method {
	case "testString":
		return same(value, client.TestString)
	case "testBool":
		return same(value, client.TestBool)
	case "testByte":
		return same(value, client.TestByte)
	case "testI32":
		return same(value, client.TestI32)
	case "testI64":
		return same(value, client.TestI64)
	case "testDouble":
		return echoDouble(client, value)
	case "testBinary":
		return echoBinary(client, value)
	case "testStruct":
		return same(value, client.TestStruct)
	case "testNest":
		return same(value, client.TestNest)
	case "testMap":
		return echoMap(value, client.TestMap)
	case "testStringMap":
		return echoMap(value, client.TestStringMap)
	case "testSet":
		return echoSet(client, value)
	case "testList":
		return same(value, client.TestList)
	case "testEnum":
		var number int32
		if err := json.Unmarshal(value, &number); err != nil {
			return err
		}
		got, err := client.TestEnum(background, thrifttest.Numberz(number))
		return hold(got, thrifttest.Numberz(number), err)
	case "testTypedef":
		return same(value, client.TestTypedef)
	}
	return fmt.Errorf("no method %s", method)
}

// same reads a value as the method's argument, and holds the answer against it.
func same[T any](value json.RawMessage, call func(context.Context, T) (T, error)) error {
	var sent T
	if err := json.Unmarshal(value, &sent); err != nil {
		return err
	}
	got, err := call(background, sent)
	return hold(got, sent, err)
}

func hold[T any](got, want T, err error) error {
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("want %+v, got %+v", want, got)
	}
	return nil
}

func echoDouble(client *thrifttest.ThriftTestClient, value json.RawMessage) error {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return err
	}
	sent, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return err
	}
	got, err := client.TestDouble(background, sent)
	if err == nil && math.IsNaN(sent) && math.IsNaN(got) {
		// In JSON a NaN has no bits.
		return nil
	}
	return hold(math.Float64bits(got), math.Float64bits(sent), err)
}

// echoBinary sends as many bytes, each of which tells its place.
func echoBinary(client *thrifttest.ThriftTestClient, value json.RawMessage) error {
	var length int
	if err := json.Unmarshal(value, &length); err != nil {
		return err
	}
	sent := make([]byte, length)
	for at := range sent {
		sent[at] = byte(at + at/256)
	}
	got, err := client.TestBinary(background, sent)
	if err == nil && !slices.Equal(got, sent) {
		return fmt.Errorf("other bytes came back, %d of them", len(got))
	}
	return err
}

func echoMap[T comparable](value json.RawMessage, call func(context.Context, map[T]T) (map[T]T, error)) error {
	var pairs [][2]T
	if err := json.Unmarshal(value, &pairs); err != nil {
		return err
	}
	sent := make(map[T]T)
	for _, pair := range pairs {
		sent[pair[0]] = pair[1]
	}
	got, err := call(background, sent)
	return hold(got, sent, err)
}

// echoSet takes any order.
func echoSet(client *thrifttest.ThriftTestClient, value json.RawMessage) error {
	sent := []int32{}
	if err := json.Unmarshal(value, &sent); err != nil {
		return err
	}
	got, err := client.TestSet(background, sent)
	slices.Sort(sent)
	slices.Sort(got)
	return hold(got, sent, err)
}
