//! Requests to services, and their outcomes to the engine.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kitex_core::{CallId, Execution, Method, ServerRequest};

use super::{Driver, Step};
use crate::Io;
use crate::server::calls::{Call, Calls, Finished, has_threads};

/// Calls and time after which what is owed so far is written before the next request is taken.
const BATCH: (u32, Duration) = (64, Duration::from_micros(100));

impl<S: Io> Driver<S> {
    /// Answers the calls that have ended, until a batch is full.
    pub(super) fn finish_calls(&mut self, now: Instant, task: &mut Context<'_>) -> Step {
        self.unpolled = false;
        if let Some(call) = &mut self.serial {
            let (polled, took) = call.poll(task, Instant::now());
            let (id, method) = (call.id, call.method.clone());
            self.note_poll(&method, took);
            if let Poll::Ready(outcome) = polled {
                self.serial = None;
                self.engine.reply(now, id, outcome);
            }
        }
        let mut spent = Duration::ZERO;
        while let Some(calls) = &mut self.calls {
            let Poll::Ready(Finished { id, method, outcome, longest }) = calls.poll_finished(task) else {
                break;
            };
            // Where calls have tasks of their own, this one has spent no time on them.
            spent += if calls.run_here() { longest } else { Duration::ZERO };
            self.note_poll(&method, longest);
            self.engine.reply(now, id, outcome);
            if spent >= BATCH.1 {
                return Step::Progress;
            }
        }
        if self.calls.as_ref().is_some_and(|calls| calls.is_empty()) {
            self.calls = None;
        }
        Step::Wait
    }

    /// Takes requests from the input and calls their services, until a batch is full.
    pub(super) fn take_requests(&mut self, now: Instant, task: &mut Context<'_>) -> Step {
        if self.input.is_empty() || !self.may_take() {
            return Step::Wait;
        }
        let begin = Instant::now();
        let mut at = begin;
        for _ in 0..BATCH.0 {
            match self.engine.handle_input(now, &mut self.input) {
                Ok(Some(request)) => at = self.start(now, at, request, task),
                Ok(None) => return self.after_requests(),
                Err(error) => {
                    self.complain(&error);
                    return self.after_requests();
                }
            }
            if at.saturating_duration_since(begin) >= BATCH.1 {
                break;
            }
        }
        Step::Progress
    }

    /// A call that was put beside others is to be polled among them before the task may wait.
    fn after_requests(&self) -> Step {
        if self.unpolled { Step::Progress } else { Step::Wait }
    }

    /// Calls a service and polls the call once, there and then; gives the time after it.
    fn start(&mut self, now: Instant, at: Instant, taken: ServerRequest, task: &mut Context<'_>) -> Instant {
        let ServerRequest { id, target, concurrent, execution, mut request } = taken;
        request.context.set_taken_up(at);
        let method = request.method.clone();
        let Some(service) = self.counted.0.router.service(target) else { return at };
        let execution = self.execution(&method, execution);
        let mut call = Call::begin(id, method, || service.call(request));
        match execution {
            Execution::Blocking => call = call.blocking(),
            Execution::Spawn => {
                // A lone task waits for this thread. One more makes the runtime wake another, which then looks after
                // the sockets while this one is kept.
                task.waker().wake_by_ref();
                if concurrent {
                    self.put_beside(call, execution);
                    return at;
                }
                call = call.apart();
            }
            _ => {}
        }
        let (polled, took) = call.poll(task, at);
        self.note_poll(&call.method, took);
        match polled {
            Poll::Ready(outcome) => self.engine.reply(now, id, outcome),
            Poll::Pending if concurrent => self.put_beside(call, execution),
            Poll::Pending => self.serial = Some(call),
        }
        at + took
    }

    /// Where a call runs: where it was asked for, or by what is known of its method.
    fn execution(&self, method: &Method, asked: Execution) -> Execution {
        match asked {
            Execution::Auto if self.shared().slow_methods.has(method) && has_threads() => Execution::Spawn,
            asked => asked,
        }
    }

    fn put_beside(&mut self, call: Call, execution: Execution) {
        let calls = self.calls.get_or_insert_with(|| Box::new(Calls::new()));
        match execution {
            Execution::Inline => calls.push_here(call),
            _ => calls.push(call),
        }
        self.unpolled = true;
    }

    /// Once the peer sends no more and what it has sent is taken, nobody waits for answers.
    pub(super) fn end_input(&mut self) -> Step {
        if !self.eof {
            return Step::Wait;
        }
        let waited = self.serial.is_some();
        self.forget_waiting();
        match (waited, self.serial.is_some()) {
            // Requests that came whole behind the one that was given up are served still.
            (true, false) => Step::Progress,
            (_, true) => Step::Wait,
            (false, false) => {
                self.engine.handle_eof();
                Step::Wait
            }
        }
    }

    /// Drops the calls that the peer, which is gone, has waited for.
    pub(super) fn forget_waiting(&mut self) {
        self.info.set_closed();
        if let Some(call) = self.serial.take_if(|call| !call.method.is_oneway()) {
            self.engine.cancel(call.id);
        }
        if let Some(calls) = &mut self.calls {
            calls.cancel_two_way();
        }
    }

    /// Drops a call that is answered already.
    pub(super) fn drop_call(&mut self, id: CallId) {
        self.serial.take_if(|call| call.id == id);
        if let Some(calls) = &mut self.calls {
            calls.cancel(id);
        }
    }
}
