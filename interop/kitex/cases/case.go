// Package cases says what is called, what the caller must get, and what the handlers must see.
package cases

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cloudwego/kitex/pkg/serviceinfo"

	"kitexpeer/canon"
	"kitexpeer/kitex_gen/control/controlsvc"
	"kitexpeer/kitex_gen/echo/echosvc"
	"kitexpeer/kitex_gen/echo/othersvc"
	"kitexpeer/kitex_gen/newer/absentsvc"
	newerrich "kitexpeer/kitex_gen/newer/richsvc"
	"kitexpeer/kitex_gen/rich/richsvc"
)

// Setting is how the two programs talk.
type Setting struct {
	// Form is what the messages look like: buffered, framed, ttheader, ttheader-framed.
	Form string
	// Mux is set when many calls share a connection.
	Mux bool
	// Named is set when requests say their service: TTHeader with the client's meta handler on.
	Named bool
	// Bare is set when the server is a Kitex one without its meta handler: it sends no business status.
	Bare bool
	// CRC32C is set when both sides write and check a checksum.
	CRC32C bool
	// Tamper is set when one side writes wrong checksums and the other checks them.
	Tamper bool
	// InOrder is set when the server answers the calls of a connection one after the other.
	InOrder bool
	// Relayed is set when there is a server behind the server.
	Relayed bool
	// Retrying is set when that server makes calls again that fail.
	Retrying bool
}

// Answer is what one call came to.
type Answer struct {
	Outcome Outcome
	// Value is what the generated client returned, nil after a failure and for a method without a value.
	Value any
	// Backward are the metadata that came with the answer.
	Backward map[string]string
}

// Caller is a client program.
type Caller interface {
	Setting() Setting
	// Call calls within the client's own time limit, or within `limit` if it is above zero.
	Call(ctx context.Context, limit time.Duration, service, method string, args ...any) Answer
}

// Step is one call of a case.
type Step struct {
	Service, Method string
	Args            []any
	Want            Outcome
	// Echoed: the answer carries the arguments, so the server's log need not repeat them.
	Echoed bool
	// Unseen: no handler runs.
	Unseen bool
	// SeenBy is the service whose handler runs, where it is not the one that was called.
	SeenBy string
}

// Outcome is how a call ended, as JSON with one key: value, void, exception, status, error, timeout or failed.
// In an expected error, `text` is a part of what comes.
type Outcome map[string]any

// Entry is a line of a handlers' log: service, method, args, form and, where there are some, crc32c and sight.
type Entry map[string]any

// Case is one row of the table.
type Case struct {
	Name    string
	Asserts string
	// Holds tells the settings the case is meant for; nil means all.
	Holds func(Setting) bool
	// Steps are the calls of a case that is a list of calls.
	Steps func(Setting) []Step
	// Run is the case that is more than a list of calls. Seen are then the log's entries, and
	// Next those of the second server's log.
	Run  func(Caller) error
	Seen func(Setting) []Entry
	Next func(Setting) []Entry
}

var services = map[string]*serviceinfo.ServiceInfo{
	"RichSvc":      richsvc.NewServiceInfo(),
	"EchoSvc":      echosvc.NewServiceInfo(),
	"OtherSvc":     othersvc.NewServiceInfo(),
	"ControlSvc":   controlsvc.NewServiceInfo(),
	"NewerRichSvc": newerrich.NewServiceInfo(),
	"AbsentSvc":    absentsvc.NewServiceInfo(),
}

// For gives the cases of a setting.
func For(setting Setting) []Case {
	var chosen []Case
	lists := [][]Case{typeCases, methodCases, failureCases, routingCases, headerCases, muxCases}
	switch {
	case setting.Tamper:
		lists = [][]Case{tamperCases}
	case setting.Retrying:
		lists = [][]Case{retryCases}
	}
	for _, c := range slices.Concat(lists...) {
		if c.Holds == nil || c.Holds(setting) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// Expected gives the entries that the case leaves in the handlers' log.
func (c Case) Expected(setting Setting) []Entry {
	if c.Steps == nil {
		return c.Seen(setting)
	}
	entries := []Entry{}
	for _, step := range c.Steps(setting) {
		if !step.Unseen {
			entries = append(entries, step.entry(setting))
		}
	}
	return entries
}

func (s Step) entry(setting Setting) Entry {
	service := s.Service
	if s.SeenBy != "" {
		service = s.SeenBy
	}
	entry := seen(setting, service, s.Method, s.Arguments())
	if s.Echoed {
		entry["echoed"] = true
	}
	return entry
}

func seen(setting Setting, service, method string, args map[string]any) Entry {
	entry := Entry{"service": service, "method": method, "args": args, "form": setting.Form}
	if setting.CRC32C {
		entry["crc32c"] = true
	}
	return entry
}

// Arguments gives the canonical form of the step's arguments.
func (s Step) Arguments() map[string]any {
	args := services[s.Service].Methods[s.Method].NewArgs()
	v := reflect.ValueOf(args).Elem()
	for i, arg := range s.Args {
		v.Field(i).Set(reflect.ValueOf(arg))
	}
	return canon.Struct(args)
}

// Value is the outcome of a method that returned `value`.
func Value(service, method string, value any) Outcome {
	result := reflect.TypeOf(services[service].Methods[method].NewResult()).Elem()
	success, _ := result.FieldByName("Success")
	kind := strings.SplitN(success.Tag.Get("frugal"), ",", 3)[2]
	return Outcome{"value": canon.As(value, kind)}
}

func void() Outcome { return Outcome{"void": true} }

func exception(name string, fields map[string]any) Outcome {
	return Outcome{"exception": name, "fields": fields}
}

func status(code int, message string, extra map[string]string) Outcome {
	return Outcome{"status": map[string]any{"code": code, "message": message, "extra": extra}}
}

func refusal(code int, text string) Outcome {
	return Outcome{"error": map[string]any{"code": code, "text": text}}
}

// call is a step whose handler answers with a value or, where `want` is nil, with none.
func call(service, method string, want any, args ...any) Step {
	step := Step{Service: service, Method: method, Args: args, Want: void()}
	if want != nil {
		step.Want = Value(service, method, want)
	}
	return step
}

// echo is a step whose handler answers with its only argument.
func echo(method string, value any) Step {
	step := call("RichSvc", method, value, value)
	step.Echoed = true
	return step
}

// fails is a step that ends in something else than an answer.
func fails(service, method string, want Outcome, args ...any) Step {
	return Step{Service: service, Method: method, Args: args, Want: want}
}

// describe says what failed in a case that is more than a list of calls.
func describe(what string, got any) error {
	return fmt.Errorf("%s, not %s", what, canon.Text(got))
}

// always makes a case's steps out of a list that does not depend on the setting.
func always(steps ...Step) func(Setting) []Step {
	return func(Setting) []Step { return steps }
}
