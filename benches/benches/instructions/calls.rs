//! The calls that are counted.

use std::net::TcpListener;

use benches::{bench, echo};
use kitex::{Memory, Server, Suite};
use kitex_telemetry::{OtlpConfig, SamplingConfig, Telemetry};
use tokio::runtime::Builder;

/// Bytes of the text that is echoed.
const TEXT: usize = 128;

/// Makes calls one after another: without layers, with the `suite`, or with that and `observed`.
pub(crate) fn make(calls: u64, case: Option<&str>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("there are descriptors left");
    runtime.block_on(async {
        let collector = TcpListener::bind("127.0.0.1:0").expect("the system has a port left");
        let telemetry = match case {
            Some("observed") => Some(observe(&collector).await),
            _ => None,
        };
        let memory = Memory::new();
        let (mut server, mut client) = (Server::new().add(echo::server()), echo::client(&memory).mux(1));
        if case.is_some() {
            (server, client) = (server.suite(Suite::standard()), client.suite(Suite::standard()));
        }
        let server = server.bind(&memory).await.expect("the settings make sense");
        let serving = tokio::spawn(server.serve());
        let client = client.connect().await.expect("the server is there");
        let message = bench::Message { text: "x".repeat(TEXT).into() };
        for _ in 0..calls {
            client.say(message.clone()).await.expect("the server answers");
        }
        serving.abort();
        drop(telemetry);
    });
}

/// Observes all calls of this process, as a service in production does; the collector never answers.
async fn observe(collector: &TcpListener) -> Telemetry {
    let address = collector.local_addr().expect("it is bound");
    let mut sampling = SamplingConfig::default();
    sampling.percent = 1.0;
    let telemetry = Telemetry::builder("instructions").sampling(sampling);
    let telemetry = telemetry.otlp(OtlpConfig::new(format!("http://{address}")));
    telemetry.install().await.expect("nobody else has installed one")
}
