// Command client is a Kitex client that runs the cases against a server and checks what comes back.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/cloudwego/kitex/pkg/klog"

	"kitexpeer/cases"
	"kitexpeer/peer"
)

type flags struct {
	address     string
	transport   string
	names       string
	meta        bool
	crc32c      bool
	tamper      bool
	bare        bool
	inOrder     bool
	relayed     bool
	retrying    bool
	connections int
	timeout     int
	plan        bool
	load        bool
	callers     int
	limit       int
	abandon     int
}

func parse() flags {
	var f flags
	flag.StringVar(&f.address, "addr", "", "the server's address")
	flag.StringVar(&f.transport, "transport", "ttheader-framed", "buffered, framed, ttheader, ttheader-framed or mux")
	flag.StringVar(&f.names, "case", "all", "names of cases, separated by commas")
	flag.BoolVar(&f.meta, "meta", false, "install the TTHeader meta handlers")
	flag.BoolVar(&f.crc32c, "crc", false, "write and check CRC-32C checksums")
	flag.BoolVar(&f.tamper, "tamper", false, "the cases with wrong checksums, against a server with -tamper")
	flag.BoolVar(&f.bare, "bare", false, "the server has no meta handlers")
	flag.BoolVar(&f.inOrder, "in-order", false, "the server answers the calls of a connection one after the other")
	flag.BoolVar(&f.relayed, "relayed", false, "the server has another one behind it")
	flag.BoolVar(&f.retrying, "retrying", false, "the cases for a server that makes calls again of the one behind it")
	flag.IntVar(&f.connections, "connections", 1, "connections under mux")
	flag.IntVar(&f.timeout, "timeout", 10000, "limit of every call, in milliseconds")
	flag.BoolVar(&f.plan, "plan", false, "print what the cases call and expect, and stop")
	flag.BoolVar(&f.load, "load", false, "call Work without pause until the server is gone")
	flag.IntVar(&f.callers, "callers", 16, "callers under -load")
	flag.IntVar(&f.limit, "limit", 10000, "end of -load, in milliseconds")
	flag.IntVar(&f.abandon, "abandon", 0, "under -load, stop with calls under way, so many milliseconds after \"loading\"")
	flag.Parse()
	if peer.Transports[f.transport] == "" {
		log.Fatalf("transport %q: buffered, framed, ttheader, ttheader-framed or mux", f.transport)
	}
	return f
}

func (f flags) setting() cases.Setting {
	form := peer.Transports[f.transport]
	return cases.Setting{
		Form:     form,
		Mux:      f.transport == "mux",
		Named:    f.meta && strings.HasPrefix(form, "ttheader"),
		CRC32C:   f.crc32c,
		Tamper:   f.tamper,
		Bare:     f.bare,
		InOrder:  f.inOrder,
		Relayed:  f.relayed,
		Retrying: f.retrying,
	}
}

func main() {
	f := parse()
	klog.SetOutput(os.Stderr)
	switch {
	case f.plan:
		printPlan(chosen(f), f.setting())
	case f.load:
		runLoad(f)
	default:
		if !runCases(newSession(f), chosen(f)) {
			os.Exit(1)
		}
	}
}

func chosen(f flags) []cases.Case {
	all := cases.For(f.setting())
	if f.names == "all" {
		return all
	}
	var some []cases.Case
	for _, name := range strings.Split(f.names, ",") {
		found := false
		for _, c := range all {
			if c.Name == name {
				some, found = append(some, c), true
			}
		}
		if !found {
			log.Fatalf("case %q is none of this setting's", name)
		}
	}
	return some
}

func printLine(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		log.Fatalf("print %T: %v", value, err)
	}
	fmt.Println(string(line))
}
