package cases

import (
	"context"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/retry"
)

// The time limit of each attempt of a caller that retries.
const attempt = 400 * time.Millisecond

// Range is an expected number of a sight: above one bound, and at most another.
type Range struct {
	Above int64 `json:"above"`
	Most  int64 `json:"most"`
}

type retryKey struct{}

// RetryPolicy gives the policy that a call of this context is to be retried by, if there is one.
func RetryPolicy(ctx context.Context) (retry.Policy, bool) {
	policy, has := ctx.Value(retryKey{}).(retry.Policy)
	return policy, has
}

// retryCases are for two hops whose middle makes calls again that have no answer after 150 ms, two times at most.
var retryCases = []Case{
	{
		Name: "retry_seen", Asserts: "a call that is made again has RPC_PERSIST_RetryReq, with its number, and the first attempt has not",
		Run: func(caller Caller) error {
			ctx := withRetry(stalled("retry_seen", "STALL_middle", "first"), retry.BuildFailurePolicy(once()))
			_, err := sights(caller.Call(ctx, attempt, "ControlSvc", "Hop", int32(0)), 1)
			return err
		},
		Seen: func(setting Setting) []Entry {
			sent := pairs("retry_seen", "STALL_middle", "first")
			return []Entry{hop(setting, 0, seenWith(sent)), hop(setting, 0, seenWith(sent, again...))}
		},
	},
	{
		Name: "retry_relayed", Asserts: "a server makes its own call again on behalf of one that is no retry",
		Run: func(caller Caller) error {
			ctx := stalled("retry_relayed", "STALL_far", "first")
			_, err := sights(caller.Call(ctx, 0, "ControlSvc", "Hop", int32(1)), 2)
			return err
		},
		Seen: func(setting Setting) []Entry {
			return []Entry{hop(setting, 1, seenWith(pairs("retry_relayed", "STALL_far", "first")))}
		},
		Next: func(setting Setting) []Entry {
			sent := pairs("retry_relayed", "STALL_far", "first", "P_middle", "1")
			return []Entry{hop(setting, 0, seenWith(sent)), hop(setting, 0, seenWith(sent, again...))}
		},
	},
	chainStop("chain_stop", "failure retry", retry.BuildFailurePolicy(once())),
	chainStop("chain_stop_backup", "backup request", retry.BuildBackupRequest(retry.NewBackupPolicy(100))),
	{
		Name: "deadline_each_attempt", Asserts: "a Kitex client gives each attempt the whole time limit",
		Run: func(caller Caller) error {
			ctx := withRetry(stalled("deadline_each_attempt", "STALL_middle", "always"), retry.BuildFailurePolicy(retry.NewFailurePolicy()))
			return timedOut(caller.Call(ctx, 300*time.Millisecond, "ControlSvc", "Hop", int32(0)))
		},
		Seen: func(setting Setting) []Entry {
			return attempts(setting, pairs("deadline_each_attempt", "STALL_middle", "always"), Range{250, 300}, Range{250, 300}, Range{250, 300})
		},
	},
	{
		// Kitex has no such limit: this one is for other clients.
		Name: "deadline_over_attempts", Asserts: "all attempts have one time limit: each is told what is left of it",
		Run: func(Caller) error { return describe("a client with one limit over all attempts", "Kitex's") },
		Seen: func(setting Setting) []Entry {
			return attempts(setting, pairs("deadline_over_attempts", "STALL_middle", "always"), Range{200, 300}, Range{200, 300}, Range{0, 100})
		},
	},
	{
		Name: "deadline_over_attempts_relayed", Asserts: "the limit of a call bounds all attempts that are made on its behalf",
		Run: func(caller Caller) error {
			ctx := stalled("deadline_over_attempts_relayed", "STALL_far", "always")
			answer := caller.Call(ctx, attempt, "ControlSvc", "Hop", int32(1))
			if answer.Outcome["timeout"] != true && answer.Outcome["error"] == nil {
				return describe("the call timed out, or was told so a little earlier", answer.Outcome)
			}
			return nil
		},
		Seen: func(setting Setting) []Entry {
			return []Entry{hop(setting, 1, seenWith(pairs("deadline_over_attempts_relayed", "STALL_far", "always")))}
		},
		Next: func(setting Setting) []Entry {
			sent := pairs("deadline_over_attempts_relayed", "STALL_far", "always", "P_middle", "1")
			return attempts(setting, sent, Range{100, 150}, Range{100, 150}, Range{0, 100})
		},
	},
}

// again is what a first retry adds to what was sent.
var again = []string{retry.TransitKey, "1"}

// chainStop is the case of a server whose own call fails on behalf of one that is itself a retry: it makes that one once.
func chainStop(name, by string, policy retry.Policy) Case {
	sent := pairs(name, "STALL_middle", "first", "STALL_far", "retry")
	return Case{
		Name: name, Asserts: "a server that is called again by " + by + " does not make its own call again",
		Run: func(caller Caller) error {
			ctx := withRetry(stalled(name, "STALL_middle", "first", "STALL_far", "retry"), policy)
			answer := caller.Call(ctx, attempt, "ControlSvc", "Hop", int32(1))
			if answer.Outcome["value"] != nil {
				return describe("the call failed, since the second server did not answer", answer.Outcome)
			}
			return nil
		},
		Seen: func(setting Setting) []Entry {
			return []Entry{hop(setting, 1, seenWith(sent)), hop(setting, 1, seenWith(sent, again...))}
		},
		Next: func(setting Setting) []Entry {
			return []Entry{hop(setting, 0, seenWith(sent, append([]string{"P_middle", "1"}, again...)...))}
		},
	}
}

// once is Kitex's failure policy with one retry in place of two.
func once() *retry.FailurePolicy {
	policy := retry.NewFailurePolicy()
	policy.WithMaxRetryTimes(1)
	return policy
}

func withRetry(ctx context.Context, policy retry.Policy) context.Context {
	return context.WithValue(ctx, retryKey{}, policy)
}

// pairs are the persistent values of a case: its name, by which its entries are known, and keys with their values.
func pairs(name string, more ...string) map[string]string {
	values := map[string]string{"CASE": name}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// stalled has a node's Hop wait for a second before it answers, and not go on: STALL_<node> is first, retry or always.
func stalled(name string, more ...string) context.Context {
	ctx := context.Background()
	for k, v := range pairs(name, more...) {
		ctx = metainfo.WithPersistentValue(ctx, k, v)
	}
	return ctx
}

// seenWith is a sight with these persistent values and some more.
func seenWith(sent map[string]string, more ...string) map[string]any {
	all := map[string]string{}
	for k, v := range sent {
		all[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return map[string]any{"persistents": all}
}

// attempts are the entries of attempts without an answer, with the time limits that they are told.
func attempts(setting Setting, sent map[string]string, limits ...Range) []Entry {
	var entries []Entry
	for i, limit := range limits {
		sight := seenWith(sent)
		if i > 0 {
			sight = seenWith(sent, retry.TransitKey, string(rune('0'+i)))
		}
		sight["timeout_ms"] = limit
		entries = append(entries, hop(setting, 0, sight))
	}
	return entries
}

func timedOut(answer Answer) error {
	if answer.Outcome["timeout"] != true {
		return describe("the call timed out", answer.Outcome)
	}
	return nil
}
