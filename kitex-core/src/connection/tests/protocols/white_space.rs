//! White space between messages of JSON that are not framed: a line may end there.

use kitex_codec::{Form, MessageType, Protocol};

use super::super::raw::{Asking, Fed};
use super::super::{ECHO, base};
use super::{Said, call, client, in_frame, message};
use crate::{Request, Response, ServerConfig, Status};

const WHITE: &[u8] = b"\r\n \t\x0c";

fn line() -> Vec<u8> {
    in_frame(Form::Buffered, call(Protocol::Json, "Echo", 1))
}

fn serve(fed: &mut Fed, bytes: &[u8]) {
    let request = fed.feed(bytes).unwrap().expect("it is whole");
    let payload = Said::result("hi").payload(Protocol::Json);
    fed.reply(&request, Ok(Response::new(Status::Ok, payload)));
    fed.server.output().clear();
}

#[test]
fn a_line_end_behind_a_message_begins_no_other() {
    let mut fed = Fed::new();
    serve(&mut fed, &[&line()[..], WHITE].concat());
    assert!(fed.input.is_empty());
    // It may come later, byte by byte.
    for byte in WHITE {
        assert!(fed.feed(&[*byte]).unwrap().is_none());
        assert!(fed.input.is_empty());
    }
    let idle = ServerConfig::default().idle_timeout;
    assert_eq!(fed.server.poll_timeout(), Some(base() + idle), "nothing is awaited but a request");
    serve(&mut fed, &[WHITE, &line()[..]].concat());
    // Behind the next byte it is no longer passed over.
    serve(&mut fed, &line());
}

#[test]
fn what_is_no_white_space_waits_as_ever() {
    let mut fed = Fed::new();
    serve(&mut fed, &[&line()[..], b"\n["].concat());
    assert!(fed.next().unwrap().is_none());
    assert_eq!(&fed.input[..], b"[");
    let timeout = ServerConfig::default().message_timeout;
    assert_eq!(fed.server.poll_timeout(), Some(base() + timeout));
}

#[test]
fn nothing_is_passed_over_behind_other_messages() {
    for (form, protocol) in [(Form::Framed, Protocol::Json), (Form::Buffered, Protocol::Compact)] {
        let mut fed = Fed::new();
        serve(&mut fed, &in_frame(form, call(protocol, "Echo", 1)));
        assert!(fed.feed(b"\n").unwrap().is_none());
        assert_eq!(&fed.input[..], b"\n", "{form:?} {protocol:?}");
    }
}

#[test]
fn a_client_goes_on_behind_a_line_end_too() {
    let mut asking = Asking::with(client(Protocol::Json, Form::Buffered));
    for behind in [&b""[..], b"\n", WHITE] {
        let request = Request::new(ECHO, Said::args("hi").payload(Protocol::Json));
        asking.client.call(base(), &request, 0).unwrap();
        asking.client.output().clear();
        let sequence = 1 + [&b""[..], b"\n", WHITE].iter().position(|other| *other == behind).unwrap() as i32;
        let body = Said::result("hi").bytes(Protocol::Json);
        let answer = message(Protocol::Json, MessageType::REPLY, "Echo", sequence, &body);
        let answer = asking.feed(&[&answer[..], behind].concat()).unwrap().unwrap();
        assert_eq!(answer.1.unwrap().status, Status::Ok);
        assert!(asking.client.is_reusable(asking.input.len()), "{behind:?}");
    }
}
