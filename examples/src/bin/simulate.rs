//! What the layers do when things go wrong, in figures that are the same every time:
//! `cargo run --release -p examples --bin simulate`, or `-- 7` for another seed.

use examples::simulate::{Failure, SEED, tables};

fn main() -> Result<(), Failure> {
    let seed = std::env::args().nth(1).map_or(Ok(SEED), |seed| seed.parse())?;
    for table in tables(seed)? {
        println!("{table}");
    }
    Ok(())
}
