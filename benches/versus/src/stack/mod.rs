//! The stacks: for each a server, and callers for the one load loop.
mod kitex;
mod kitex_standard;
mod raw;
mod raw_mux;
mod tarpc;
mod volo;

use std::net::SocketAddr;

use crate::{
    load::{Measurement, Plan, measure},
    options::{Mode, Observed, Serve, Setup, Stack, Target, loopback},
    process::{self, Role},
};

/// The deadline of every governed call.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(1);
/// The persistent metadata pair of every governed call.
const METADATA: (&str, &str) = ("tenant", "versus");
/// The name under which a governed client calls.
const CALLER: &str = "versus";
/// The name of the service that is called.
const CALLEE: &str = "echo";

/// One caller of one stack: makes a call, waits for the reply, makes the next.
pub(crate) trait Caller: Send + 'static {
    /// The stack's own string, as its generated code takes it.
    type Text: Clone + AsRef<[u8]> + From<String> + Send + Sync + 'static;
    /// The echoed string, as the stack's generated code returns it.
    type Reply<'a>: AsRef<[u8]>
    where
        Self: 'a;

    /// Sends the text and returns the reply.
    fn call(&mut self, text: Self::Text) -> impl Future<Output = anyhow::Result<Self::Reply<'_>>> + Send;

    /// Runs a caller's calls in the surroundings in which the stack expects them.
    fn surround<F: Future<Output: Send> + Send>(
        _setup: Setup,
        calls: F,
    ) -> impl Future<Output = F::Output> + Send {
        calls
    }
}

/// Serves one stack until the process is killed.
pub(crate) fn serve(options: &Serve) -> anyhow::Result<()> {
    process::raise_file_limit(crate::idle::FILES)?;
    let serving = serve_at(options.stack, options.mode, loopback(options.port), options.observed);
    process::block_on(options.pinning, Role::Server, serving)?
}

async fn serve_at(stack: Stack, mode: Mode, address: SocketAddr, observed: Observed) -> anyhow::Result<()> {
    match (stack, mode) {
        (Stack::KitexStandard, _) => kitex_standard::serve(address, observed).await,
        (Stack::Kitex, _) => kitex::serve(address).await,
        (Stack::Volo, _) => volo::serve(address, mode).await,
        (Stack::Tarpc, _) => tarpc::serve(address).await,
        (Stack::Raw, Mode::Pooled) => raw::serve(address).await,
        (Stack::Raw, Mode::Mux) => raw_mux::serve(address).await,
    }
}

/// Loads the target with callers of the stack.
pub(crate) async fn load(stack: Stack, target: Target, plan: &Plan) -> anyhow::Result<Measurement> {
    match (stack, target.mode) {
        (Stack::Kitex, _) => measure(kitex::callers(target).await?, plan).await,
        (Stack::KitexStandard, _) => measure(kitex_standard::callers(target).await?, plan).await,
        (Stack::Volo, _) => measure(volo::callers(target), plan).await,
        (Stack::Tarpc, _) => measure(tarpc::callers(target).await?, plan).await,
        (Stack::Raw, Mode::Pooled) => measure(raw::callers(target).await?, plan).await,
        (Stack::Raw, Mode::Mux) => measure(raw_mux::callers(target).await?, plan).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::load::Calls;

    async fn free_address() -> SocketAddr {
        TcpListener::bind(loopback(0)).await.unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn every_stack_echoes_what_each_caller_sends() {
        for (stack, mode) in Stack::value_variants()
            .iter()
            .flat_map(|stack| Mode::value_variants().iter().map(|mode| (*stack, *mode)))
        {
            let address = free_address().await;
            // Nobody is there to collect, which is nothing to an exporter but a failure to log.
            let observed = Observed { collector: 1, sample: 100.0 };
            let server = tokio::spawn(serve_at(stack, mode, address, observed));
            while TcpStream::connect(address).await.is_err() {
                tokio::task::yield_now().await;
            }
            for (payload, setup) in [(128, Setup::Governed), (16384, Setup::Bare)] {
                let target = Target {
                    address,
                    observed,
                    mode,
                    setup,
                    callers: 20,
                    request_overhead: 150,
                    reply_overhead: 70,
                };
                let made = load(stack, target, &Plan { payload, setup, calls: Calls::Once }).await.unwrap();
                assert_eq!(made.first_error, None, "{stack} {mode} {payload}");
            }
            server.abort();
        }
    }
}
