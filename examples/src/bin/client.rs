//! A client of `--bin server`: `cargo run -p examples --bin client -- Ada`.

use std::time::Duration;

use examples::greeter::{GreeterClient, GreeterGreetError};
use kitex::{CallError, Suite};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "world".to_owned());
    let client = GreeterClient::builder("127.0.0.1:8888").caller("example-client").suite(Suite::standard());
    let client = client.connect().await?;
    match client.greet(name).timeout(Duration::from_secs(1)).await {
        Ok(greeting) => {
            println!("{} (the server sees us as {} at {})", greeting.text, greeting.caller, greeting.peer)
        }
        Err(CallError::Exception(GreeterGreetError::Stranger(stranger))) => {
            println!("{} is a stranger", stranger.name)
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
