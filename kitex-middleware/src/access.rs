//! Who may call what.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use kitex_codec::ApplicationException;
use kitex_core::{Error, ErrorKind, Inspect, Registry, Request, SettingError, Stage};

use crate::Match;
use crate::guard::{Guard, Nothing, guard_layer};
use crate::last::Last;
use crate::panic::catch;

/// Refuses calls by rules on method, metadata, peer and caller, before their arguments are decoded.
///
/// The first rule that is for a call decides it. A call that no rule is for is allowed: let a rule that denies all be
/// the last, and the others are the list of those who may.
///
/// ```
/// use kitex_core::{Request, Scope};
/// use kitex_middleware::{AccessLayer, AccessRule, Match};
///
/// fn has_token(request: &Request) -> Result<(), String> {
///     match request.context.transient("TOKEN") {
///         Some("open sesame") => Ok(()),
///         Some(_) => Err("the TOKEN is not right".to_owned()),
///         None => Err("show a TOKEN".to_owned()),
///     }
/// }
///
/// let access = AccessLayer::new([
///     AccessRule::deny(Match::all().callers(["crawler"]), "crawlers stay outside"),
///     AccessRule::check(has_token),
///     AccessRule::allow(Match::all().peers(["10.0.0.0/8", "127.0.0.1"])),
///     AccessRule::deny(Match::all(), "only from inside").with_code(403),
/// ])?;
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Who is refused gets an exception with code 6, or the rule's own, and the text `request forbidden: …` (spec:
/// kitex-wire 10.1); its connection stays open. On the side of this layer the error says [`Sent::Never`], since nothing
/// of the call was done; its caller is not told that, so that no client makes the call again by itself.
/// A function that panics refuses the call that it was asked about.
///
/// A stream is decided on when it begins, and not again.
///
/// [`Sent::Never`]: kitex_core::Sent::Never
#[derive(Debug, Clone)]
pub struct AccessLayer {
    rules: Arc<Rules>,
}

/// One rule of an [`AccessLayer`].
#[derive(Debug)]
pub struct AccessRule {
    of: Match,
    verdict: Verdict,
    code: i32,
    refused: AtomicU64,
    last: Last,
}

enum Verdict {
    Allow,
    Deny(Cow<'static, str>),
    Check(Box<Check>),
}

type Check = dyn Fn(&Request) -> Result<(), String> + Send + Sync;

impl AccessRule {
    /// Lets calls pass; no later rule is asked.
    pub fn allow(of: Match) -> Self {
        Self::new(of, Verdict::Allow)
    }

    /// Refuses calls; the caller is told why.
    pub fn deny(of: Match, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(of, Verdict::Deny(why.into()))
    }

    /// Refuses the calls that a function refuses, for the reason that it gives; the others go on to the next rule.
    pub fn check(function: impl Fn(&Request) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self::new(Match::all(), Verdict::Check(Box::new(function)))
    }

    /// Tells those who are refused another code than 6.
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    fn new(of: Match, verdict: Verdict) -> Self {
        Self {
            of,
            verdict,
            code: ApplicationException::INTERNAL_ERROR,
            refused: AtomicU64::new(0),
            last: Last::default(),
        }
    }

    /// What the rule says of a call; `None` if it leaves it to the next. May panic, if a function of the user's does.
    fn decide(&self, request: &Request) -> Option<Result<(), Cow<'static, str>>> {
        if !self.of.holds(request) {
            return None;
        }
        match &self.verdict {
            Verdict::Allow => Some(Ok(())),
            Verdict::Deny(why) => Some(Err(why.clone())),
            Verdict::Check(function) => function(request).err().map(|why| Err(why.into())),
        }
    }

    #[cold]
    fn refuse(&self, request: &Request, why: &str) -> Error {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let text = format!("request forbidden: {why}");
        self.last.note(format!("{}: {text}", request.method));
        Error::new(ErrorKind::Handler, Stage::Local, text).with_code(self.code).with_method(&request.method)
    }
}

impl AccessLayer {
    /// Rules, in the order in which they are asked. Errors if the condition of one makes no sense.
    pub fn new(rules: impl IntoIterator<Item = AccessRule>) -> Result<Self, SettingError> {
        let rules: Vec<_> = rules.into_iter().collect();
        rules.iter().try_for_each(|rule| rule.of.check())?;
        Ok(Self { rules: Arc::new(Rules(rules)) })
    }

    /// Lists the rules, with how many calls each has refused and what it told the last one, as `access`.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.rules);
        self
    }
}

guard_layer!(AccessLayer);

impl Guard for AccessLayer {
    type Held = Nothing;

    #[inline]
    fn holds(&self) -> bool {
        false
    }

    fn admit(&self, request: &mut Request, _: &mut Option<Nothing>) -> Result<(), Error> {
        self.rules.admit(request)
    }
}

#[derive(Debug)]
struct Rules(Vec<AccessRule>);

impl Rules {
    fn admit(&self, request: &Request) -> Result<(), Error> {
        for (at, rule) in self.0.iter().enumerate() {
            match catch(|| rule.decide(request)) {
                Ok(None) => {}
                Ok(Some(Ok(()))) => return Ok(()),
                Ok(Some(Err(why))) => return Err(rule.refuse(request, &why)),
                Err(said) => {
                    // What the panic said is for this side's log, and not for whoever called.
                    let why = format!("the function of access rule {} panicked", at + 1);
                    return Err(rule.refuse(request, &why).with_source(said));
                }
            }
        }
        Ok(())
    }
}

impl Inspect for Rules {
    fn kind(&self) -> &'static str {
        "access"
    }

    fn inspect(&self) -> Value {
        self.0.iter().map(AccessRule::inspect).collect()
    }
}

impl AccessRule {
    fn inspect(&self) -> Value {
        let (verdict, why) = match &self.verdict {
            Verdict::Allow => ("allow", None),
            Verdict::Deny(why) => ("deny", Some(why)),
            Verdict::Check(_) => ("check", None),
        };
        let refused = self.refused.load(Ordering::Relaxed);
        json!({
            "rule": verdict,
            "of": self.of.to_string(),
            "why": why,
            "refused": refused,
            "last_refusal": self.last.get(),
        })
    }
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allow => f.write_str("Allow"),
            Self::Deny(why) => write!(f, "Deny({why})"),
            Self::Check(_) => f.write_str("Check"),
        }
    }
}
