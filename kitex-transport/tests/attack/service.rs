//! A service whose methods do what the attacks need.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use kitex_codec::{DecodeError, Descriptor, EncodeError, Message, ThriftReader, ThriftWriter, Type};
use kitex_core::*;
use tokio::sync::{Notify, Semaphore};

macro_rules! method {
    ($index:expr, $name:expr, $oneway:expr) => {
        MethodDescriptor {
            service: "Test",
            name: $name,
            index: $index,
            oneway: $oneway,
            idempotent: false,
            streaming: Streaming::None,
            exceptions: &[],
            annotations: &[],
        }
    };
}

pub(crate) const ECHO: usize = 0;
pub(crate) const WAIT: usize = 1;
pub(crate) const PANIC: usize = 2;
pub(crate) const BLOCK: usize = 3;
pub(crate) const TELL: usize = 4;
pub(crate) const TELL_LATER: usize = 5;
pub(crate) const LIST: usize = 6;
pub(crate) const NEST: usize = 7;

pub(crate) const BLOCK_AND_YIELD: usize = 8;

pub(crate) static METHODS: [MethodDescriptor; 9] = [
    method!(0, "Echo", false),
    method!(1, "Wait", false),
    method!(2, "Panic", false),
    method!(3, "Block", false),
    method!(4, "Tell", true),
    method!(5, "TellLater", true),
    method!(6, "List", false),
    method!(7, "Nest", false),
    method!(8, "BlockAndYield", false),
];

pub(crate) static SERVICE: ServiceDescriptor =
    ServiceDescriptor { name: "Test", methods: &METHODS, idl: &Descriptor::new("Test", &[], &[]) };

/// How long `Block` and `BlockAndYield` keep their thread.
pub(crate) const BLOCKED: Duration = Duration::from_millis(50);

/// `Echo` answers and `Tell` ends at once, `Wait` and `TellLater` when they are let go; `Panic` panics, `Block` keeps
/// its thread, and so does `BlockAndYield` before it is ready; `List` and `Nest` decode typed arguments.
#[derive(Clone, Default)]
pub(crate) struct Service(pub(crate) Arc<State>);

pub(crate) struct State {
    pub(crate) gate: Semaphore,
    pub(crate) begun: AtomicU32,
    pub(crate) told: AtomicU32,
    changed: Notify,
}

impl Default for State {
    fn default() -> Self {
        let (begun, told) = Default::default();
        Self { gate: Semaphore::new(0), begun, told, changed: Notify::new() }
    }
}

impl State {
    /// Waits until a counter has reached a value.
    pub(crate) async fn reached(&self, counter: &AtomicU32, value: u32) {
        loop {
            let changed = self.changed.notified();
            if counter.load(Ordering::SeqCst) >= value {
                return;
            }
            changed.await;
        }
    }

    fn count(&self, counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
}

impl NamedService for Service {
    const SERVICE: &'static ServiceDescriptor = &SERVICE;
}

impl tower_service::Service<Request> for Service {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            match request.method.name() {
                "Panic" => panic!("as asked"),
                "Block" => std::thread::sleep(BLOCKED),
                "BlockAndYield" => {
                    std::thread::sleep(BLOCKED);
                    tokio::task::yield_now().await;
                }
                "Wait" | "TellLater" => {
                    state.count(&state.begun);
                    state.gate.acquire().await.unwrap().forget();
                }
                "Tell" => {
                    state.told.fetch_add(1, Ordering::SeqCst);
                }
                "List" => return accept::<Items>(request).and_then(|(call, _)| call.done()),
                "Nest" => return accept::<Node>(request).and_then(|(call, _)| call.done()),
                _ => {}
            }
            Ok(Response { body: request.body, ..Response::empty(Status::Ok) })
        })
    }
}

/// `struct Empty {}`
#[derive(Default)]
struct Empty;

/// `struct Items { 1: list<Empty> items }`
#[derive(Default)]
struct Items {
    items: Vec<Empty>,
}

/// `struct Node { 1: optional Node next }`
#[derive(Default)]
struct Node {
    next: Option<Box<Node>>,
}

impl Message for Empty {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            from.skip(field.kind)?;
        }
        Ok(Self)
    }
}

impl Message for Items {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_field(Type::List, 1);
        out.begin_list(Type::Struct, self.items.len())?;
        self.items.iter().try_for_each(|item| item.encode(out))?;
        out.end_list();
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut value = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::List) => {
                    if let Some(items) = from.read_list(Type::Struct, Empty::decode)? {
                        value.items = items;
                    }
                }
                _ => from.skip(field.kind)?,
            }
        }
        Ok(value)
    }
}

impl Message for Node {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        if let Some(next) = &self.next {
            out.write_field(Type::Struct, 1);
            next.encode(out)?;
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut value = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::Struct) => {
                    let next = Self::decode(from)?;
                    value.next = Some(from.boxed(next)?);
                }
                _ => from.skip(field.kind)?,
            }
        }
        Ok(value)
    }
}
