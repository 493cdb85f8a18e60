//! What is asked of the operating system about this process and the server's.

use std::{collections::HashSet, fs, net::Ipv4Addr, time::Duration};

use anyhow::Context;
use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    time::clock_getcpuclockid,
    unistd::Pid,
};

use crate::options::Pinning;

/// Which of the two processes this is.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Server,
    Client,
}

/// Runs a future on the runtime and the core that the pinning names.
pub(crate) fn block_on<F: Future>(pinning: Pinning, role: Role, future: F) -> anyhow::Result<F::Output> {
    let mut runtime = match (pinning, role) {
        (Pinning::Free, _) => tokio::runtime::Builder::new_multi_thread(),
        (Pinning::Two, Role::Client) => pinned(1)?,
        (Pinning::One | Pinning::Two, _) => pinned(0)?,
    };
    Ok(runtime.enable_all().build()?.block_on(future))
}

fn pinned(core: usize) -> anyhow::Result<tokio::runtime::Builder> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(Pid::this(), &cores).with_context(|| format!("cannot pin to core {core}"))?;
    Ok(tokio::runtime::Builder::new_current_thread())
}

/// Returns the CPU time that all threads of a process have used.
pub(crate) fn cpu_time(process: i32) -> anyhow::Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(process))
        .with_context(|| format!("process {process} has no CPU clock: is it running?"))?;
    Ok(clock.now()?.into())
}

/// Returns the memory of a process that is in RAM, in bytes.
pub(crate) fn resident_bytes(process: i32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .with_context(|| format!("{path} has no VmRSS line"))?;
    Ok(kibibytes.trim().parse::<u64>()? * 1024)
}

/// Returns how many connections a server on this port has established.
pub(crate) fn connections(port: u16) -> anyhow::Result<usize> {
    /// How the kernel writes the state ESTABLISHED.
    const ESTABLISHED: &str = "01";
    // The whole address: a client's ports may come to the server's number on another loopback address.
    let local = format!("{:08X}:{port:04X}", u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()));
    let table = fs::read_to_string("/proc/net/tcp")?;
    let peer_of_one = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (address, peer, state) = (fields.next()?, fields.next()?, fields.next()?);
        (address == local && state == ESTABLISHED).then(|| peer.to_owned())
    };
    // The table is read in pieces, and shows a connection again while many others come and go.
    Ok(table.lines().filter_map(peer_of_one).collect::<HashSet<_>>().len())
}

/// Lets this process and its children open at least this many files.
pub(crate) fn raise_file_limit(files: u64) -> anyhow::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= files {
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_NOFILE, files, hard.max(files))
        .with_context(|| format!("cannot open {files} files: the hard limit is {hard} (ulimit -Hn)"))
}
