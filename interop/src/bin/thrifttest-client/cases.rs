//! The methods that do something.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::time::{Duration, Instant};

use interop::thrifttest::{
    Insanity, Numberz, ThriftTestTestExceptionError as Thrown, ThriftTestTestMultiExceptionError as Either,
    Xception, Xception2, Xtruct,
};
use kitex::{CallError, ErrorKind};

use crate::echo::same;
use crate::{Checked, Session};

/// A caller that waited for the handler would have waited for a second.
const ONEWAY: Duration = Duration::from_millis(200);

pub(crate) async fn void(session: &Session) -> Checked {
    same(session.first.test_void().await, ())
}

pub(crate) async fn map_map(session: &Session) -> Checked {
    let by_itself = |numbers: std::ops::Range<i32>| numbers.map(|n| (n, n)).collect();
    let want: HashMap<i32, HashMap<i32, i32>> = HashMap::from([(-4, by_itself(-4..0)), (4, by_itself(1..5))]);
    same(session.first.test_map_map(42).await, want)
}

pub(crate) async fn insanity(session: &Session) -> Checked {
    let xtruct = |text: &str, n: i8| Xtruct {
        string_thing: text.into(),
        byte_thing: n,
        i32_thing: n.into(),
        i64_thing: n.into(),
    };
    let crazy = Insanity {
        user_map: BTreeMap::from([(Numberz::FIVE, 5), (Numberz::EIGHT, 8)]),
        xtructs: vec![xtruct("Goodbye4", 4), xtruct("Hello2", 2)],
    };
    let first = HashMap::from([(Numberz::TWO, crazy.clone()), (Numberz::THREE, crazy.clone())]);
    let second = HashMap::from([(Numberz::SIX, Insanity::default())]);
    same(session.first.test_insanity(crazy).await, HashMap::from([(1, first), (2, second)]))
}

/// What testMulti is called with.
type Arguments<'a> = (i8, i32, i64, &'a [(i16, &'a str)], Numberz, i64);

pub(crate) async fn multi(session: &Session) -> Checked {
    let calls: [Arguments<'_>; 3] = [
        (42, 4242, 424_242, &[(1, "blah"), (2, "thing")], Numberz::EIGHT, 24),
        (74, 0xff_00ff, 0xffff_ffff_d0d0, &[(0, "abc")], Numberz::FIVE, 0xf0_f0f0),
        (1, -123_948, -19_234_123_981, &[(1298, "fizz"), (-148, "buzz")], Numberz::EIGHT, 81),
    ];
    for (byte_thing, i32_thing, i64_thing, pairs, number, user) in calls {
        let pairs = pairs.iter().map(|(key, text)| (*key, (*text).into())).collect();
        let call = session.first.test_multi(byte_thing, i32_thing, i64_thing, pairs, number, user);
        let want = Xtruct { string_thing: "Hello2".into(), byte_thing, i32_thing, i64_thing };
        same(call.await, want)?;
    }
    Ok(())
}

pub(crate) async fn exception(session: &Session) -> Checked {
    let client = &session.first;
    same(client.test_exception("Safe").await, ())?;
    match client.test_exception("Xception").await {
        Err(CallError::Exception(Thrown::Err1(error))) => {
            same(Ok::<_, ()>(error), Xception { error_code: 1001, message: "Xception".into() })?;
        }
        got => return unexpected("an Xception", &got),
    }
    match client.test_exception("TException").await {
        Err(CallError::Failed(error)) if matches!(error.kind(), ErrorKind::Remote) => {}
        got => return unexpected("an error of the peer's", &got),
    }
    same(client.test_exception("success").await, ())
}

pub(crate) async fn multi_exception(session: &Session) -> Checked {
    let client = &session.first;
    match client.test_multi_exception("Xception", "ignore").await {
        Err(CallError::Exception(Either::Err1(error))) => {
            same(Ok::<_, ()>(error), Xception { error_code: 1001, message: "This is an Xception".into() })?;
        }
        got => return unexpected("an Xception", &got),
    }
    match client.test_multi_exception("Xception2", "ignore").await {
        Err(CallError::Exception(Either::Err2(error))) => {
            let struct_thing = Xtruct { string_thing: "This is an Xception2".into(), ..Default::default() };
            same(Ok::<_, ()>(error), Xception2 { error_code: 2002, struct_thing })?;
        }
        got => return unexpected("an Xception2", &got),
    }
    let want = Xtruct { string_thing: "foobar".into(), ..Default::default() };
    same(client.test_multi_exception("success", "foobar").await, want)
}

pub(crate) async fn oneway(session: &Session) -> Checked {
    let begin = Instant::now();
    same(session.first.test_oneway(1).await, ())?;
    let spent = begin.elapsed();
    if spent > ONEWAY {
        return Err(format!("testOneway took {spent:?}"));
    }
    // An answer to the oneway call would be taken for this one's.
    same(session.first.test_i32(-1).await, -1)
}

pub(crate) async fn second(session: &Session) -> Checked {
    same(session.second.blah_blah().await, ())?;
    let want = "testString(\"foobar\")".into();
    same(session.second.secondtest_string("foobar").await, want)?;
    same(session.first.test_string("Python").await, "Python".into())
}

fn unexpected(want: &str, got: &impl Debug) -> Checked {
    Err(format!("want {want}, got {got:?}"))
}
