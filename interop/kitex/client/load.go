package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwego/kitex/pkg/kerrors"

	"kitexpeer/kitex_gen/control/controlsvc"
	"kitexpeer/peer"
)

// refused is a call that did not end in its answer.
type refused struct {
	ID int64 `json:"id"`
	// Safe: the error says that the server cannot have seen the request.
	Safe  bool   `json:"safe"`
	Error string `json:"error"`
}

// load is what became of the calls.
type load struct {
	guard    sync.Mutex
	Answered []int64   `json:"answered"`
	Failed   []refused `json:"failed"`
	// Abandoned are calls that were under way when this side stopped.
	Abandoned []int64 `json:"abandoned"`
	underWay  map[int64]bool
	stopped   bool
}

// runLoad calls Work from many callers at once; each stops when it finds nobody to connect to.
func runLoad(f flags) {
	client := must(controlsvc.NewClient("interop.server", peer.ClientOptions(dialOf(f))...))
	l := &load{Answered: []int64{}, Failed: []refused{}, Abandoned: []int64{}, underWay: map[int64]bool{}}
	var callers, warm sync.WaitGroup
	var ids atomic.Int64
	end := time.Now().Add(milliseconds(f.limit))
	warm.Add(f.callers)
	for range f.callers {
		callers.Go(func() {
			more := l.call(client, ids.Add(1))
			warm.Done()
			for more && time.Now().Before(end) {
				more = l.call(client, ids.Add(1))
			}
		})
	}
	warm.Wait()
	fmt.Println("loading")
	if f.abandon > 0 {
		time.Sleep(milliseconds(f.abandon))
		l.stop()
	}
	callers.Wait()
	l.finish()
}

// call makes one call and says whether to go on.
func (l *load) call(client controlsvc.Client, id int64) bool {
	l.guard.Lock()
	l.underWay[id] = true
	l.guard.Unlock()
	got, err := client.Work(context.Background(), id, int32(id%8))
	l.guard.Lock()
	defer l.guard.Unlock()
	if l.stopped {
		return false
	}
	delete(l.underWay, id)
	if err == nil && got == id {
		l.Answered = append(l.Answered, id)
		return true
	}
	if err == nil {
		err = fmt.Errorf("call %d got the answer of call %d", id, got)
	}
	nobody := errors.Is(err, kerrors.ErrGetConnection)
	l.Failed = append(l.Failed, refused{ID: id, Safe: nobody, Error: err.Error()})
	return !nobody
}

// stop ends the program with calls under way, as a crash would.
func (l *load) stop() {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.stopped = true
	for id := range l.underWay {
		l.Abandoned = append(l.Abandoned, id)
	}
	printLine(l)
	os.Exit(0)
}

func (l *load) finish() {
	l.guard.Lock()
	defer l.guard.Unlock()
	printLine(l)
}
