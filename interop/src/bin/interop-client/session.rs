//! A client of each service, and how they talk to the server.

use std::time::Duration;

use interop::control::ControlSvcClient;
use interop::echo::{EchoSvcClient, OtherSvcClient};
use interop::newer::{self, AbsentSvcClient};
use interop::rich::RichSvcClient;
use interop::{Options, framing};
use kitex::layer::{RetryConfig, RetryLayer, RetryPolicy};
use kitex::{ClientBuilder, Framing};

/// The name the client programs go by.
pub(crate) const CALLER: &str = "interop.client";

/// How the two programs talk.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    form: Framing,
    /// Many calls share a connection.
    pub(crate) mux: bool,
    /// The server is a Kitex one without its meta handler: it sends no business status.
    pub(crate) bare: bool,
    /// The server writes wrong checksums.
    pub(crate) tamper: bool,
    /// The server answers the calls of a connection one after the other.
    pub(crate) in_order: bool,
    /// There is a server behind the server.
    pub(crate) relayed: bool,
    /// That server makes calls again that fail.
    pub(crate) retrying: bool,
}

impl Setting {
    fn of(options: &Options) -> Result<Self, String> {
        let transport = options.text("transport").unwrap_or("ttheader-framed");
        Ok(Self {
            form: framing(transport)?,
            mux: transport == "mux",
            bare: options.has("bare"),
            tamper: options.has("tamper"),
            in_order: options.has("in-order"),
            relayed: options.has("relayed"),
            retrying: options.has("retrying"),
        })
    }

    /// Whether requests say their service.
    pub(crate) fn named(&self) -> bool {
        self.form.has_header()
    }
}

/// One client of each service.
pub(crate) struct Session {
    pub(crate) setting: Setting,
    pub(crate) rich: RichSvcClient,
    pub(crate) echo: EchoSvcClient,
    pub(crate) other: OtherSvcClient,
    pub(crate) control: ControlSvcClient,
    /// A client of a later version of a service: it has a method that the server has not.
    pub(crate) newer: newer::RichSvcClient,
    /// A client of a service that the server has not.
    pub(crate) absent: AbsentSvcClient,
    options: Options,
}

impl Session {
    pub(crate) async fn connect(options: &Options) -> Result<Self, Box<dyn std::error::Error>> {
        let address = options.text("addr").ok_or("--addr is missing")?;
        Ok(Self {
            setting: Setting::of(options)?,
            rich: set_up(RichSvcClient::builder(address), options)?.connect().await?,
            echo: set_up(EchoSvcClient::builder(address), options)?.connect().await?,
            other: set_up(OtherSvcClient::builder(address), options)?.connect().await?,
            control: control(options).await?,
            newer: set_up(newer::RichSvcClient::builder(address), options)?.connect().await?,
            absent: set_up(AbsentSvcClient::builder(address), options)?.connect().await?,
            options: options.clone(),
        })
    }

    /// A client of `ControlSvc` that makes calls again.
    pub(crate) async fn retrying(&self, mut policy: RetryPolicy) -> Result<ControlSvcClient, String> {
        policy.assume_idempotent = true;
        let layer = RetryLayer::new(RetryConfig::new(policy)).map_err(|error| error.to_string())?;
        let address = self.options.text("addr").unwrap_or_default();
        let builder = set_up(ControlSvcClient::builder(address), &self.options)?.layer(layer);
        builder.connect().await.map_err(|error| error.to_string())
    }
}

/// A client of `ControlSvc` alone.
pub(crate) async fn control(options: &Options) -> Result<ControlSvcClient, Box<dyn std::error::Error>> {
    let address = options.text("addr").ok_or("--addr is missing")?;
    Ok(set_up(ControlSvcClient::builder(address), options)?.connect().await?)
}

fn set_up<C: kitex::GeneratedClient>(
    builder: ClientBuilder<C>,
    options: &Options,
) -> Result<ClientBuilder<C>, String> {
    let setting = Setting::of(options)?;
    let builder = builder
        .framing(setting.form)
        .timeout(Duration::from_millis(options.get("timeout", 10_000)?))
        .connect_timeout(Duration::from_secs(2))
        .checksum(options.has("crc"))
        .service_name("interop.server")
        .caller(CALLER);
    Ok(match setting.mux {
        true => builder.mux(options.get("connections", 1)?),
        false => builder.pool(64),
    })
}
