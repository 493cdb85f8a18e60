//! `ControlSvc`: the log, metadata over several hops, and work to be interrupted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interop::control::{ControlSvc, ControlSvcClient, Sight, Trail};
use kitex::{CallError, Context, Metadata, Scope, Str};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::record::{Record, note};

pub(crate) struct Control {
    /// This server's name.
    pub(crate) node: String,
    pub(crate) record: Arc<Record>,
    /// The server behind this one.
    pub(crate) next: Option<ControlSvcClient>,
}

impl ControlSvc for Control {
    async fn take(&self, _: &mut Context, at_least: i32) -> Result<Str, CallError> {
        let entries = self.record.take(usize::try_from(at_least).unwrap_or(0)).await;
        Ok(entries.to_string().into())
    }

    async fn hop(&self, context: &mut Context, further: i32) -> Result<Trail, CallError> {
        let sight = self.sight(context);
        note(context, "args", json!({"further": further}));
        note(context, "sight", shown(&sight));
        context.set_backward(format!("B_{}", self.node), "1");
        let mut trail = Trail { sights: vec![sight], ..Default::default() };
        if self.is_to_stall(context) {
            // Longer than any caller waits.
            sleep(Duration::from_secs(1)).await;
            return Ok(trail);
        }
        if let (Some(next), 1..) = (&self.next, further) {
            let call = next.hop(further - 1).context(context);
            let call = call.transient(format!("T_{}", self.node), "1");
            let onward = call.persistent(format!("P_{}", self.node), "1").reply().await;
            trail.sights.extend(onward.result?.sights);
            trail.backward = pairs(&onward.metadata, Scope::Backward);
        }
        Ok(trail)
    }

    async fn work(&self, context: &mut Context, id: i64, ms: i32) -> Result<i64, CallError> {
        note(context, "args", json!({"id": id, "ms": ms}));
        sleep(milliseconds(ms)).await;
        Ok(id)
    }

    async fn sleep(&self, context: &mut Context, ms: i32, text: Str) -> Result<Str, CallError> {
        note(context, "args", json!({"ms": ms, "text": &*text}));
        sleep(milliseconds(ms)).await;
        Ok(text)
    }
}

impl Control {
    /// Whether a call asks this node to let it wait: always, the first attempt, or retries.
    fn is_to_stall(&self, context: &Context) -> bool {
        let retry = context.persistent("RetryReq").is_some();
        match context.persistent(&format!("STALL_{}", self.node)) {
            Some("always") => true,
            Some("first") => !retry,
            Some("retry") => retry,
            _ => false,
        }
    }

    /// What this server sees of a request.
    fn sight(&self, context: &Context) -> Sight {
        let left = context.deadline.map(|deadline| deadline.remaining_millis(Instant::now()));
        Sight {
            node: self.node.as_str().into(),
            transients: pairs(&context.metadata, Scope::Transient),
            persistents: pairs(&context.metadata, Scope::Persistent),
            timeout_ms: left.map_or(-1, |left| i64::try_from(left).unwrap_or(i64::MAX)),
            caller: context.caller().into(),
        }
    }
}

fn milliseconds(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn pairs(metadata: &Metadata, scope: Scope) -> HashMap<Str, Str> {
    let text = |bytes| Str::from(String::from_utf8_lossy(bytes));
    metadata.iter(scope).map(|(key, value)| (text(key), text(value))).collect()
}

fn shown(sight: &Sight) -> Value {
    let object = |pairs: &HashMap<Str, Str>| -> Value {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    json!({
        "node": &*sight.node,
        "transients": object(&sight.transients),
        "persistents": object(&sight.persistents),
        "timeout_ms": sight.timeout_ms,
        "caller": &*sight.caller,
    })
}
