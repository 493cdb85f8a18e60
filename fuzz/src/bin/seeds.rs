//! Writes the corpora to `corpus/`, or with `--check` holds what is there against what is wanted of it.

use std::fs;
use std::path::{Path, PathBuf};

use kitex_fuzz::seeds::{TARGETS, Target};

/// What one corpus may have at most.
const FILES: usize = 60;
const BYTES: usize = 200 << 10;

fn main() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let check = std::env::args().nth(1).is_some_and(|argument| argument == "--check");
    for target in &TARGETS {
        let corpus = corpora.join(target.name);
        if !check {
            write(target, &corpus);
        }
        report(target, &corpus);
    }
}

fn write(target: &Target, corpus: &Path) {
    fs::remove_dir_all(corpus)
        .or_else(|error| if corpus.exists() { Err(error) } else { Ok(()) })
        .expect("removed");
    fs::create_dir_all(corpus).expect("a directory can be made");
    for seed in target.seeds() {
        fs::write(corpus.join(&seed.name), &seed.bytes).expect("a seed can be written");
    }
}

/// Plays every seed: none may fail, and at least half must be good to their end.
fn report(target: &Target, corpus: &Path) {
    let files: Vec<PathBuf> =
        fs::read_dir(corpus).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    let seeds: Vec<_> = files.iter().map(|file| fs::read(file).expect("a seed")).collect();
    let bytes: usize = seeds.iter().map(Vec::len).sum();
    let good = seeds.iter().filter(|seed| (target.run)(seed)).count();
    println!("{:10} {:3} seeds, {:3} good to their end, {bytes:6} bytes", target.name, seeds.len(), good);
    assert!(seeds.len() <= FILES && bytes <= BYTES, "the corpus is too large");
    assert!(!seeds.is_empty() && 2 * good >= seeds.len(), "less than half of the seeds are good");
}
