//! What is kept of a call for further attempts.

use std::mem::ManuallyDrop;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::sync::Arc;

use kitex_core::{BoxFuture, CallResult, Error, Request};

use super::attempts::Attempts;
use super::state::MethodState;
use super::{Beneath, bound, counter, remember};
use crate::clock::began_at;

/// What there is for further attempts. Of nearly all calls it is nothing that would have to be dropped, which is seen by one
/// look, where a compiler would ask on each way out: who has a plan lets go of it.
pub(super) struct Plan(ManuallyDrop<Retry>);

impl Default for Plan {
    #[inline(always)]
    fn default() -> Self {
        Self(ManuallyDrop::new(Retry::Not))
    }
}

impl Deref for Plan {
    type Target = Retry;

    #[inline(always)]
    fn deref(&self) -> &Retry {
        &self.0
    }
}

impl DerefMut for Plan {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Retry {
        &mut self.0
    }
}

impl Plan {
    /// Where there was nothing to be dropped.
    #[inline(always)]
    pub(super) fn set(&mut self, retry: Retry) {
        self.0 = ManuallyDrop::new(retry);
    }

    #[inline(always)]
    pub(super) fn take(&mut self) -> Retry {
        ManuallyDrop::into_inner(std::mem::take(self).0)
    }

    #[inline(always)]
    pub(super) fn let_go(&mut self) {
        if let Retry::Further(_) | Retry::Kept { .. } = *self.0 {
            self.drop_it();
        }
    }

    #[cold]
    fn drop_it(&mut self) {
        drop(self.take());
    }
}

/// Lets go of a plan when it is dropped.
pub(super) struct LetGo<'a>(pub(super) &'a mut Plan);

impl Drop for LetGo<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// What a further attempt takes, until the first has ended, and then those that come after it.
pub(super) enum Retry {
    /// There will be none.
    Not,
    /// All attempts after the first, or all that a backup request may be beside.
    Further(BoxFuture<CallResult>),
    /// The request comes back with the error.
    Returned,
    /// In a box of its own: few methods need it, and each call has the room that is set aside for it.
    Kept {
        request: Box<Request>,
        /// Whether an answer may be no good.
        sees_answers: bool,
    },
}

impl Retry {
    pub(super) fn looks_at(&self, ended: &CallResult) -> bool {
        match self {
            Self::Kept { sees_answers: true, .. } => true,
            Self::Kept { .. } | Self::Returned => ended.is_err(),
            Self::Not | Self::Further(_) => false,
        }
    }

    /// Looks at how the first attempt has ended; gives the others, if there are to be some.
    #[cold]
    pub(super) fn settle(
        self,
        beneath: &Arc<Beneath>,
        mut result: CallResult,
    ) -> ControlFlow<CallResult, BoxFuture<CallResult>> {
        let kept = match self {
            Self::Kept { request, .. } => Some(*request),
            Self::Returned => result.as_mut().err().and_then(Error::take_request),
            Self::Not | Self::Further(_) => None,
        };
        let Some(kept) = kept else { return ControlFlow::Break(result) };
        let method = beneath.state.methods.get(&kept.method);
        let mut attempts = Attempts::new(beneath, method, kept);
        match attempts.settle(result) {
            Some(result) => ControlFlow::Break(result),
            None => ControlFlow::Continue(Box::pin(attempts.run())),
        }
    }
}

/// Counts a call, and keeps of it what a further attempt takes: all of its attempts, if it may get a backup request; of any
/// other the first is to be made.
#[inline]
pub(super) fn plan(beneath: Option<&Arc<Beneath>>, request: &mut Request, returns: bool, retry: &mut Plan) {
    let Some(beneath) = beneath else { return };
    let method = beneath.state.methods.get(&request.method);
    if method.calls.add_one() {
        beneath.state.purse.earn(counter::CHUNK);
    }
    if !method.repeats() {
        return;
    }
    if method.hedges() {
        return hedged(beneath, method, request, retry);
    }
    if method.policy.max_duration.is_some() {
        began_at(request);
    }
    let sees_answers = method.policy.rule.sees_answers();
    if sees_answers {
        // Only a failure says where it was.
        remember(method, request);
    }
    let is_bound = method.policy.attempt_timeout.is_some();
    if returns && !method.idempotent && !sees_answers && !is_bound && request.body.message().is_some() {
        // It is made again only if it was not served, and then it comes back.
        request.context.ask_back();
        return retry.set(Retry::Returned);
    }
    if let Some(kept) = request.try_clone() {
        retry.set(Retry::Kept { request: Box::new(kept), sees_answers });
        bound(method, request, began_at);
    }
}

/// Makes a call that may get a backup request; not one whose body is a stream.
fn hedged(beneath: &Arc<Beneath>, method: &Arc<MethodState>, request: &mut Request, retry: &mut Plan) {
    let began = began_at(request);
    remember(method, request);
    let Some(kept) = request.try_clone() else { return };
    bound(method, request, |_| began);
    let attempt = beneath.inner.call(request.take());
    retry.set(Retry::Further(Box::pin(Attempts::new(beneath, method, kept).hedge(attempt, began).run())));
}
