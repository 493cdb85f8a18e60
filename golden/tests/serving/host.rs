//! A server set up as a recorded one was.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use golden::{Answers, Case, Form};
use kitex_codec::Limits;
use kitex_core::{ConnectionInfo, Peer, Router, ServerConfig, ServerConnection, SharedService};

use super::clock::Clock;
use super::front::{Front, Returning};
use super::handlers::Handlers;
use crate::idl::{echo::EchoSvcServer, rich::OtherSvcServer, rich::RichSvcServer};

/// Services and settings of one server.
pub(crate) struct Host {
    pub(crate) clock: Clock,
    pub(crate) router: Arc<Router>,
    config: Arc<ServerConfig>,
    pub(crate) limits: Arc<Limits>,
}

impl Host {
    /// The server that answered in a case, over the connection `conn`.
    pub(crate) fn of(case: &Case, conn: u32) -> Self {
        let clock = Clock::new();
        let handlers = Handlers {
            clock: clock.clone(),
            reads_header: case.server_switch("meta").is_some(),
            gives_deadline: case.server_switch("ctx-timeout").is_some(),
        };
        let router = Arc::new(router(case, conn, &handlers));
        Self { clock, router, config: Arc::new(config(case)), limits: Arc::new(limits(case)) }
    }

    pub(crate) fn connection(&self) -> ServerConnection {
        let info = ConnectionInfo::new(Peer::Memory, Arc::clone(&self.limits));
        ServerConnection::new(Arc::clone(&self.router), Arc::clone(&self.config), info, self.clock.now())
    }
}

fn router(case: &Case, conn: u32, handlers: &Handlers) -> Router {
    let mut router = Router::new();
    for name in case.server_switch("svcs").unwrap_or_default().split(',') {
        add(&mut router, name.trim_end_matches('+'), handlers);
        if name == "other+" {
            router.set_fallback("OtherSvc").unwrap();
        }
    }
    router.set_strict(case.server_switch("refuse-no-service").is_some());
    if ["unknown", "binary-generic"].iter().any(|name| case.server_switch(name).is_some()) {
        router.set_unknown(SharedService::new(Returning));
    }
    let forbidden = case.server_switch("acl").map(|_| "request forbidden: not you");
    let refusal = forbidden.or_else(|| case.server_switch("mw-error")).map(str::to_owned);
    // A limit of 10 a second let three calls pass that came at once.
    let allowed = case.server_switch("qps").map_or(usize::MAX, |_| 3);
    let calls = Arc::new(AtomicUsize::new(allowed));
    let form = form(case, conn);
    router.map(|inner| {
        let (refusal, calls) = (refusal.clone(), Arc::clone(&calls));
        SharedService::new(Front { inner, refusal, calls, form })
    });
    router
}

fn add(router: &mut Router, name: &str, handlers: &Handlers) {
    let handlers = handlers.clone();
    match name {
        "echo" => router.add(EchoSvcServer::new(handlers)),
        "rich" => router.add(RichSvcServer::new(handlers)),
        "other" => router.add(OtherSvcServer::new(handlers)),
        // Kitex Protobuf, and none at all.
        _ => {}
    }
}

/// The outer form of a connection's messages in the recorded server's words.
fn form(case: &Case, conn: u32) -> &'static str {
    let answers = Answers::recorded(case, conn);
    match answers.replies.first().map(|reply| reply.decoded.form) {
        Some(Form::Framed) => "Framed",
        Some(Form::TtHeader) => "TTHeader",
        Some(Form::TtHeaderFramed) => "TTHeader|Framed",
        Some(Form::Buffered) | None => "PurePayload",
    }
}

/// How long Kitex waits for the rest of a message.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

fn config(case: &Case) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.checksum = case.server_switch("crc").is_some();
    config.message_timeout = match case.server_switch("read-timeout") {
        Some("1s") => Duration::from_secs(1),
        _ => READ_TIMEOUT,
    };
    config
}

fn limits(case: &Case) -> Limits {
    let mut limits = Limits::default();
    if let Some(max) = case.server_switch("max-size") {
        limits.max_frame = max.parse().unwrap();
    }
    limits
}
