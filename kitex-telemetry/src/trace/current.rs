//! Which call goes on, on this thread.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use kitex_middleware::{SpanScope, TraceParent};

use super::Outlet;
use super::held::Held;

/// The innermost call that goes on, on this thread.
#[derive(Debug, Clone, Copy)]
struct Current {
    place: TraceParent,
    /// It holds nothing, and there is none around it: then nothing of it is in [`STACK`].
    alone: bool,
}

type AnyHeld = Option<Arc<dyn Any + Send + Sync>>;

/// The calls around the innermost one, and what each of them and that one hold.
#[derive(Debug)]
struct Stack {
    around: Vec<(Option<Current>, AnyHeld)>,
    held: AnyHeld,
}

thread_local! {
    // Needs no drop: nearly every call is entered and left by a look at it and a write to it.
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };

    static STACK: RefCell<Stack> = const { RefCell::new(Stack { around: Vec::new(), held: None }) };
}

#[inline]
pub(super) fn enter(scope: &mut SpanScope) {
    if scope.held.is_none() && CURRENT.get().is_none() {
        CURRENT.set(Some(Current { place: scope.place, alone: true }));
    } else {
        enter_stack(scope.place, scope.held.take());
    }
}

/// A thread that ends may have no stack any more; then it has no current call either.
#[inline(never)]
fn enter_stack(place: TraceParent, held: AnyHeld) {
    let entered = STACK.try_with(|stack| {
        let Stack { around, held: innermost } = &mut *stack.borrow_mut();
        around.push((CURRENT.get(), std::mem::replace(innermost, held)));
    });
    CURRENT.set(entered.ok().map(|()| Current { place, alone: false }));
}

#[inline]
pub(super) fn leave(scope: &mut SpanScope) {
    match CURRENT.get() {
        Some(Current { alone: false, .. }) => leave_stack(scope),
        _ => CURRENT.set(None),
    }
}

#[inline(never)]
fn leave_stack(scope: &mut SpanScope) {
    let left = STACK.try_with(|stack| {
        let Stack { around, held: innermost } = &mut *stack.borrow_mut();
        let (outer, held) = around.pop().unwrap_or_default();
        scope.held = std::mem::replace(innermost, held);
        outer
    });
    CURRENT.set(left.unwrap_or_default());
}

/// The innermost call on this thread: its place, and what it holds.
pub(super) fn current(outlet: &Arc<Outlet>) -> Option<(TraceParent, Arc<Held>)> {
    let Current { place, alone } = CURRENT.get()?;
    if alone {
        CURRENT.set(None);
        enter_stack(place, None);
    }
    let held = STACK.try_with(|stack| {
        let mut stack = stack.borrow_mut();
        let held = stack.held.get_or_insert_with(|| Arc::new(Held::new(Arc::clone(outlet))));
        Arc::clone(held)
    });
    Some((place, held.ok()?.downcast().ok()?))
}

/// Whether the innermost call on this thread belongs to a trace.
pub(super) fn is_within(trace_id: u128) -> bool {
    CURRENT.get().is_some_and(|call| call.place.trace_id() == trace_id)
}

/// Whether no call goes on, on this thread.
pub(super) fn is_idle() -> bool {
    CURRENT.get().is_none()
}
