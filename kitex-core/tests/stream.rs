//! One echo of a stream without a wire: through a layer into a stub-shaped service, and back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test stands on is a part of it")]

mod echo;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use kitex_codec::{Limits, Str};
use kitex_core::{
    Body, BoxFuture, Error, ErrorKind, MessageSource, MessageStream, MethodDescriptor, Payload, Request,
    Response, SharedService, Stage, Status, Streaming,
};
use tower_layer::Layer;
use tower_service::Service;

use echo::{Args, block_on};

static CHAT: MethodDescriptor = MethodDescriptor {
    service: "ChatSvc",
    name: "Chat",
    index: 0,
    oneway: false,
    idempotent: false,
    streaming: Streaming::Bidirectional,
    exceptions: &[],
    annotations: &[],
};

fn payload(said: &str) -> Payload {
    Payload::encode(&Args { said: Str::from(said) }, &Limits::default()).unwrap()
}

fn said(payload: &Payload) -> Result<Str, Error> {
    Ok(payload.decode::<Args>(&Limits::default())?.said)
}

/// A stream with every message changed by a function.
struct Mapped<F>(MessageStream, F);

impl<F: FnMut(Payload) -> Result<Payload, Error> + Send + Unpin> MessageSource for Mapped<F> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let Self(stream, change) = &mut *self;
        stream.poll_next(task).map(|next| next.map(|message| message.and_then(change)))
    }
}

fn mapped(
    body: Body,
    change: impl FnMut(Payload) -> Result<Payload, Error> + Send + Unpin + 'static,
) -> Body {
    match body {
        Body::Stream(stream) => Body::Stream(MessageStream::new(Mapped(stream, change))),
        message => message,
    }
}

/// A layer that marks what passes through it, in both directions.
#[derive(Clone)]
struct Mark;

#[derive(Clone)]
struct Marking<S>(S);

impl<S> Layer<S> for Mark {
    type Service = Marking<S>;

    fn layer(&self, inner: S) -> Marking<S> {
        Marking(inner)
    }
}

impl<S> Service<Request> for Marking<S>
where
    S: Service<Request, Response = Response, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mark =
            |with: &'static str| move |message: Payload| Ok(payload(&format!("{with}{}", said(&message)?)));
        request.body = mapped(request.body, mark(">"));
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(Response { body: mapped(response.body, mark("<")), ..response })
        })
    }
}

/// Answers each message with itself, as soon as it comes; the word `fail` ends the stream with an error.
#[derive(Clone)]
struct ChatServer;

impl Service<Request> for ChatServer {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(async move {
            assert_eq!(request.method.descriptor().unwrap().streaming, Streaming::Bidirectional);
            let body = mapped(request.body, |message| match said(&message)?.as_str() {
                ">fail" => Err(Error::handler("told to fail")),
                _ => Ok(message),
            });
            Ok(Response { body, ..Response::empty(Status::Ok) })
        })
    }
}

fn call(stream: MessageStream) -> MessageStream {
    let server = SharedService::new(Mark.layer(ChatServer));
    let mut request = Request::new(&CHAT, payload(""));
    request.body = Body::Stream(stream);
    let response = block_on(server.call(request)).unwrap();
    assert!(response.status.is_ok());
    match response.body {
        Body::Stream(stream) => stream,
        Body::Message(_) => panic!("a stream is answered with a stream"),
    }
}

#[test]
fn a_stream_passes_a_layer_and_a_service_message_by_message() {
    let mut answers = call(MessageStream::of(["one", "two", "three"].map(payload)));
    for expected in ["<>one", "<>two", "<>three"] {
        assert_eq!(said(&block_on(answers.next()).unwrap().unwrap()).unwrap(), expected);
    }
    assert!(block_on(answers.next()).is_none());
}

/// A conversation that goes on while both sides hold it.
#[derive(Clone, Default)]
struct Conversation(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    waiting: VecDeque<Payload>,
    ended: bool,
    listener: Option<Waker>,
}

impl Conversation {
    fn say(&self, said: Option<&str>) {
        let mut state = self.0.lock().unwrap();
        match said {
            Some(said) => state.waiting.push_back(payload(said)),
            None => state.ended = true,
        }
        if let Some(listener) = state.listener.take() {
            listener.wake();
        }
    }
}

impl MessageSource for Conversation {
    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        let mut state = self.0.lock().unwrap();
        match state.waiting.pop_front() {
            Some(message) => Poll::Ready(Some(Ok(message))),
            None if state.ended => Poll::Ready(None),
            None => {
                state.listener = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn an_answer_comes_before_the_next_message_is_sent() {
    let conversation = Conversation::default();
    let mut answers = call(MessageStream::new(conversation.clone()));
    let mut task = TaskContext::from_waker(Waker::noop());
    for (word, expected) in [("ping", "<>ping"), ("pong", "<>pong")] {
        assert!(answers.poll_next(&mut task).is_pending());
        conversation.say(Some(word));
        let Poll::Ready(Some(Ok(answer))) = answers.poll_next(&mut task) else {
            panic!("the answer is there")
        };
        assert_eq!(said(&answer).unwrap(), expected);
    }
    conversation.say(None);
    assert!(matches!(answers.poll_next(&mut task), Poll::Ready(None)));
}

#[test]
fn a_message_from_another_thread_wakes_who_waits_for_its_answer() {
    let conversation = Conversation::default();
    let mut answers = call(MessageStream::new(conversation.clone()));
    let speaker = std::thread::spawn(move || conversation.say(Some("hello")));
    assert_eq!(said(&block_on(answers.next()).unwrap().unwrap()).unwrap(), "<>hello");
    speaker.join().unwrap();
}

#[test]
fn an_error_of_the_service_or_of_the_source_comes_in_its_place() {
    let mut answers = call(MessageStream::of(["one", "fail"].map(payload)));
    assert!(block_on(answers.next()).unwrap().is_ok());
    assert_eq!(block_on(answers.next()).unwrap().unwrap_err().kind(), ErrorKind::Handler);

    struct Broken;
    impl MessageSource for Broken {
        fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
            Poll::Ready(Some(Err(Error::new(ErrorKind::Closed, Stage::Read, "cut"))))
        }
    }
    let mut answers = call(MessageStream::new(Broken));
    assert_eq!(block_on(answers.next()).unwrap().unwrap_err().kind(), ErrorKind::Closed);
}
