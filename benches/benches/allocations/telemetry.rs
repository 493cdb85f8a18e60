//! What observes calls.

use std::future::pending;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;

use kitex_telemetry::{OtlpConfig, SamplingConfig, Telemetry};
use tokio::runtime::Builder;

/// Observes all calls of this process from now on, as a service in production does. The exporter has a thread of its own,
/// and a collector that never answers: what is kept is queued, be there room for it or not.
pub(crate) fn begin() {
    let (tell, told) = channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("there are descriptors left");
        let collector = TcpListener::bind("127.0.0.1:0").expect("the system has a port left");
        let address = collector.local_addr().expect("it is bound");
        let mut sampling = SamplingConfig::default();
        sampling.percent = 1.0;
        let telemetry = Telemetry::builder("allocations").sampling(sampling);
        let telemetry = telemetry.otlp(OtlpConfig::new(format!("http://{address}")));
        runtime.block_on(async {
            let _telemetry = telemetry.install().await.expect("nobody else has installed one");
            tell.send(()).expect("somebody waits for it");
            pending::<()>().await;
        });
    });
    told.recv().expect("the settings make sense");
}
