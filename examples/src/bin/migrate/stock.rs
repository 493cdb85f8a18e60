//! The service that has not moved, on crate `thrift`: a server for tests, and how it is called.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::server::TProcessor;
use thrift::transport::{
    ReadHalf, TFramedReadTransport, TFramedWriteTransport, TIoChannel, TTcpChannel, WriteHalf,
};

use crate::shop::orders::{Order, OutOfStock, State};
use crate::shop::stock::{StockSyncClient, StockSyncHandler, StockSyncProcessor, TStockSyncClient};

pub type Input = TBinaryInputProtocol<TFramedReadTransport<ReadHalf<TTcpChannel>>>;
pub type Output = TBinaryOutputProtocol<TFramedWriteTransport<WriteHalf<TTcpChannel>>>;

/// Apache's Framed Binary on a connection.
pub fn sides(stream: TcpStream) -> thrift::Result<(Input, Output)> {
    let (read, write) = TTcpChannel::with_stream(stream).split()?;
    let output = TBinaryOutputProtocol::new(TFramedWriteTransport::new(write), true);
    Ok((TBinaryInputProtocol::new(TFramedReadTransport::new(read), true), output))
}

/// Serves until the program ends.
pub fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (mut input, mut output) in listener.incoming().flatten().flat_map(sides) {
            let processor = StockSyncProcessor::new(Shelf);
            thread::spawn(move || while processor.process(&mut input, &mut output).is_ok() {});
        }
    });
    Ok(address)
}

/// Calls it.
pub fn reserve(address: SocketAddr, order: Order) -> thrift::Result<Order> {
    let (input, output) = sides(TcpStream::connect(address)?)?;
    StockSyncClient::new(input, output).reserve(order)
}

struct Shelf;

impl StockSyncHandler for Shelf {
    fn handle_reserve(&self, order: Order) -> thrift::Result<Order> {
        match order.lines.iter().flatten().find(|line| line.what.as_deref() == Some("unicorn")) {
            Some(line) => Err(OutOfStock::new(line.what.clone()).into()),
            None => Ok(Order { state: Some(State::RESERVED), ..order }),
        }
    }
}
