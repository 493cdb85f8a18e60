//! The service that the examples call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kitex::{BusinessStatus, CallError, Context, Scope, Str};

use crate::greeter::{Greeter, GreeterGreetError, Greeting, Stranger};

/// Greets, waits, and knows one account.
#[derive(Debug, Default)]
pub struct Service {
    /// Calls of `Wait` that were served to their end.
    pub waited: AtomicU64,
    /// Waves that were seen.
    pub waves: AtomicU64,
}

impl Greeter for Service {
    async fn greet(
        &self,
        context: &mut Context,
        name: Str,
    ) -> Result<Greeting, CallError<GreeterGreetError>> {
        if name == "nobody" {
            return Err(Stranger { name }.into());
        }
        // Travels back to the caller beside the answer.
        context.set_backward("greeted-by", "example");
        Ok(Greeting {
            text: format!("hello, {name}").into(),
            caller: context.caller().into(),
            peer: context.peer().map(ToString::to_string).unwrap_or_default().into(),
            tenant: context.metadata.get(Scope::Persistent, "TENANT").unwrap_or_default().into(),
        })
    }

    async fn wait(&self, _: &mut Context, millis: i64) -> Result<i64, CallError> {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
        self.waited.fetch_add(1, Ordering::Relaxed);
        Ok(millis)
    }

    async fn balance(&self, _: &mut Context, account: Str) -> Result<i64, CallError> {
        match &*account {
            "savings" => Ok(100),
            _ => Err(BusinessStatus::new(404, "no such account").with_extra("account", account).into()),
        }
    }

    async fn wave(&self, _: &mut Context, _: Str) -> Result<(), CallError> {
        self.waves.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
