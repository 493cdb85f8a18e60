package cases

import (
	"encoding/json"

	echosvc "kitexpeer/kitex_gen/echo"
)

// after is the call that shows that both sides go on.
var after = echo("EchoString", "after")

func named(setting Setting) bool { return setting.Named }

var failureCases = []Case{
	{
		Name: "exception", Asserts: "each declared exception arrives as that exception, with its fields; the method's value otherwise",
		Steps: always(
			fails("RichSvc", "Fail", exception("Oops", map[string]any{"reason": "oops", "code": json.Number("-7")}), "oops"),
			fails("RichSvc", "Fail", exception("Denied", map[string]any{"who": "denied"}), "denied"),
			fails("RichSvc", "Fail", exception("Refused", map[string]any{"why": "refused", "expires": json.Number("1099511627776")}), "refused"),
			call("RichSvc", "Fail", "fine", "fine"),
		),
	},
	{
		Name: "exception_void", Asserts: "the same for a method without a value",
		Steps: always(
			fails("RichSvc", "FailVoid", exception("Oops", map[string]any{"reason": "oops", "code": json.Number("-7")}), "oops"),
			fails("RichSvc", "FailVoid", exception("Denied", map[string]any{"who": "denied"}), "denied"),
			call("RichSvc", "FailVoid", nil, "fine"),
		),
	},
	{
		Name: "error", Asserts: "a handler's plain error arrives as code 6 with its text",
		Steps: always(
			fails("RichSvc", "Fail", refusal(6, "boom"), "error"),
			fails("RichSvc", "FailVoid", refusal(6, "boom"), "error"),
			after,
		),
	},
	{
		Name: "panic", Asserts: "a handler's panic arrives as code 6 and fails that call alone",
		Steps: always(fails("RichSvc", "Fail", refusal(6, "panic"), "panic"), after),
	},
	{
		Name: "status", Asserts: "a business status with extra; over Buffered, Framed and without the meta handlers an empty success",
		Steps: statusSteps,
	},
	{
		Name: "unknown_method", Asserts: "code 1 for a known service, code 20 where the service is not named; no handler runs",
		Steps: func(setting Setting) []Step {
			code := 20
			if setting.Named {
				code = 1
			}
			return []Step{unseen("NewerRichSvc", "Added", refusal(code, "Added"), "x"), after}
		},
	},
	{
		Name: "unknown_service", Asserts: "code 20; no handler runs",
		Steps: always(unseen("AbsentSvc", "Absent", refusal(20, "Absent"), "x"), after),
	},
}

func statusSteps(setting Setting) []Step {
	extra := map[string]string{"k": "v", "": "ü"}
	steps := []Step{
		fails("RichSvc", "Judge", status(404, "not found: ü", extra), int32(404), "not found: ü", extra),
		fails("RichSvc", "Judge", status(-1, "", nil), int32(-1), "", map[string]string{}),
		fails("RichSvc", "JudgeVoid", status(7, "seven", nil), int32(7), "seven"),
		after,
	}
	if !setting.Named || setting.Bare {
		steps[0].Want, steps[1].Want, steps[2].Want = emptySuccess("Judge"), emptySuccess("Judge"), void()
	}
	return steps
}

// emptySuccess is what the result struct without a field is to a Kitex caller.
func emptySuccess(method string) Outcome { return Value("RichSvc", method, "") }

func unseen(service, method string, want Outcome, args ...any) Step {
	step := fails(service, method, want, args...)
	step.Unseen = true
	return step
}

var routingCases = []Case{
	{
		Name: "routing", Asserts: "several services on one port, two with a method of one name: the named service is called",
		Holds: named,
		Steps: always(
			call("RichSvc", "Who", "rich:a", "a"),
			call("OtherSvc", "Who", "other:b", "b"),
			call("RichSvc", "Who", "rich:c", "c"),
			call("OtherSvc", "Hello", "hello, d", "d"),
			echoSvc("e"),
		),
	},
	{
		Name: "routing_unnamed", Asserts: "the same where the form does not carry the name: the fallback service, OtherSvc, gets what is in two",
		Holds: func(setting Setting) bool { return !setting.Named },
		Steps: func(setting Setting) []Step {
			misrouted := call("RichSvc", "Who", "other:a", "a")
			misrouted.SeenBy = "OtherSvc"
			return []Step{misrouted, call("OtherSvc", "Who", "other:b", "b"), echoSvc("e")}
		},
	},
}

func echoSvc(text string) Step {
	step := call("EchoSvc", "Echo", &echosvc.Resp{Msg: text}, &echosvc.Req{Msg: text})
	step.Echoed = true
	return step
}
