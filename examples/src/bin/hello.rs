//! A server and its clients in one process: `cargo run --release -p examples --bin hello`.

#[tokio::main]
async fn main() -> Result<(), examples::hello::Failure> {
    tracing_subscriber::fmt::init();
    for line in examples::hello::run().await? {
        println!("{:22} {}", line.feature, line.seen);
    }
    Ok(())
}
