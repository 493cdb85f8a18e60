//! A code base that leaves crate `thrift` service by service, with its types as they are: `cargo run --release -p examples --bin migrate`.
//!
//! `Stock` is still Apache's. `Desk` has moved: kitex-build has made its server and its client, over the structs that the Apache
//! compiler has generated, so that nothing is converted between the two. Whoever calls `Desk` by Apache's client need not know.

mod shop;
mod stock;

use std::error::Error;
use std::net::{SocketAddr, TcpStream};

use kitex::{CallError, Context, Framing, Server};
use kitex_codec::{Limits, compact, json};

use desk::{Desk, DeskClient, DeskPlaceError, DeskServer};
use shop::desk::{DeskSyncClient, TDeskSyncClient};
use shop::orders::{Line, State};

kitex::include_idl!("desk");

/// What build.rs names for the namespace `shop`: the Apache compiler's types, as messages.
mod messages {
    use super::shop::orders;

    // Of all structs, `Line` is the only one that stands inside of another.
    pub type Order = kitex::Apache<orders::Order, { size_of::<orders::Line>() }>;
    pub type OutOfStock = kitex::Apache<orders::OutOfStock>;
}

/// The service that has moved.
struct Counter {
    stock: SocketAddr,
}

impl Desk for Counter {
    async fn place(
        &self,
        _: &mut Context,
        order: messages::Order,
    ) -> Result<messages::Order, CallError<DeskPlaceError>> {
        let stock = self.stock;
        // Crate `thrift` blocks.
        let reserved = tokio::task::spawn_blocking(move || stock::reserve(stock, order.0)).await;
        match reserved.map_err(failed)? {
            Ok(order) => Ok(order.into()),
            Err(thrift::Error::User(error)) => match error.downcast::<shop::orders::OutOfStock>() {
                Ok(missing) => Err(CallError::Exception(messages::OutOfStock::from(*missing).into())),
                Err(error) => Err(failed(error).into()),
            },
            Err(error) => Err(failed(error).into()),
        }
    }
}

fn failed(error: impl ToString) -> kitex::Error {
    kitex::Error::handler(error.to_string())
}

fn order(what: &str) -> shop::orders::Order {
    shop::orders::Order::new(7, vec![Line::new(what.to_owned(), 2)], State::NEW)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new().add(DeskServer::new(Counter { stock: stock::serve()? }));
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.address().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve_until(async {
        let _ = stopped.await;
    }));

    let client = DeskClient::builder(&*address).framing(Framing::Framed).connect().await?;
    let placed = client.place(order("lamp").into()).await?;
    assert_eq!(placed.state, Some(State::RESERVED));
    println!("a new client   {:?}", placed.0);

    let refused = client.place(order("unicorn").into()).await;
    let Err(CallError::Exception(DeskPlaceError::Missing(missing))) = refused else {
        return Err("the exception did not come".into());
    };
    assert_eq!(missing.what.as_deref(), Some("unicorn"));
    println!("an exception   {missing}: {:?}", missing.what);

    let again = tokio::task::spawn_blocking(move || {
        let (input, output) = stock::sides(TcpStream::connect(address)?)?;
        DeskSyncClient::new(input, output).place(order("lamp"))
    });
    assert_eq!(again.await??, placed.0);
    println!("an old client  the same");

    let stored = compact::encode_to_vec(&placed, &Limits::default())?;
    let read: messages::Order = compact::decode_slice(&stored, &Limits::default())?;
    assert_eq!(read, placed);
    println!(
        "for a queue    {} bytes of Compact, or {}",
        stored.len(),
        String::from_utf8(json::encode_to_vec(&read, &Limits::default())?)?
    );

    let _ = stop.send(());
    Ok(serving.await??)
}
