package cases

import (
	"context"
	"fmt"
	"sync"
	"time"
)

var muxCases = []Case{
	{
		Name: "mux_many", Asserts: "100 calls at once on one connection: each gets its own answer",
		Holds: func(setting Setting) bool { return setting.Mux },
		Run: func(caller Caller) error {
			_, err := together(caller, 100, func(i int) int32 { return int32(i%10) * 2 })
			return err
		},
		Seen: func(setting Setting) []Entry {
			return sleeps(setting, 100, func(i int) int32 { return int32(i%10) * 2 })
		},
	},
	{
		Name: "mux_out_of_order", Asserts: "10 calls at once, the first the slowest: each gets its own answer, and the last comes first",
		Holds: func(setting Setting) bool { return setting.Mux && !setting.InOrder },
		Run: func(caller Caller) error {
			order, err := together(caller, 10, slowestFirst)
			if err == nil && !(order[0] > order[len(order)-1]) {
				err = describe("the quick ones overtook the slow ones", order)
			}
			return err
		},
		Seen: func(setting Setting) []Entry { return sleeps(setting, 10, slowestFirst) },
	},
}

func slowestFirst(i int) int32 { return int32(9-i) * 50 }

// together calls Sleep `count` times at once and gives the numbers of the calls in the order of their answers.
func together(caller Caller, count int, wait func(int) int32) ([]int, error) {
	var (
		all    sync.WaitGroup
		guard  sync.Mutex
		order  []int
		failed error
	)
	for i := range count {
		all.Go(func() {
			text := fmt.Sprint("call ", i)
			answer := caller.Call(context.Background(), 5*time.Second, "ControlSvc", "Sleep", wait(i), text)
			guard.Lock()
			defer guard.Unlock()
			order = append(order, i)
			if answer.Value != text {
				failed = describe(fmt.Sprintf("call %d got its answer", i), answer.Outcome)
			}
		})
	}
	all.Wait()
	return order, failed
}

func sleeps(setting Setting, count int, wait func(int) int32) []Entry {
	var entries []Entry
	for i := range count {
		step := Step{Service: "ControlSvc", Method: "Sleep", Args: []any{wait(i), fmt.Sprint("call ", i)}}
		entries = append(entries, step.entry(setting))
	}
	return entries
}
