//! Apache's `ThriftTest` and `SecondService` on one port, whatever the protocol: `--addr`.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use interop::Options;
use interop::thrifttest::{
    Insanity, Numberz, SecondService, SecondServiceServer, ThriftTest, ThriftTestServer,
    ThriftTestTestExceptionError, ThriftTestTestMultiExceptionError, UserId, Xception, Xception2, Xtruct,
    Xtruct2,
};
use kitex::{Bytes, CallError, Context, Server, Str};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thrifttest-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(&[], &["addr"])?;
    let server = Server::new().add(ThriftTestServer::new(First)).add(SecondServiceServer::new(Second));
    let bound = server.bind(options.text("addr").unwrap_or("127.0.0.1:0")).await?;
    writeln!(std::io::stdout(), "listening {}", bound.address())?;
    Ok(bound.serve_until_signal().await?)
}

struct First;

impl ThriftTest for First {
    async fn test_void(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn test_string(&self, _: &mut Context, thing: Str) -> Result<Str, CallError> {
        Ok(thing)
    }

    async fn test_bool(&self, _: &mut Context, thing: bool) -> Result<bool, CallError> {
        Ok(thing)
    }

    async fn test_byte(&self, _: &mut Context, thing: i8) -> Result<i8, CallError> {
        Ok(thing)
    }

    async fn test_i32(&self, _: &mut Context, thing: i32) -> Result<i32, CallError> {
        Ok(thing)
    }

    async fn test_i64(&self, _: &mut Context, thing: i64) -> Result<i64, CallError> {
        Ok(thing)
    }

    async fn test_double(&self, _: &mut Context, thing: f64) -> Result<f64, CallError> {
        Ok(thing)
    }

    async fn test_binary(&self, _: &mut Context, thing: Bytes) -> Result<Bytes, CallError> {
        Ok(thing)
    }

    async fn test_struct(&self, _: &mut Context, thing: Xtruct) -> Result<Xtruct, CallError> {
        Ok(thing)
    }

    async fn test_nest(&self, _: &mut Context, thing: Xtruct2) -> Result<Xtruct2, CallError> {
        Ok(thing)
    }

    async fn test_map(
        &self,
        _: &mut Context,
        thing: HashMap<i32, i32>,
    ) -> Result<HashMap<i32, i32>, CallError> {
        Ok(thing)
    }

    async fn test_string_map(
        &self,
        _: &mut Context,
        thing: HashMap<Str, Str>,
    ) -> Result<HashMap<Str, Str>, CallError> {
        Ok(thing)
    }

    async fn test_set(&self, _: &mut Context, thing: HashSet<i32>) -> Result<HashSet<i32>, CallError> {
        Ok(thing)
    }

    async fn test_list(&self, _: &mut Context, thing: Vec<i32>) -> Result<Vec<i32>, CallError> {
        Ok(thing)
    }

    async fn test_enum(&self, _: &mut Context, thing: Numberz) -> Result<Numberz, CallError> {
        Ok(thing)
    }

    async fn test_typedef(&self, _: &mut Context, thing: UserId) -> Result<UserId, CallError> {
        Ok(thing)
    }

    async fn test_map_map(
        &self,
        _: &mut Context,
        _: i32,
    ) -> Result<HashMap<i32, HashMap<i32, i32>>, CallError> {
        let by_itself = |numbers: std::ops::Range<i32>| numbers.map(|n| (n, n)).collect();
        Ok(HashMap::from([(-4, by_itself(-4..0)), (4, by_itself(1..5))]))
    }

    async fn test_insanity(
        &self,
        _: &mut Context,
        argument: Insanity,
    ) -> Result<HashMap<UserId, HashMap<Numberz, Insanity>>, CallError> {
        let first = HashMap::from([(Numberz::TWO, argument.clone()), (Numberz::THREE, argument)]);
        let second = HashMap::from([(Numberz::SIX, Insanity::default())]);
        Ok(HashMap::from([(1, first), (2, second)]))
    }

    async fn test_multi(
        &self,
        _: &mut Context,
        byte_thing: i8,
        i32_thing: i32,
        i64_thing: i64,
        _: HashMap<i16, Str>,
        _: Numberz,
        _: UserId,
    ) -> Result<Xtruct, CallError> {
        Ok(Xtruct { string_thing: "Hello2".into(), byte_thing, i32_thing, i64_thing })
    }

    async fn test_exception(
        &self,
        _: &mut Context,
        arg: Str,
    ) -> Result<(), CallError<ThriftTestTestExceptionError>> {
        match &*arg {
            "Xception" => Err(Xception { error_code: 1001, message: arg }.into()),
            "TException" => Err(kitex::Error::handler("This is a TException").into()),
            _ => Ok(()),
        }
    }

    async fn test_multi_exception(
        &self,
        _: &mut Context,
        arg0: Str,
        arg1: Str,
    ) -> Result<Xtruct, CallError<ThriftTestTestMultiExceptionError>> {
        match &*arg0 {
            "Xception" => Err(Xception { error_code: 1001, message: "This is an Xception".into() }.into()),
            "Xception2" => {
                let struct_thing =
                    Xtruct { string_thing: "This is an Xception2".into(), ..Default::default() };
                Err(Xception2 { error_code: 2002, struct_thing }.into())
            }
            _ => Ok(Xtruct { string_thing: arg1, ..Default::default() }),
        }
    }

    async fn test_oneway(&self, _: &mut Context, seconds_to_sleep: i32) -> Result<(), CallError> {
        tokio::time::sleep(Duration::from_secs(u64::try_from(seconds_to_sleep).unwrap_or(0))).await;
        Ok(())
    }
}

struct Second;

impl SecondService for Second {
    async fn blah_blah(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn secondtest_string(&self, _: &mut Context, thing: Str) -> Result<Str, CallError> {
        Ok(format!("testString(\"{thing}\")").into())
    }
}
