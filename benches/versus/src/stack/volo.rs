//! Volo: TTHeader, its default transport, with its own timeout and its metainfo.

use std::{cell::RefCell, net::SocketAddr, time::Duration};

use anyhow::{Context, anyhow};
use metainfo::{Forward, MetaInfo};
use pilota::FastStr;
use volo_thrift::{ServerError, transport::pool};

use super::{CALLEE, CALLER, Caller, DEADLINE, METADATA};
use crate::options::{Mode, Setup, Target};

// Written by the build script; Volo's generated code has unsafe blocks of its own.
#[allow(clippy::all, unsafe_code, unused, unreachable_pub)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
    pub(super) use volo_gen::echo;
}

use generated::echo;

/// Longer than any measurement, so that the pool closes nothing under way.
const POOL_IDLE: Duration = Duration::from_secs(300);

struct Handler;

impl echo::Echo for Handler {
    async fn echo(&self, req: echo::Req) -> Result<echo::Resp, ServerError> {
        Ok(echo::Resp { msg: req.msg })
    }
}

pub(super) async fn serve(address: SocketAddr, mode: Mode) -> anyhow::Result<()> {
    let address = ::volo::net::Address::from(address);
    let server = echo::EchoServer::new(Handler).multiplex(mode == Mode::Mux);
    server.run(address).await.map_err(|error| anyhow!(error))
}

/// Clones of one client, which share its pool or its one connection.
pub(super) fn callers(target: Target) -> Vec<VoloCaller> {
    let mut builder = echo::EchoClientBuilder::new(CALLEE)
        .address(target.address)
        .pool_config(pool::Config::default().timeout(POOL_IDLE))
        .multiplex(target.mode == Mode::Mux);
    if target.setup == Setup::Governed {
        builder = builder.caller_name(CALLER).rpc_timeout(Some(DEADLINE));
    }
    vec![VoloCaller { client: builder.build() }; target.callers]
}

#[derive(Clone)]
pub(super) struct VoloCaller {
    client: echo::EchoClient,
}

impl Caller for VoloCaller {
    type Text = FastStr;
    type Reply<'a> = FastStr;

    async fn call(&mut self, text: FastStr) -> anyhow::Result<FastStr> {
        let resp = self.client.echo(echo::Req { msg: Some(text) }).await?;
        resp.msg.context("the reply has no message")
    }

    async fn surround<F: Future<Output: Send> + Send>(setup: Setup, calls: F) -> F::Output {
        let mut metadata = MetaInfo::default();
        if setup == Setup::Governed {
            metadata.set_persistent(METADATA.0, METADATA.1);
        }
        metainfo::METAINFO.scope(RefCell::new(metadata), calls).await
    }
}
