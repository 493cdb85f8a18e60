//! What a retry layer can be told.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kitex_core::{Method, SettingError};

use super::event::{RetryEvent, Subscriber};
use super::{BackOff, Hedge, RetryBudget, RetryRule};

/// How the calls of a method are made again. Begun with one of the constructors, which are Kitex's policies.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_middleware::{BackOff, RetryPolicy, RetryRule};
///
/// let mut policy = RetryPolicy::failure();
/// policy.attempts = 4;
/// policy.back_off = BackOff::Exponential {
///     first: Duration::from_millis(10),
///     most: Duration::from_millis(200),
/// };
/// policy.rule = RetryRule::failures().or(RetryRule::codes([1010]));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a call is made at most: the first time, retries and backup requests. From 1, which is no retry, to 16.
    pub attempts: u32,
    /// After so long no further attempt is begun. None: until the call's deadline.
    pub max_duration: Option<Duration>,
    /// The pause before a retry.
    pub back_off: BackOff,
    /// Which results are no good.
    pub rule: RetryRule,
    /// The backup request.
    pub hedge: Option<Hedge>,
    /// Whether a call that is made on behalf of one that is itself a retry is made once only. True: else each service
    /// in a chain multiplies the attempts of the one before.
    pub chain_stop: bool,
    /// Whether calls may be made twice without harm, whatever the IDL says. False.
    pub assume_idempotent: bool,
    /// Whether further attempts go to other endpoints than the earlier ones, if there are any. True.
    pub avoid_tried: bool,
    /// How long one attempt may take, within the deadline of the call. None: as long as the call has. Only with it can
    /// a call whose time has passed at one endpoint still succeed at another; it is the transport beneath that ends the
    /// attempt.
    pub attempt_timeout: Option<Duration>,
    /// What must be left of the call's time for a further attempt to be begun. 1 ms.
    pub least_time: Duration,
    /// The longest time that a callee can ask this call to stay away for; asked for longer, the call has failed. 10
    /// seconds.
    pub longest_push_back: Duration,
}

/// More than any call has left.
const LONGEST_LEAST_TIME: Duration = Duration::from_secs(24 * 3600);

/// More attempts are a storm by themselves.
const MOST_ATTEMPTS: u32 = 16;

impl RetryPolicy {
    /// Retries after failures, two at most and without a pause.
    pub fn failure() -> Self {
        Self {
            attempts: 3,
            max_duration: None,
            back_off: BackOff::None,
            rule: RetryRule::failures(),
            hedge: None,
            chain_stop: true,
            assume_idempotent: false,
            avoid_tried: true,
            attempt_timeout: None,
            least_time: Duration::from_millis(1),
            longest_push_back: Duration::from_secs(10),
        }
    }

    /// One backup request, and no retry after a failure.
    pub fn backup(hedge: Hedge) -> Self {
        Self { rule: RetryRule::never(), ..Self::mixed(hedge) }
    }

    /// One further attempt: a backup request or, if the first attempt fails before, a retry.
    pub fn mixed(hedge: Hedge) -> Self {
        Self { attempts: 2, hedge: Some(hedge), ..Self::failure() }
    }

    /// Each call is made once.
    pub fn off() -> Self {
        Self { attempts: 1, rule: RetryRule::never(), ..Self::failure() }
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        if !(1..=MOST_ATTEMPTS).contains(&self.attempts) {
            let text = format!("{} is not from 1 to {MOST_ATTEMPTS}", self.attempts);
            return Err(SettingError::new("RetryPolicy::attempts", text));
        }
        let zero = |time| time == Some(Duration::ZERO);
        if zero(self.max_duration) {
            return Err(SettingError::new("RetryPolicy::max_duration", "after 0 s there is no retry"));
        }
        if zero(self.attempt_timeout) {
            return Err(SettingError::new("RetryPolicy::attempt_timeout", "no attempt succeeds in 0 s"));
        }
        if self.least_time > LONGEST_LEAST_TIME {
            let text = format!("no call has {:?} left, and so none is retried", self.least_time);
            return Err(SettingError::new("RetryPolicy::least_time", text));
        }
        self.back_off.check()?;
        let Some(hedge) = self.hedge else { return Ok(()) };
        if hedge.most >= self.attempts {
            let text = format!("{} beside the first are more than {} attempts", hedge.most, self.attempts);
            return Err(SettingError::new("Hedge::most", text));
        }
        hedge.check()
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::failure()
    }
}

/// What a [`RetryLayer`](crate::RetryLayer) does.
///
/// ```
/// use kitex_middleware::{Hedge, RetryConfig, RetryLayer, RetryPolicy};
///
/// let config = RetryConfig::default()
///     .with_method("Search", RetryPolicy::mixed(Hedge::percentile(99.0)))
///     .with_method("Orders.Pay", RetryPolicy::off())
///     .with_idempotent("Orders.Cancel");
/// let layer = RetryLayer::new(config)?;
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RetryConfig {
    /// The policy of methods without one of their own. [`RetryPolicy::failure`].
    pub policy: RetryPolicy,
    /// How many further attempts all calls may have together.
    pub budget: RetryBudget,
    /// What the layer is called where its state is shown.
    pub name: String,
    /// Makes the pauses the same in each run, for simulations.
    pub seed: Option<u64>,
    methods: HashMap<String, RetryPolicy>,
    idempotent: HashSet<String>,
    subscriber: Option<Arc<Subscriber>>,
}

impl RetryConfig {
    /// A policy for all methods without one of their own.
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Gives a method a policy of its own. The method is named as `Service.Method` or, whatever its service is, as
    /// `Method`.
    pub fn with_method(mut self, method: impl Into<String>, policy: RetryPolicy) -> Self {
        self.methods.insert(method.into(), policy);
        self
    }

    /// Says that calls of a method may be made twice without harm, as the annotation `idempotent` in an IDL does. The
    /// method is named as by [`with_method`](Self::with_method).
    pub fn with_idempotent(mut self, method: impl Into<String>) -> Self {
        self.idempotent.insert(method.into());
        self
    }

    /// Calls `subscriber` for each retry, each backup request, and each that was not made. What it panics with goes no
    /// further.
    pub fn on_event(mut self, subscriber: impl Fn(&RetryEvent<'_>) + Send + Sync + 'static) -> Self {
        self.subscriber = Some(Arc::new(subscriber));
        self
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        self.policy.check()?;
        for (name, policy) in &self.methods {
            check_name("RetryConfig::with_method", name)?;
            policy.check()?;
        }
        self.idempotent.iter().try_for_each(|name| check_name("RetryConfig::with_idempotent", name))
    }

    pub(super) fn take_subscriber(&mut self) -> Option<Arc<Subscriber>> {
        self.subscriber.take()
    }

    /// The policy of a method, and whether its calls may be made twice.
    pub(super) fn resolve(&self, method: Option<&Method>) -> (RetryPolicy, bool) {
        let names = method.map(|method| [method.to_string(), method.name().to_owned()]);
        let mut own = names.iter().flatten().filter_map(|name| self.methods.get(name));
        let policy = own.next().unwrap_or(&self.policy).clone();
        let annotated = method.and_then(Method::descriptor).is_some_and(|method| method.idempotent);
        let named = names.iter().flatten().any(|name| self.idempotent.contains(name));
        let idempotent = policy.assume_idempotent || annotated || named;
        (policy, idempotent)
    }
}

fn check_name(setting: &'static str, name: &str) -> Result<(), SettingError> {
    if name.is_empty() || name.split('.').any(str::is_empty) {
        return Err(SettingError::new(setting, format!("{name:?} names no method")));
    }
    Ok(())
}

impl fmt::Debug for RetryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryConfig")
            .field("policy", &self.policy)
            .field("budget", &self.budget)
            .field("name", &self.name)
            .field("methods", &self.methods)
            .field("idempotent", &self.idempotent)
            .finish_non_exhaustive()
    }
}
