//! Kitex: TTHeader, a deadline sent with each call, a persistent metadata pair; one client that every
//! caller clones, with a pool (pooled) or one connection (mux).

use std::net::SocketAddr;

use super::{CALLEE, CALLER, Caller, DEADLINE, METADATA};
use crate::options::{Mode, Setup, Target};

::kitex::include_idl!("echo");

struct Handler;

impl echo::Echo for Handler {
    async fn echo(
        &self,
        _context: &mut ::kitex::Context,
        req: echo::Req,
    ) -> Result<echo::Resp, ::kitex::CallError> {
        Ok(echo::Resp { msg: req.msg })
    }
}

pub(super) fn server() -> ::kitex::Server {
    ::kitex::Server::new().add(echo::EchoServer::new(Handler))
}

pub(super) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    Ok(server().serve(address).await?)
}

pub(super) fn builder(target: Target) -> ::kitex::ClientBuilder<echo::EchoClient> {
    let mut builder = echo::EchoClient::builder(target.address);
    builder = match target.mode {
        Mode::Pooled => builder.pool(target.callers),
        Mode::Mux => builder.mux(1),
    };
    if target.setup == Setup::Governed {
        builder =
            builder.service_name(CALLEE).caller(CALLER).timeout(DEADLINE).persistent(METADATA.0, METADATA.1);
    }
    builder
}

pub(super) async fn connect(
    builder: ::kitex::ClientBuilder<echo::EchoClient>,
    target: Target,
) -> anyhow::Result<Vec<KitexCaller>> {
    Ok(vec![KitexCaller { client: builder.connect().await? }; target.callers])
}

pub(super) async fn callers(target: Target) -> anyhow::Result<Vec<KitexCaller>> {
    connect(builder(target), target).await
}

#[derive(Clone)]
pub(super) struct KitexCaller {
    client: echo::EchoClient,
}

impl Caller for KitexCaller {
    type Text = ::kitex::Str;
    type Reply<'a> = ::kitex::Str;

    async fn call(&mut self, text: ::kitex::Str) -> anyhow::Result<::kitex::Str> {
        Ok(self.client.echo(echo::Req { msg: text }).await?.msg)
    }
}
