//! A client that runs the cases: peer-client VALUES ADDRESS PROTOCOL TRANSPORT plain|multiplexed.
//!
//! Prints a line of JSON for each case, `{"case":NAME,"ok":BOOL,"error":TEXT}`.

mod cases;
mod echo;

use std::error::Error;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thrift::protocol::TMultiplexedOutputProtocol;
use thrifttest_peer::thrift_test::{SecondServiceSyncClient, ThriftTestSyncClient};
use thrifttest_peer::{Input, Output, sides};

/// Nothing, or what was wrong.
type Checked = Result<(), Box<dyn Error>>;
type Trial<'a> = Box<dyn Fn(&mut Clients) -> Checked + 'a>;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, address, protocol, transport, form] = &words[..] else {
        return Err("peer-client VALUES ADDRESS PROTOCOL TRANSPORT plain|multiplexed".into());
    };
    let values: Map<String, Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    let setting = Setting { address, protocol, transport, multiplexed: form == "multiplexed" };
    let mut clients = None;
    for (name, run) in trials(&values, setting.multiplexed) {
        let checked = match clients.take().map_or_else(|| setting.connect(), Ok) {
            Ok(mut ready) => run(&mut ready).map(|()| clients = Some(ready)),
            Err(error) => Err(error),
        };
        // After a failure the other cases are run on a connection that works.
        let problem = checked.err().map(|error| error.to_string());
        println!("{}", json!({"case": name, "ok": problem.is_none(), "error": problem}));
    }
    Ok(())
}

fn trials(values: &Map<String, Value>, multiplexed: bool) -> Vec<(&str, Trial<'_>)> {
    let mut trials: Vec<(&str, Trial<'_>)> = vec![("testVoid", Box::new(cases::void))];
    for (row, values) in values {
        trials.push((row, Box::new(move |clients| echo::run(clients, row, values))));
    }
    trials.push(("testMapMap", Box::new(cases::map_map)));
    trials.push(("testInsanity", Box::new(cases::insanity)));
    trials.push(("testMulti", Box::new(cases::multi)));
    trials.push(("testException", Box::new(cases::exception)));
    trials.push(("testMultiException", Box::new(cases::multi_exception)));
    if multiplexed {
        trials.push(("SecondService", Box::new(cases::second)));
    }
    trials.push(("testOneway", Box::new(cases::oneway)));
    trials
}

/// The clients, each of which has a connection of its own.
struct Clients {
    first: ThriftTestSyncClient<Input, Output>,
    second: SecondServiceSyncClient<Input, Output>,
}

struct Setting<'a> {
    address: &'a str,
    protocol: &'a str,
    transport: &'a str,
    multiplexed: bool,
}

impl Setting<'_> {
    fn connect(&self) -> Result<Clients, Box<dyn Error>> {
        let (input, output) = self.sides("ThriftTest")?;
        let first = ThriftTestSyncClient::new(input, output);
        let (input, output) = self.sides("SecondService")?;
        Ok(Clients { first, second: SecondServiceSyncClient::new(input, output) })
    }

    fn sides(&self, service: &str) -> Result<(Input, Output), Box<dyn Error>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let (input, output) = sides(stream, self.protocol, self.transport)?;
        Ok(match self.multiplexed {
            true => (input, Box::new(TMultiplexedOutputProtocol::new(service, output))),
            false => (input, output),
        })
    }
}
