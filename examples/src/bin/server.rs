//! A server: `cargo run -p examples --bin server`, and `--bin client` beside it. Stop it with Ctrl-C.

use examples::greeter::GreeterServer;
use examples::service::Service;

#[tokio::main]
async fn main() -> Result<(), kitex::ServeError> {
    tracing_subscriber::fmt::init();
    let server = kitex::Server::new().suite(kitex::Suite::standard());
    server.add(GreeterServer::new(Service::default())).serve("127.0.0.1:8888").await
}
