//! A server of the two services: peer-server PROTOCOL TRANSPORT plain|multiplexed.
//!
//! Prints `listening HOST:PORT`, and runs until it is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use thrift::OrderedFloat;
use thrift::server::{TMultiplexedProcessor, TProcessor};
use thrifttest_peer::sides;
use thrifttest_peer::thrift_test::{
    Insanity, Numberz, SecondServiceSyncHandler, SecondServiceSyncProcessor, ThriftTestSyncHandler,
    ThriftTestSyncProcessor, UserId, Xception, Xception2, Xtruct, Xtruct2,
};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [protocol, transport, form] = &words[..] else {
        return Err("peer-server PROTOCOL TRANSPORT plain|multiplexed".into());
    };
    let processor = processor(form == "multiplexed")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (mut input, mut output) = sides(stream?, protocol, transport)?;
        let processor = Arc::clone(&processor);
        // Ends by an error when the caller goes away.
        thread::spawn(move || while processor.process(&mut *input, &mut *output).is_ok() {});
    }
    Ok(())
}

fn processor(multiplexed: bool) -> thrift::Result<Arc<dyn TProcessor + Send + Sync>> {
    let first = ThriftTestSyncProcessor::new(First);
    if !multiplexed {
        return Ok(Arc::new(first));
    }
    let mut both = TMultiplexedProcessor::new();
    both.register("ThriftTest", Box::new(first), false)?;
    both.register("SecondService", Box::new(SecondServiceSyncProcessor::new(Second)), false)?;
    Ok(Arc::new(both))
}

struct First;

impl ThriftTestSyncHandler for First {
    fn handle_test_void(&self) -> thrift::Result<()> {
        Ok(())
    }

    fn handle_test_string(&self, thing: String) -> thrift::Result<String> {
        Ok(thing)
    }

    fn handle_test_bool(&self, thing: bool) -> thrift::Result<bool> {
        Ok(thing)
    }

    fn handle_test_byte(&self, thing: i8) -> thrift::Result<i8> {
        Ok(thing)
    }

    fn handle_test_i32(&self, thing: i32) -> thrift::Result<i32> {
        Ok(thing)
    }

    fn handle_test_i64(&self, thing: i64) -> thrift::Result<i64> {
        Ok(thing)
    }

    fn handle_test_double(&self, thing: OrderedFloat<f64>) -> thrift::Result<OrderedFloat<f64>> {
        Ok(thing)
    }

    fn handle_test_binary(&self, thing: Vec<u8>) -> thrift::Result<Vec<u8>> {
        Ok(thing)
    }

    fn handle_test_struct(&self, thing: Xtruct) -> thrift::Result<Xtruct> {
        Ok(thing)
    }

    fn handle_test_nest(&self, thing: Xtruct2) -> thrift::Result<Xtruct2> {
        Ok(thing)
    }

    fn handle_test_map(&self, thing: BTreeMap<i32, i32>) -> thrift::Result<BTreeMap<i32, i32>> {
        Ok(thing)
    }

    fn handle_test_string_map(
        &self,
        thing: BTreeMap<String, String>,
    ) -> thrift::Result<BTreeMap<String, String>> {
        Ok(thing)
    }

    fn handle_test_set(&self, thing: BTreeSet<i32>) -> thrift::Result<BTreeSet<i32>> {
        Ok(thing)
    }

    fn handle_test_list(&self, thing: Vec<i32>) -> thrift::Result<Vec<i32>> {
        Ok(thing)
    }

    fn handle_test_enum(&self, thing: Numberz) -> thrift::Result<Numberz> {
        Ok(thing)
    }

    fn handle_test_typedef(&self, thing: UserId) -> thrift::Result<UserId> {
        Ok(thing)
    }

    fn handle_test_map_map(&self, _: i32) -> thrift::Result<BTreeMap<i32, BTreeMap<i32, i32>>> {
        let by_itself = |numbers: std::ops::Range<i32>| numbers.map(|n| (n, n)).collect();
        Ok(BTreeMap::from([(-4, by_itself(-4..0)), (4, by_itself(1..5))]))
    }

    fn handle_test_insanity(
        &self,
        argument: Insanity,
    ) -> thrift::Result<BTreeMap<UserId, BTreeMap<Numberz, Insanity>>> {
        let first = BTreeMap::from([(Numberz::TWO, argument.clone()), (Numberz::THREE, argument)]);
        Ok(BTreeMap::from([(1, first), (2, BTreeMap::from([(Numberz::SIX, Insanity::new(None, None))]))]))
    }

    fn handle_test_multi(
        &self,
        arg0: i8,
        arg1: i32,
        arg2: i64,
        _: BTreeMap<i16, String>,
        _: Numberz,
        _: UserId,
    ) -> thrift::Result<Xtruct> {
        Ok(Xtruct::new("Hello2".to_owned(), arg0, arg1, arg2))
    }

    fn handle_test_exception(&self, arg: String) -> thrift::Result<()> {
        match &*arg {
            "Xception" => Err(Xception::new(1001, arg).into()),
            "TException" => Err("This is a TException".into()),
            _ => Ok(()),
        }
    }

    fn handle_test_multi_exception(&self, arg0: String, arg1: String) -> thrift::Result<Xtruct> {
        match &*arg0 {
            "Xception" => Err(Xception::new(1001, "This is an Xception".to_owned()).into()),
            "Xception2" => {
                let thing = Xtruct::new("This is an Xception2".to_owned(), 0, 0, 0);
                Err(Xception2::new(2002, thing).into())
            }
            _ => Ok(Xtruct::new(arg1, 0, 0, 0)),
        }
    }

    fn handle_test_oneway(&self, seconds_to_sleep: i32) -> thrift::Result<()> {
        thread::sleep(Duration::from_secs(u64::try_from(seconds_to_sleep).unwrap_or(0)));
        Ok(())
    }
}

struct Second;

impl SecondServiceSyncHandler for Second {
    fn handle_blah_blah(&self) -> thrift::Result<()> {
        Ok(())
    }

    fn handle_secondtest_string(&self, thing: String) -> thrift::Result<String> {
        Ok(format!("testString(\"{thing}\")"))
    }
}
