//! What each contender's call looks like on the wire; the raw echo is sized by it.

use anyhow::ensure;

use super::{contender::Contender, processes::Server};
use crate::{
    options::{Mode, Pinning, Setup, Stack},
    wire::Summary,
};

const PAYLOAD: usize = 1024;
/// What every governed TTHeader call must show: a deadline of one second and the metadata pair.
const GOVERNED: [&str; 2] = ["12=1000", "RPC_PERSIST_tenant=versus"];

/// The sizes of one call of each contender.
pub(super) struct Sizes {
    pub(super) calls: Vec<(&'static str, Summary)>,
    /// Bytes besides the payload, which the raw echo moves too.
    pub(super) request_overhead: usize,
    pub(super) reply_overhead: usize,
    /// Whose call the raw echo is as large as.
    pub(super) model: Stack,
}

/// Records one call of each contender, and checks that governed ones are governed.
pub(super) fn measure(contenders: &[Contender]) -> anyhow::Result<Sizes> {
    let mut calls = Vec::new();
    for contender in contenders.iter().filter(|contender| contender.stack != Stack::Raw) {
        calls.push((contender.name, call(contender)?));
    }
    let model = super::contender::model()?;
    let Summary { request_bytes, reply_bytes, .. } = call(&model)?;
    Ok(Sizes {
        calls,
        request_overhead: request_bytes - PAYLOAD,
        reply_overhead: reply_bytes - PAYLOAD,
        model: model.stack,
    })
}

fn call(contender: &Contender) -> anyhow::Result<Summary> {
    let server = Server::start(contender, Mode::Pooled, Pinning::Free)?;
    let summary: Summary = server.ask(contender, "wire", &[("--payload", PAYLOAD.to_string())])?;
    if contender.setup == Setup::Governed && !summary.header.is_empty() {
        for pair in GOVERNED {
            let sent = summary.header.iter().any(|sent| sent.eq_ignore_ascii_case(pair));
            ensure!(sent, "{} does not send {pair}: {:?}", contender.name, summary.header);
        }
    }
    Ok(summary)
}
