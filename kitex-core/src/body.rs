//! What a request or response carries: one message, or a stream of them.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use kitex_codec::{DecodeError, EncodeError, Field, Limits, Message, Protocol, Segments};

use crate::Error;

/// One encoded args or result struct, with nothing around it. Cheap to clone, so that a retry sends the same bytes.
///
/// ```
/// use kitex_codec::{ApplicationException, Limits, Str};
/// use kitex_core::Payload;
///
/// let limits = Limits::default();
/// let sent = ApplicationException { code: 6, message: Str::from("boom") };
/// let payload = Payload::encode(&sent, &limits)?;
/// let received: ApplicationException = payload.decode(&limits)?;
/// assert_eq!(received, sent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Payload {
    encoding: &'static Encoding,
    segments: Segments,
}

/// A payload's protocol, and what else is known of where its bytes are from. One pointer of a payload.
#[derive(Debug, Clone, Copy)]
struct Encoding {
    protocol: Protocol,
    /// How it is said in another protocol, if its type is known.
    again: Option<Again>,
    /// The place, among the endpoints of a client, that sent it, and whether without a TTHeader.
    sent: Option<(u8, bool)>,
}

impl Encoding {
    const fn of(protocol: Protocol) -> Self {
        Self { protocol, again: None, sent: None }
    }

    const fn all(sent: Option<(u8, bool)>) -> [Self; 3] {
        [
            Self { sent, ..Self::of(Protocol::Binary) },
            Self { sent, ..Self::of(Protocol::Compact) },
            Self { sent, ..Self::of(Protocol::Json) },
        ]
    }
}

/// Places that are told apart; of those behind them nothing is known.
const PLACES: usize = 64;

/// By place, by whether without a TTHeader, and by protocol.
static SENT: [[[Encoding; 3]; 2]; PLACES] = {
    let mut sent = [[Encoding::all(None); 2]; PLACES];
    let mut place = 0;
    while place < PLACES {
        sent[place] = [Encoding::all(Some((place as u8, false))), Encoding::all(Some((place as u8, true)))];
        place += 1;
    }
    sent
};

type Again = fn(&Payload, Protocol, &Limits) -> Result<Payload, EncodeError>;

static ENCODINGS: [Encoding; 3] = Encoding::all(None);

#[inline]
fn of(protocol: Protocol, [binary, compact, json]: &'static [Encoding; 3]) -> &'static Encoding {
    match protocol {
        Protocol::Binary => binary,
        Protocol::Compact => compact,
        Protocol::Json => json,
    }
}

/// Binary of a type that is known.
struct Typed<M>(PhantomData<M>);

impl<M: Message> Typed<M> {
    const BINARY: Encoding = Encoding { again: Some(Self::again), ..Encoding::of(Protocol::Binary) };

    #[cold]
    fn again(payload: &Payload, protocol: Protocol, limits: &Limits) -> Result<Payload, EncodeError> {
        let unreadable =
            |_| EncodeError::unwritable("a payload", "its bytes are not of the type it was made of");
        let message: M = payload.decode(limits).map_err(unreadable)?;
        Payload::encode_in(protocol, &message, limits)
    }
}

impl Payload {
    /// Of no bytes.
    pub(crate) const EMPTY: Self =
        Self { encoding: &Encoding::of(Protocol::Binary), segments: Segments::One(Bytes::new()) };

    /// A payload of bytes that are encoded already.
    #[inline]
    pub fn new(protocol: Protocol, segments: impl Into<Segments>) -> Self {
        Self { encoding: of(protocol, &ENCODINGS), segments: segments.into() }
    }

    /// Notes the place, among the endpoints of a client, that sent it, and whether that was without a TTHeader.
    #[inline]
    pub(crate) fn set_sent(&mut self, place: usize, bare: bool) {
        let encodings =
            SENT.get(place).map_or(&ENCODINGS, |[headed, plain]| if bare { plain } else { headed });
        self.encoding = of(self.protocol(), encodings);
    }

    /// What was noted; `None` if it was made in this process.
    pub(crate) fn sent(&self) -> Option<(usize, bool)> {
        self.encoding.sent.map(|(place, bare)| (usize::from(place), bare))
    }

    /// Encodes a struct in Thrift Binary, so that it can be [said](Self::transcode) in any protocol later: for who
    /// answers a call without knowing what it was asked in. Errors if a limit does not allow it.
    pub fn encode_typed<M: Message>(message: &M, limits: &Limits) -> Result<Self, EncodeError> {
        let segments = kitex_codec::encode(message, limits)?;
        Ok(Self { encoding: &Typed::<M>::BINARY, segments })
    }

    /// Encodes a struct in Thrift Binary. Errors if a limit does not allow it.
    pub fn encode<M: Message>(message: &M, limits: &Limits) -> Result<Self, EncodeError> {
        kitex_codec::encode(message, limits).map(|segments| Self::new(Protocol::Binary, segments))
    }

    /// Encodes a struct. Errors if a limit does not allow it, or if the protocol has no form for it.
    #[inline]
    pub fn encode_in<M: Message>(
        protocol: Protocol,
        message: &M,
        limits: &Limits,
    ) -> Result<Self, EncodeError> {
        match protocol {
            Protocol::Binary => Self::encode(message, limits),
            _ => Self::encode_other(protocol, message, limits),
        }
    }

    /// Away from Binary, which is what nearly every call is in.
    #[cold]
    #[inline(never)]
    fn encode_other<M: Message>(
        protocol: Protocol,
        message: &M,
        limits: &Limits,
    ) -> Result<Self, EncodeError> {
        protocol.encode(message, limits).map(|segments| Self::new(protocol, segments))
    }

    /// Decodes a struct. Errors if the bytes are not one, or if a limit does not allow it.
    pub fn decode<M: Message>(&self, limits: &Limits) -> Result<M, DecodeError> {
        match (self.protocol(), &self.segments) {
            (Protocol::Binary, Segments::One(bytes)) => kitex_codec::decode(bytes, limits),
            (Protocol::Binary, _) => kitex_codec::decode(&self.segments.to_bytes(), limits),
            _ => self.decode_other(limits),
        }
    }

    #[cold]
    #[inline(never)]
    fn decode_other<M: Message>(&self, limits: &Limits) -> Result<M, DecodeError> {
        self.protocol().decode(&self.segments.to_bytes(), limits)
    }

    /// The header of the struct's first field, if it has one: which field a result has set is told by it.
    #[inline]
    pub fn first_field(&self) -> Option<Field> {
        let front = self.segments.iter().next()?;
        self.protocol().first_field(front)
    }

    /// The same struct in another protocol. A payload of that protocol stays as it is.
    ///
    /// Thrift Binary and Compact go into one another; Apache's JSON into none and none into it, but for a struct
    /// without fields. What was [encoded](Self::encode_typed) with its type goes into each. Errors if the bytes are no
    /// struct, or if a limit does not allow it.
    pub fn transcode(&self, protocol: Protocol, limits: &Limits) -> Result<Self, EncodeError> {
        if let Some(again) = self.encoding.again.filter(|_| protocol != self.protocol()) {
            return again(self, protocol, limits);
        }
        let bytes = self.segments.to_bytes();
        let segments = self.protocol().transcode(protocol, &bytes, limits)?;
        Ok(Self::new(protocol, segments))
    }

    /// The encoding.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.encoding.protocol
    }

    /// The encoded bytes.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// The encoded bytes in one piece.
    pub fn into_bytes(self) -> Bytes {
        self.segments.into_bytes()
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// True if there is no byte; even an empty struct has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The messages of a request or response.
#[derive(Debug)]
pub enum Body {
    /// One.
    Message(Payload),
    /// Any number, over time.
    Stream(MessageStream),
}

impl Body {
    /// The one message; `None` for a stream.
    pub fn message(&self) -> Option<&Payload> {
        match self {
            Self::Message(payload) => Some(payload),
            Self::Stream(_) => None,
        }
    }

    /// A body of the same bytes; `None` for a stream, which can be read once only.
    pub fn try_clone(&self) -> Option<Self> {
        self.message().cloned().map(Self::Message)
    }
}

/// A source of messages. Implemented by whatever produces a stream.
pub trait MessageSource: Send {
    /// The next message; `None` at the end. Errors end the stream.
    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>>;
}

/// A stream of messages.
///
/// ```
/// use kitex_codec::Bytes;
/// use kitex_core::{Error, MessageStream, Payload, Protocol};
///
/// async fn bytes_in_all(mut stream: MessageStream) -> Result<usize, Error> {
///     let mut sum = 0;
///     while let Some(message) = stream.next().await {
///         sum += message?.len();
///     }
///     Ok(sum)
/// }
///
/// let empty = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
/// let two = MessageStream::of([empty.clone(), empty]);
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # let Poll::Ready(sum) = pin!(bytes_in_all(two)).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
/// # assert_eq!(sum?, 2);
/// # Ok::<(), Error>(())
/// ```
pub struct MessageStream(Pin<Box<dyn MessageSource>>);

impl MessageStream {
    /// A stream of what `source` gives.
    pub fn new(source: impl MessageSource + 'static) -> Self {
        Self(Box::pin(source))
    }

    /// A stream of what is there already.
    pub fn of(payloads: impl IntoIterator<Item = Payload, IntoIter: Send + Unpin + 'static>) -> Self {
        Self::new(Ready(payloads.into_iter()))
    }

    /// The next message; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Payload, Error>> {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// Like [`next`](Self::next), for those who poll.
    pub fn poll_next(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        self.0.as_mut().poll_next(task)
    }
}

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageStream")
    }
}

struct Ready<I>(I);

impl<I: Iterator<Item = Payload> + Send + Unpin> MessageSource for Ready<I> {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
