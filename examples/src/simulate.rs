//! The layers that keep a service up, at work in a world with a clock of its own: the same code as in production, over
//! backends that take as long, and fail when, a scenario says. The same seed gives the same figures.

mod backend;
mod cluster;
mod load;
mod random;
mod table;
mod world;

pub mod breaker_times;
pub mod failing_endpoint;
pub mod hedging;
pub mod overload;
pub mod retry_storm;

pub use table::Table;

/// Anything that can go wrong in a scenario: a setting that makes no sense, or no runtime.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The seed of the figures that the guide quotes.
pub const SEED: u64 = 1;

/// Every scenario's tables, in the order of the guide.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let mut tables = retry_storm::tables(seed)?;
    tables.extend(failing_endpoint::tables(seed)?);
    tables.extend(overload::tables(seed)?);
    tables.extend(breaker_times::tables(seed)?);
    tables.extend(hedging::tables(seed)?);
    Ok(tables)
}
