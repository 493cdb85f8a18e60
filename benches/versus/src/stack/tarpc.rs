//! tarpc: TCP, length-delimited bincode, its pipelined client; every caller shares one connection
//! (mux) or has one of its own (pooled).

use std::{net::SocketAddr, time::Instant};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tarpc::{
    client, context, serde_transport,
    server::{BaseChannel, Channel},
    tokio_serde::formats::Bincode,
    tokio_util::codec::length_delimited::LengthDelimitedCodec,
};
use tokio::net::{TcpListener, TcpStream};

use super::{Caller, DEADLINE};
use crate::options::{Mode, Setup, Target};

/// What the IDL file calls `Req`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Req {
    msg: String,
}

/// What the IDL file calls `Resp`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Resp {
    msg: String,
}

#[tarpc::service]
trait Echo {
    async fn echo(req: Req) -> Resp;
}

#[derive(Clone)]
struct Handler;

impl Echo for Handler {
    async fn echo(self, _: context::Context, req: Req) -> Resp {
        Resp { msg: req.msg }
    }
}

pub(super) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let transport =
            serde_transport::new(LengthDelimitedCodec::builder().new_framed(stream), Bincode::default());
        let responses = BaseChannel::with_defaults(transport).execute(Handler.serve());
        tokio::spawn(responses.for_each(|response| async {
            tokio::spawn(response);
        }));
    }
}

pub(super) async fn callers(target: Target) -> anyhow::Result<Vec<TarpcCaller>> {
    let connections = if target.mode == Mode::Mux { 1 } else { target.callers };
    let mut clients = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let transport =
            serde_transport::new(LengthDelimitedCodec::builder().new_framed(stream), Bincode::default());
        clients.push(EchoClient::new(client::Config::default(), transport).spawn());
    }
    let caller = |client: &EchoClient| TarpcCaller { client: client.clone(), setup: target.setup };
    Ok(clients.iter().cycle().take(target.callers).map(caller).collect())
}

pub(super) struct TarpcCaller {
    client: EchoClient,
    setup: Setup,
}

impl Caller for TarpcCaller {
    type Text = String;
    type Reply<'a> = String;

    async fn call(&mut self, text: String) -> anyhow::Result<String> {
        let mut context = context::current();
        if self.setup == Setup::Governed {
            context.deadline = Instant::now() + DEADLINE;
        }
        Ok(self.client.echo(context, Req { msg: text }).await?.msg)
    }
}
