//! The methods that do something.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use thrifttest_peer::thrift_test::{
    Insanity, Numberz, TSecondServiceSyncClient, TThriftTestSyncClient, Xception, Xception2, Xtruct,
};

use crate::echo::same;
use crate::{Checked, Clients};

/// A caller that waited for the handler would have waited for a second.
const ONEWAY: Duration = Duration::from_millis(200);

pub(crate) fn void(clients: &mut Clients) -> Checked {
    same(clients.first.test_void(), ())
}

pub(crate) fn map_map(clients: &mut Clients) -> Checked {
    let by_itself = |numbers: std::ops::Range<i32>| numbers.map(|n| (n, n)).collect();
    same(clients.first.test_map_map(42), BTreeMap::from([(-4, by_itself(-4..0)), (4, by_itself(1..5))]))
}

pub(crate) fn insanity(clients: &mut Clients) -> Checked {
    let users = BTreeMap::from([(Numberz::FIVE, 5), (Numberz::EIGHT, 8)]);
    let xtruct = |text: &str, n: i8| Xtruct::new(text.to_owned(), n, i32::from(n), i64::from(n));
    let crazy = Insanity::new(users, vec![xtruct("Goodbye4", 4), xtruct("Hello2", 2)]);
    let mut whoa = clients.first.test_insanity(crazy.clone())?;
    let looney =
        whoa.remove(&2).and_then(|mut second| second.remove(&Numberz::SIX)).ok_or("nothing under 2")?;
    // Empty and missing are the same here.
    same(Ok(looney.user_map.unwrap_or_default()), BTreeMap::new())?;
    same(Ok(looney.xtructs.unwrap_or_default()), Vec::new())?;
    let first = BTreeMap::from([(Numberz::TWO, crazy.clone()), (Numberz::THREE, crazy)]);
    same(Ok(whoa), BTreeMap::from([(1, first)]))
}

/// What testMulti is called with.
type Arguments<'a> = (i8, i32, i64, &'a [(i16, &'a str)], Numberz, i64);

pub(crate) fn multi(clients: &mut Clients) -> Checked {
    let calls: [Arguments<'_>; 3] = [
        (42, 4242, 424_242, &[(1, "blah"), (2, "thing")], Numberz::EIGHT, 24),
        (74, 0xff_00ff, 0xffff_ffff_d0d0, &[(0, "abc")], Numberz::FIVE, 0xf0_f0f0),
        (1, -123_948, -19_234_123_981, &[(1298, "fizz"), (-148, "buzz")], Numberz::EIGHT, 81),
    ];
    for (byte, i32_thing, i64_thing, pairs, number, user) in calls {
        let pairs = pairs.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        let got = clients.first.test_multi(byte, i32_thing, i64_thing, pairs, number, user);
        same(got, Xtruct::new("Hello2".to_owned(), byte, i32_thing, i64_thing))?;
    }
    Ok(())
}

pub(crate) fn exception(clients: &mut Clients) -> Checked {
    let mut call = |arg: &str| clients.first.test_exception(arg.to_owned());
    same(call("Safe"), ())?;
    thrown(call("Xception"), Xception::new(1001, "Xception".to_owned()))?;
    match call("TException") {
        Err(thrift::Error::Application(_)) => {}
        got => return Err(format!("want an application error, got {got:?}").into()),
    }
    same(call("success"), ())
}

pub(crate) fn multi_exception(clients: &mut Clients) -> Checked {
    let mut call =
        |arg0: &str, arg1: &str| clients.first.test_multi_exception(arg0.to_owned(), arg1.to_owned());
    thrown(call("Xception", "ignore"), Xception::new(1001, "This is an Xception".to_owned()))?;
    let thing = Xtruct::new("This is an Xception2".to_owned(), 0, 0, 0);
    thrown(call("Xception2", "ignore"), Xception2::new(2002, thing))?;
    same(call("success", "foobar"), Xtruct::new("foobar".to_owned(), 0, 0, 0))
}

fn thrown<T: Debug, E: PartialEq + std::error::Error + 'static>(got: thrift::Result<T>, want: E) -> Checked {
    match got {
        Err(thrift::Error::User(error)) if error.downcast_ref() == Some(&want) => Ok(()),
        got => Err(format!("want {want:?}, got {got:?}").into()),
    }
}

pub(crate) fn oneway(clients: &mut Clients) -> Checked {
    let begin = Instant::now();
    clients.first.test_oneway(1)?;
    let spent = begin.elapsed();
    if spent > ONEWAY {
        return Err(format!("testOneway took {spent:?}").into());
    }
    // An answer to the oneway call would be taken for this one's.
    same(clients.first.test_i32(-1), -1)
}

pub(crate) fn second(clients: &mut Clients) -> Checked {
    same(clients.second.blah_blah(), ())?;
    same(clients.second.secondtest_string("foobar".to_owned()), "testString(\"foobar\")".to_owned())?;
    same(clients.first.test_string("Python".to_owned()), "Python".to_owned())
}
