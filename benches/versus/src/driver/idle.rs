//! What idle connections cost each contender's server.

use super::{contender::Contender, processes::Server};
use crate::{
    idle::Footprint,
    options::{Mode, Pinning},
};

/// Measures the servers one after the other.
pub(super) fn measure(contenders: &[Contender]) -> anyhow::Result<Vec<(&'static str, Footprint)>> {
    let mut footprints = Vec::new();
    for contender in contenders {
        let server = Server::start(contender, Mode::Pooled, Pinning::Free)?;
        footprints.push((contender.name, server.ask(contender, "idle", &[])?));
    }
    Ok(footprints)
}
