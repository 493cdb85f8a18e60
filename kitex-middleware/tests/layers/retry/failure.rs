//! What is made again after a failure, and what is not.

use super::*;
use kitex_codec::{ApplicationException, Bytes, Str};
use kitex_core::{Body, BusinessStatus, MessageStream, Scope, Sent};
use kitex_middleware::RetryRule;

fn policy(change: impl FnOnce(&mut RetryPolicy)) -> RetryPolicy {
    let mut policy = RetryPolicy::failure();
    change(&mut policy);
    policy
}

fn remote(code: i32, text: &str) -> CallResult {
    Err(Error::remote(ApplicationException { code, message: Str::from(text) }))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_left_is_made_three_times_and_the_last_error_says_so() {
    let answer = |at| match at {
        2 => Err(Error::new(ErrorKind::Connect, Stage::Dial, "unreachable").with_setting("connect_timeout")),
        _ => refused(),
    };
    let (result, seen) = tried(RetryPolicy::failure(), &ECHO, Context::new(), answer).await;
    let error = result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect (while connecting): unreachable [setting: connect_timeout] [attempts: 3]"
    );
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::Never));
    assert_eq!((error.setting(), error.attempts(), seen.len()), (Some("connect_timeout"), 3, 3));
}

#[tokio::test(start_paused = true)]
async fn the_first_good_answer_ends_it() {
    let answer = |at| if at < 1 { refused() } else { ok() };
    let (result, seen) = tried(RetryPolicy::failure(), &ECHO, Context::new(), answer).await;
    assert_eq!((result.unwrap().status, seen.len()), (Status::Ok, 2));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_served_is_made_again_only_if_it_may_be_served_twice() {
    let error = || closed();
    let (_, seen) = tried(RetryPolicy::failure(), &ECHO, Context::new(), move |_| error()).await;
    assert_eq!(seen.len(), 1);
    let (_, seen) = tried(RetryPolicy::failure(), &FIND, Context::new(), move |_| error()).await;
    assert_eq!(seen.len(), 3, "the IDL says that it may be");
    let assumed = policy(|policy| policy.assume_idempotent = true);
    let (_, seen) = tried(assumed, &ECHO, Context::new(), move |_| error()).await;
    assert_eq!(seen.len(), 3, "the policy says it");
    for (name, attempts) in [("Echo", 3), ("EchoSvc.Echo", 3), ("Svc.Echo", 1), ("Find", 1)] {
        let (mock, seen) = at_once(move |_| error());
        let service = layered(RetryConfig::default().with_idempotent(name), mock);
        service.call(request_of(&ECHO, Context::new())).await.unwrap_err();
        assert_eq!(seen.lock().unwrap().len(), attempts, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_attempt_decides_anew_whether_there_is_a_third() {
    let answer = |at| if at == 0 { refused() } else { closed() };
    let (result, seen) = tried(RetryPolicy::failure(), &ECHO, Context::new(), answer).await;
    assert_eq!((result.unwrap_err().attempts(), seen.len()), (2, 2));
}

type Answer = fn() -> CallResult;

fn limit(push_back: bool) -> CallResult {
    let error = Error::refused("RateLimit::rate", "too many");
    Err(if push_back { error.with_push_back(MS) } else { error })
}

#[tokio::test(start_paused = true)]
async fn ready_made_rules_apply_to_what_they_name() {
    let deadline: Answer = || Err(Error::deadline(Stage::Read));
    let boom: Answer = || remote(6, "biz error: boom");
    let busy: Answer = || remote(1010, "busy");
    let stopping: Answer = || remote(6, "not served: the server is shutting down");
    let unknown: Answer = || remote(1, "unknown method M (service S)");
    let exception: Answer = || Ok(Response::empty(Status::Exception(1)));
    let business: Answer = || Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(503, "no")))));
    let encode: Answer = || Err(Error::new(ErrorKind::Encode, Stage::Local, "no"));
    let layer: Answer = || Err(Error::from_box("foreign".into()));
    let all: [(&str, Answer); 12] = [
        ("connect", refused),
        ("closed", closed),
        ("deadline", deadline),
        ("stopping", stopping),
        ("pushed back", || limit(true)),
        ("limit", || limit(false)),
        ("boom", boom),
        ("busy", busy),
        ("unknown", unknown),
        ("exception", exception),
        ("business", business),
        ("encode", encode),
    ];
    let failures = ["connect", "closed", "deadline", "stopping", "pushed back"];
    let cases = [
        (RetryRule::never(), vec![]),
        (RetryRule::failures(), failures.to_vec()),
        (RetryRule::default(), failures.to_vec()),
        (RetryRule::timeouts(), vec!["deadline"]),
        (RetryRule::kinds([ErrorKind::Limit, ErrorKind::Encode]), vec!["pushed back", "limit", "encode"]),
        (RetryRule::codes([1010, 7]), vec!["busy"]),
        (RetryRule::exceptions([2, 1]), vec!["exception"]),
        (RetryRule::exceptions([2]), vec![]),
        (RetryRule::statuses([503]), vec!["business"]),
        (RetryRule::statuses([1]).or(RetryRule::codes([1010])), vec!["busy"]),
        (RetryRule::failures().except(RetryRule::timeouts()), {
            vec!["connect", "closed", "stopping", "pushed back"]
        }),
        (RetryRule::new(|result| result.is_ok()), vec!["exception", "business"]),
    ];
    for (rule, expected) in cases {
        let mut again = Vec::new();
        for (name, answer) in all {
            let policy = policy(|policy| policy.rule = rule.clone());
            let (_, seen) = tried(policy, &FIND, Context::new(), move |_| answer()).await;
            again.extend((seen.len() == 3).then_some(name));
        }
        assert_eq!(again, expected, "{rule:?}");
    }
    let (_, seen) =
        tried(policy(|policy| policy.rule = RetryRule::all_errors()), &FIND, Context::new(), move |_| {
            layer()
        })
        .await;
    assert_eq!(seen.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_rule_does_not_like_was_served() {
    let policy = || policy(|policy| policy.rule = RetryRule::exceptions([1]));
    let answer = |at| Ok(Response::empty(if at < 2 { Status::Exception(1) } else { Status::Ok }));
    let (result, seen) = tried(policy(), &ECHO, Context::new(), answer).await;
    assert_eq!((result.unwrap().status, seen.len()), (Status::Exception(1), 1));
    let (result, seen) = tried(policy(), &FIND, Context::new(), answer).await;
    assert_eq!((result.unwrap().status, seen.len()), (Status::Ok, 3));
}

#[tokio::test(start_paused = true)]
async fn attempts_send_the_same_bytes_and_say_which_retry_they_are() {
    let (_, seen) = tried(RetryPolicy::failure(), &ECHO, within(1000 * MS), |_| refused()).await;
    assert!(seen.iter().all(|attempt| attempt.bytes == seen[0].bytes && attempt.bytes != 0));
    let numbers: Vec<_> = seen.iter().map(|attempt| attempt.retry.as_deref()).collect();
    assert_eq!(numbers, [None, Some("1"), Some("2")]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_again_is_not_copied() {
    let unique = |config: RetryConfig| {
        let mock = Mock::new(|request| async move {
            let Body::Message(payload) = request.body else { panic!("a message was sent") };
            let unique = payload.into_bytes().is_unique();
            Ok(Response::empty(if unique { Status::Ok } else { Status::Exception(1) }))
        });
        layered(config, mock).call(request_of(&ECHO, Context::new()))
    };
    assert_eq!(unique(RetryConfig::new(RetryPolicy::failure())).await.unwrap().status, Status::Exception(1));
    assert_eq!(unique(RetryConfig::new(RetryPolicy::off())).await.unwrap().status, Status::Ok);
    let backup = RetryPolicy::backup(kitex_middleware::Hedge::after(MS));
    assert_eq!(unique(RetryConfig::new(backup)).await.unwrap().status, Status::Ok, "it may be served once");
}

#[tokio::test(start_paused = true)]
async fn a_call_on_behalf_of_a_retry_is_made_once() {
    let inherited = || {
        let mut served = Context::new();
        served.metadata.set(Scope::Persistent, "RetryReq", "1");
        served.inherited()
    };
    let (result, seen) = tried(RetryPolicy::failure(), &FIND, inherited(), |_| refused()).await;
    assert_eq!((result.unwrap_err().attempts(), seen.len()), (1, 1));
    assert_eq!(seen[0].retry.as_deref(), Some("1"), "and says on whose");
    let (_, seen) =
        tried(policy(|policy| policy.chain_stop = false), &FIND, inherited(), |_| refused()).await;
    assert_eq!(seen.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn places_that_were_tried_are_left_for_the_next_attempt() {
    let failed = |at| refused().map_err(|error| error.with_place(at));
    let (_, seen) = tried(RetryPolicy::failure(), &ECHO, Context::new(), failed).await;
    let places: Vec<_> = seen.iter().map(|attempt| attempt.tried.clone()).collect();
    // What is added later is the transport's to add.
    assert_eq!(places, [None, Some(vec![0]), Some(vec![0])]);
    let answers = policy(|policy| policy.rule = RetryRule::new(Result::is_err));
    let (_, seen) = tried(answers, &ECHO, Context::new(), failed).await;
    assert_eq!(seen[0].tried, Some(vec![]), "the transport notes the first one");
    let same = policy(|policy| policy.avoid_tried = false);
    let (_, seen) = tried(same, &ECHO, Context::new(), failed).await;
    assert!(seen.iter().all(|attempt| attempt.tried.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_panics_fails_that_call_alone() {
    let policy = policy(|policy| {
        policy.rule = RetryRule::new(|result| match result {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::Closed => panic!("what is this?"),
            Err(_) => true,
        });
    });
    let (mock, seen) = at_once(|at| [closed, refused, ok][at.min(2)]());
    let service = layered(RetryConfig::new(policy), mock);
    let error = service.call(request_of(&ECHO, Context::new())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "handler panic calling EchoSvc.Echo (in a layer): the rule of the retry policy panicked: what is this?: \
         connection closed (while waiting for the response): the connection ended"
    );
    assert!(!error.is_retry_safe());
    service.call(request_of(&ECHO, Context::new())).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_never_sent_again() {
    let (mock, seen) = at_once(|_| refused());
    let service = layered(RetryConfig::default(), mock);
    let mut request = request_of(&FIND, Context::new());
    request.body = Body::Stream(MessageStream::of([]));
    assert_eq!(service.call(request).await.unwrap_err().attempts(), 1);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_a_stream_is_an_answer() {
    let policy = policy(|policy| policy.rule = RetryRule::new(|_| true));
    let stream = |_| {
        let payload = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
        let mut response = Response::empty(Status::Ok);
        response.body = Body::Stream(MessageStream::of([payload]));
        Ok(response)
    };
    let (result, seen) = tried(policy, &FIND, Context::new(), stream).await;
    let Body::Stream(mut messages) = result.unwrap().body else { panic!("a stream was sent") };
    assert!(messages.next().await.is_some());
    assert_eq!(seen.len(), 1);
}
