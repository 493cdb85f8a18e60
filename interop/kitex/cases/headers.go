package cases

import (
	"context"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"

	"kitexpeer/canon"
	"kitexpeer/kitex_gen/control"
)

// CallerName is the name the client programs go by.
const CallerName = "interop.client"

// asked is the time limit of the calls whose limit is looked at.
const asked = 1500 * time.Millisecond

// What the client sends along in the metadata cases.
var (
	transient  = map[string]string{"TK": "t v"}
	persistent = map[string]string{"PK": "p v", "lower-case": "ü"}
)

var headerCases = []Case{
	{
		Name: "metadata", Asserts: "transient and persistent values and the caller's name reach the handler, a backward value comes back; the next call has none of them",
		Holds: named,
		Run:   metadataOneHop,
		Seen: func(setting Setting) []Entry {
			first := hop(setting, 0, map[string]any{
				"transients": transient, "persistents": persistent, "caller": CallerName,
			})
			second := hop(setting, 0, map[string]any{"transients": nothing, "persistents": nothing})
			return []Entry{first, second}
		},
	},
	{
		Name: "deadline_sent", Asserts: "the call's time limit reaches the handler (key 12)",
		Holds: named,
		Run: func(caller Caller) error {
			return oneSight(caller.Call(context.Background(), asked, "ControlSvc", "Hop", int32(0)), withinAsked)
		},
		Seen: func(setting Setting) []Entry { return []Entry{hop(setting, 0, map[string]any{})} },
	},
	{
		Name: "deadline_passes", Asserts: "a call that takes longer than its limit ends at the limit, and the next one is answered",
		Run: deadlinePasses,
		Seen: func(setting Setting) []Entry {
			sleep := Step{Service: "ControlSvc", Method: "Sleep", Args: []any{int32(1000), "late"}}
			return []Entry{sleep.entry(setting), after.entry(setting)}
		},
	},
	{
		Name: "metadata_relayed", Asserts: "over two hops: transient values go one hop, persistent ones on, each hop's backward value one hop back",
		Holds: func(setting Setting) bool { return setting.Relayed },
		Run:   metadataTwoHops,
		Seen: func(setting Setting) []Entry {
			return []Entry{hop(setting, 1, map[string]any{"transients": transient, "persistents": persistent})}
		},
		Next: func(setting Setting) []Entry {
			return []Entry{hop(setting, 0, map[string]any{"transients": middleTransient, "persistents": middlePersistent})}
		},
	},
	{
		Name: "deadline_relayed", Asserts: "the second server is told a limit that is not above the first one's (where the first is not Kitex, which sends none on)",
		Holds: func(setting Setting) bool { return setting.Relayed },
		Run:   deadlineTwoHops,
		Seen:  func(setting Setting) []Entry { return []Entry{hop(setting, 1, map[string]any{})} },
		Next:  func(setting Setting) []Entry { return []Entry{hop(setting, 0, map[string]any{})} },
	},
}

var nothing = map[string]string{}

// What a server named `middle` adds to the call it makes from Hop.
var (
	middleTransient  = map[string]string{"T_middle": "1"}
	middlePersistent = map[string]string{"PK": "p v", "lower-case": "ü", "P_middle": "1"}
)

func hop(setting Setting, further int, sight map[string]any) Entry {
	step := Step{Service: "ControlSvc", Method: "Hop", Args: []any{int32(further)}}
	entry := step.entry(setting)
	entry["sight"] = sight
	return entry
}

func withMetadata() context.Context {
	ctx := context.Background()
	for k, v := range transient {
		ctx = metainfo.WithValue(ctx, k, v)
	}
	for k, v := range persistent {
		ctx = metainfo.WithPersistentValue(ctx, k, v)
	}
	return ctx
}

func metadataOneHop(caller Caller) error {
	answer := caller.Call(withMetadata(), 0, "ControlSvc", "Hop", int32(0))
	err := oneSight(answer, func(sight *control.Sight) error {
		if !same(sight.Transients, transient) || !same(sight.Persistents, persistent) || sight.Caller != CallerName {
			return describe("the handler saw what was sent", sight)
		}
		if answer.Backward["B_"+sight.Node] != "1" {
			return describe("B_"+sight.Node+"=1 came back", answer.Backward)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return oneSight(caller.Call(context.Background(), 0, "ControlSvc", "Hop", int32(0)), func(sight *control.Sight) error {
		if len(sight.Transients)+len(sight.Persistents) > 0 {
			return describe("the second call had no metadata", sight)
		}
		return nil
	})
}

func metadataTwoHops(caller Caller) error {
	answer := caller.Call(withMetadata(), 0, "ControlSvc", "Hop", int32(1))
	trail, err := sights(answer, 2)
	if err != nil {
		return err
	}
	near, far := trail.Sights[0], trail.Sights[1]
	if !same(near.Transients, transient) || !same(near.Persistents, persistent) {
		return describe("the first handler saw what was sent", near)
	}
	if !same(far.Transients, middleTransient) || !same(far.Persistents, middlePersistent) {
		return describe("the second handler saw the persistent values and the first server's", far)
	}
	if trail.Backward["B_"+far.Node] != "1" {
		return describe("the first server got B_"+far.Node+"=1 back", trail.Backward)
	}
	if answer.Backward["B_"+near.Node] != "1" || answer.Backward["B_"+far.Node] != "" {
		return describe("B_"+near.Node+"=1 alone came back", answer.Backward)
	}
	return nil
}

func deadlineTwoHops(caller Caller) error {
	trail, err := sights(caller.Call(context.Background(), asked, "ControlSvc", "Hop", int32(1)), 2)
	if err != nil {
		return err
	}
	near, far := trail.Sights[0], trail.Sights[1]
	if err := withinAsked(near); err != nil {
		return err
	}
	if far.TimeoutMs <= 0 || far.TimeoutMs > near.TimeoutMs {
		return describe("the second handler's limit was above 0 and not above the first one's", trail.Sights)
	}
	return nil
}

func deadlinePasses(caller Caller) error {
	began := time.Now()
	answer := caller.Call(context.Background(), 200*time.Millisecond, "ControlSvc", "Sleep", int32(1000), "late")
	took := time.Since(began)
	if answer.Outcome["timeout"] != true {
		return describe("the call timed out", answer.Outcome)
	}
	if took < 150*time.Millisecond || took > 700*time.Millisecond {
		return describe("it timed out after 200 ms", took.String())
	}
	answer = caller.Call(context.Background(), 0, "RichSvc", "EchoString", "after")
	if answer.Value != "after" {
		return describe("the next call was answered", answer.Outcome)
	}
	return nil
}

func withinAsked(sight *control.Sight) error {
	if sight.TimeoutMs <= asked.Milliseconds()-500 || sight.TimeoutMs > asked.Milliseconds() {
		return describe("the handler was told a limit of 1001 to 1500 ms", sight.TimeoutMs)
	}
	return nil
}

func oneSight(answer Answer, check func(*control.Sight) error) error {
	trail, err := sights(answer, 1)
	if err != nil {
		return err
	}
	return check(trail.Sights[0])
}

func sights(answer Answer, count int) (*control.Trail, error) {
	trail, _ := answer.Value.(*control.Trail)
	if trail == nil || len(trail.Sights) != count {
		return nil, describe("every server reported", answer.Outcome)
	}
	return trail, nil
}

func same(a, b map[string]string) bool { return canon.Text(a) == canon.Text(b) }

type tampered struct{}

// Tampered says whether this call's checksum is to be wrong.
func Tampered(ctx context.Context) bool { return ctx.Value(tampered{}) != nil }

var tamperCases = []Case{
	{
		Name: "crc_wrong_request", Asserts: "a request whose CRC-32C is wrong fails, no handler sees it, and the next call is answered",
		Run: func(caller Caller) error {
			ctx := context.WithValue(context.Background(), tampered{}, true)
			return failedThenGood(caller, caller.Call(ctx, 2*time.Second, "RichSvc", "EchoString", "wrong"))
		},
		Seen: func(setting Setting) []Entry { return []Entry{goodAfter.entry(setting)} },
	},
	{
		Name: "crc_wrong_answer", Asserts: "an answer whose CRC-32C is wrong fails the call, and the next one is answered",
		Run: func(caller Caller) error {
			return failedThenGood(caller, caller.Call(context.Background(), 2*time.Second, "RichSvc", "EchoString", "tamper"))
		},
		Seen: func(setting Setting) []Entry {
			return []Entry{echo("EchoString", "tamper").entry(setting), goodAfter.entry(setting)}
		},
	},
}

var goodAfter = call("OtherSvc", "Hello", "hello, after", "after")

func failedThenGood(caller Caller, answer Answer) error {
	if answer.Outcome["failed"] == nil {
		return describe("the call failed on this side", answer.Outcome)
	}
	answer = caller.Call(context.Background(), 0, "OtherSvc", "Hello", "after")
	if answer.Value != "hello, after" {
		return describe("the next call was answered", answer.Outcome)
	}
	return nil
}
