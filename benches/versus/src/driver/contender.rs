//! Who takes part.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

use super::Options;
use crate::options::{Setup, Stack};

/// One stack in one configuration.
#[derive(Clone)]
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) stack: Stack,
    pub(super) setup: Setup,
    /// Percent of its traces that are kept, if it has such.
    pub(super) sample: Option<f64>,
    pub(super) binary: PathBuf,
    /// A row besides the comparison: a rival at its best, governed or not; ours with other settings.
    pub(super) further: bool,
    /// What it does not do that the stacks it is compared with do.
    pub(super) limits: &'static str,
}

/// Returns the contenders that the options ask for: all, but no further rows in a quick run.
pub(super) fn choose(options: &Options) -> anyhow::Result<Vec<Contender>> {
    let all = all(&env::current_exe()?);
    let names: Vec<_> = all.iter().map(|contender| contender.name).collect();
    if let Some(unknown) = options.stack.iter().find(|stack| !names.contains(&stack.as_str())) {
        bail!("--stack {unknown}: there are {}", names.join(", "));
    }
    let chosen = |contender: &Contender| match options.stack.is_empty() {
        true => !(contender.further && options.quick),
        false => options.stack.iter().any(|stack| stack == contender.name),
    };
    let mut contenders: Vec<_> = all.into_iter().filter(chosen).collect();
    let at_its_best = |contender: &&mut Contender| contender.further && contender.stack == Stack::Volo;
    for contender in contenders.iter_mut().filter(at_its_best) {
        contender.binary = build_with_volo_unsafe(options)?;
    }
    Ok(contenders)
}

/// Returns the contender whose calls the raw echo is as large as.
pub(super) fn model() -> anyhow::Result<Contender> {
    all(&env::current_exe()?).into_iter().next().context("there are no stacks")
}

fn all(binary: &Path) -> Vec<Contender> {
    let governed = |name, stack, limits| Contender {
        name,
        stack,
        setup: Setup::Governed,
        sample: None,
        binary: binary.to_owned(),
        further: false,
        limits,
    };
    let standard = |name, percent, further| Contender {
        sample: Some(percent),
        further,
        ..governed(name, Stack::KitexStandard, "")
    };
    vec![
        governed("kitex", Stack::Kitex, ""),
        standard("kitex-standard", 1.0, false),
        standard("kitex-standard-0", 0.0, true),
        standard("kitex-standard-100", 100.0, true),
        governed(
            "volo",
            Stack::Volo,
            "its server reads the deadline but does not enforce it, and limits neither calls in flight nor \
             connections; strings from the wire are not checked as UTF-8; multiplexing is hidden in its \
             documentation and called not recommended for most users",
        ),
        governed(
            "tarpc",
            Stack::Tarpc,
            "carries no metadata and no names; fields have no ids, so that neither side can change alone; \
             its client has no pool (pooled: one client a caller)",
        ),
        governed("raw", Stack::Raw, "no RPC: the floor under all of them"),
        Contender {
            setup: Setup::Bare,
            further: true,
            ..governed(
                "volo-best",
                Stack::Volo,
                "Volo with its features unsafe-codec and unsafe_unchecked and without metadata or caller's name; \
                 its documentation warns of undefined behaviour on malformed messages",
            )
        },
    ]
}

/// Builds this program a second time, with the features of Volo that trade safety for speed.
fn build_with_volo_unsafe(options: &Options) -> anyhow::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let target = target.join("volo-unsafe");
    let features = if options.mimalloc { "volo-unsafe,mimalloc" } else { "volo-unsafe" };
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "--features", features, "--manifest-path"])
        .arg(workspace.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the build with {features} failed");
    Ok(target.join("release/versus"))
}
