//! The steps of `hello`: a server, its clients, and what each of them saw.

mod calls;
mod faults;
mod load;

use std::error::Error;
use std::sync::Arc;

use kitex::{BoundServer, Server};

use crate::greeter::GreeterServer;
use crate::service::Service;

/// What a step has shown: a feature, and what the peer said.
#[derive(Debug)]
pub struct Line {
    /// The feature.
    pub feature: &'static str,
    /// What was seen of it.
    pub seen: String,
}

/// Anything that can go wrong in a step.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A server that runs beside the steps.
pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) service: Arc<Service>,
    pub(crate) handle: kitex::ServerHandle,
    pub(crate) serving: tokio::task::JoinHandle<Result<(), kitex::ServeError>>,
}

/// Starts a server at `address`.
pub(crate) async fn start(address: &str) -> Result<Running, Failure> {
    let service = Arc::new(Service::default());
    let bound: BoundServer =
        Server::new().add(GreeterServer::from_arc(Arc::clone(&service))).bind(address).await?;
    let (address, handle) = (bound.address().to_string(), bound.handle());
    Ok(Running { address, service, handle, serving: tokio::spawn(bound.serve()) })
}

/// Runs every step against servers of its own, and tells what was seen.
pub async fn run() -> Result<Vec<Line>, Failure> {
    let server = start("127.0.0.1:0").await?;
    let path = std::env::temp_dir().join(format!("kitex-hello-{}.sock", std::process::id()));
    let unix = start(&format!("unix:{}", path.display())).await?;
    let mut lines = vec![
        calls::pooled(&server).await?,
        calls::multiplexed(&server.address).await?,
        calls::framed(&server.address).await?,
        calls::buffered(&server.address).await?,
        calls::unix(&unix.address).await?,
        calls::oneway(&server).await?,
        calls::metadata(&server.address).await?,
        faults::exception(&server.address).await?,
        faults::status(&server.address).await?,
        faults::deadline(&server.address).await?,
        faults::nobody_listens().await?,
    ];
    for running in [server, unix] {
        running.handle.shutdown();
        running.serving.await??;
    }
    lines.push(load::shutdown().await?);
    Ok(lines)
}
