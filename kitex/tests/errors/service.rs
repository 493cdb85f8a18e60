//! The handler that is told how to fail.

use std::future::pending;

use kitex::{BusinessStatus, CallError, Context, Error, Memory, Server, ServerHandle, Str};

use crate::idl::tour::{Choice, Leaf, Other, Refused, Tour, TourAskError, TourClient, TourServer, Tree};

/// Does as it is told; `call` asks another service to never answer.
#[derive(Default)]
pub(crate) struct Handler {
    pub(crate) next: Option<TourClient>,
}

impl Tour for Handler {
    async fn ask(&self, context: &mut Context, how: Str) -> Result<Str, CallError<TourAskError>> {
        match &*how {
            "refuse" => Err(Refused { reason: "not today".into() })?,
            "status" => Err(BusinessStatus::new(404, "no such thing").with_extra("K", "V"))?,
            "fail" => Err(CallError::failed("the disk is full")),
            "code" => Err(Error::application(77, "a code of one's own"))?,
            "panic" => panic!("told to"),
            "panic without a text" => std::panic::panic_any(7),
            "never" => pending().await,
            "at length" => Ok("x".repeat(2000).into()),
            "call" => {
                let next = self.next.as_ref().unwrap();
                let answer = next.ask("fail").context(context).await;
                answer.map_err(|error| match error {
                    CallError::Failed(error) => error.into(),
                    other => other,
                })
            }
            _ => Ok(how),
        }
    }

    async fn leaf(&self, _: &mut Context) -> Result<Leaf, CallError> {
        Ok(Leaf { name: "oak".into() })
    }

    async fn choose(&self, _: &mut Context) -> Result<Choice, CallError> {
        Ok(Choice::Number(1))
    }

    async fn tree(&self, _: &mut Context, tree: Tree) -> Result<Tree, CallError> {
        Ok(tree)
    }

    async fn table(&self, _: &mut Context, table: Vec<Vec<Str>>) -> Result<Vec<Vec<Str>>, CallError> {
        Ok(table)
    }

    async fn note(&self, _: &mut Context, _: Str) -> Result<(), CallError> {
        Ok(())
    }
}

impl Other for Handler {
    async fn ask(&self, _: &mut Context, how: Str) -> Result<Str, CallError> {
        Ok(how)
    }

    async fn ping(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }
}

/// A server of [`Tour`] in memory.
pub(crate) async fn serve(server: Server, handler: Handler) -> (Memory, ServerHandle) {
    let memory = Memory::new();
    let bound = server.add(TourServer::new(handler)).bind(&memory).await.unwrap();
    let handle = bound.handle();
    tokio::spawn(bound.serve());
    (memory, handle)
}
