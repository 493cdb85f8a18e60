//! Where to export to, and how much at a time.

use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use kitex_core::SettingError;

/// Export of traces and metrics over OTLP: protobuf over HTTP/1.1, to a collector.
///
/// A collector is spoken to in the clear: it stands on the same host, or beside it, and speaks TLS to the rest of the
/// world.
///
/// ```
/// use kitex_telemetry::OtlpConfig;
///
/// let mut otlp = OtlpConfig::new("http://127.0.0.1:4318");
/// otlp.headers.push(("x-tenant".to_owned(), "blue".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OtlpConfig {
    /// Where the collector is: `http://host:port`, with a path in front of `/v1/traces` and `/v1/metrics` if it has one.
    pub endpoint: String,
    /// Where traces go, if not there. The whole URL.
    pub traces_endpoint: Option<String>,
    /// Where metrics go, if not there. The whole URL.
    pub metrics_endpoint: Option<String>,
    /// Further headers of each request.
    pub headers: Vec<(String, String)>,
    /// How long a request may take. 10 s.
    pub timeout: Duration,
    /// Whether traces are exported. True.
    pub traces: bool,
    /// Whether metrics are exported. True.
    pub metrics: bool,
    /// Spans that wait for their export, at most; further ones are dropped and counted. 8192.
    pub queue: usize,
    /// Spans of one request, at most. 512.
    pub batch: usize,
    /// How long a span waits for others to go with it. 1 s.
    pub delay: Duration,
    /// How often metrics are exported. 60 s.
    pub interval: Duration,
    /// Attempts for one request: the collector may be away for a moment. 4; 100 at most.
    pub attempts: u32,
    /// How long after the first attempt the second is made; twice as long after that the third, and so on, up to 30 s.
    /// 1 s.
    pub back_off: Duration,
}

impl Default for OtlpConfig {
    /// To a collector on this host, at the port that is registered for it.
    fn default() -> Self {
        Self {
            endpoint: "http://127.0.0.1:4318".to_owned(),
            traces_endpoint: None,
            metrics_endpoint: None,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            traces: true,
            metrics: true,
            queue: 8192,
            batch: 512,
            delay: Duration::from_secs(1),
            interval: Duration::from_secs(60),
            attempts: 4,
            back_off: Duration::from_secs(1),
        }
    }
}

impl OtlpConfig {
    /// To a collector.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), ..Self::default() }
    }

    /// As the standard's environment variables say, over the defaults: `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_HEADERS`,
    /// `…_TIMEOUT` (milliseconds), `…_TRACES_ENDPOINT`, `…_METRICS_ENDPOINT`, `OTEL_TRACES_EXPORTER` and
    /// `OTEL_METRICS_EXPORTER` (`none` turns off), `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`,
    /// `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_METRIC_EXPORT_INTERVAL`. Errors, with its name, at one that cannot be read.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let mut config = Self::default();
        if let Some(endpoint) = get("OTEL_EXPORTER_OTLP_ENDPOINT") {
            config.endpoint = endpoint;
        }
        config.traces_endpoint = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        config.metrics_endpoint = get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
        if let Some(headers) = get("OTEL_EXPORTER_OTLP_HEADERS") {
            config.headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", &headers)?;
        }
        config.traces = get("OTEL_TRACES_EXPORTER").as_deref() != Some("none");
        config.metrics = get("OTEL_METRICS_EXPORTER").as_deref() != Some("none");
        let times = [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", &mut config.timeout),
            ("OTEL_BSP_SCHEDULE_DELAY", &mut config.delay),
            ("OTEL_METRIC_EXPORT_INTERVAL", &mut config.interval),
        ];
        for (name, time) in times {
            *time = number(name, get(name))?.map_or(*time, Duration::from_millis);
        }
        let counts = [
            ("OTEL_BSP_MAX_QUEUE_SIZE", &mut config.queue),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &mut config.batch),
        ];
        for (name, count) in counts {
            let found = number(name, get(name))?;
            *count = found.map_or(*count, |found| usize::try_from(found).unwrap_or(usize::MAX));
        }
        if get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE").is_none() {
            // The default is nobody's wish: it gives way to a small queue.
            config.batch = config.batch.min(config.queue);
        }
        Ok(config)
    }

    /// Errors, with its name, at a setting that makes no sense.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        if self.queue == 0 || self.queue > QUEUE {
            return Err(SettingError::new("OtlpConfig::queue", format!("it is from 1 to {QUEUE} spans")));
        }
        if self.batch == 0 || self.batch > self.queue {
            return Err(SettingError::new("OtlpConfig::batch", "it is from 1 to OtlpConfig::queue spans"));
        }
        if self.attempts == 0 || self.attempts > ATTEMPTS {
            let reason = format!("it is from 1 to {ATTEMPTS} attempts");
            return Err(SettingError::new("OtlpConfig::attempts", reason));
        }
        let times = [
            ("OtlpConfig::timeout", self.timeout),
            ("OtlpConfig::delay", self.delay),
            ("OtlpConfig::interval", self.interval),
            ("OtlpConfig::back_off", self.back_off),
        ];
        match times.into_iter().find(|(_, time)| time.is_zero() || *time > LONGEST) {
            Some((setting, _)) => Err(SettingError::new(setting, "it is above 0 s, and a day at most")),
            None => Ok(()),
        }
    }

    pub(crate) fn traces_to(&self) -> Result<Destination, SettingError> {
        self.destination("OtlpConfig::traces_endpoint", self.traces_endpoint.as_deref(), "/v1/traces")
    }

    pub(crate) fn metrics_to(&self) -> Result<Destination, SettingError> {
        self.destination("OtlpConfig::metrics_endpoint", self.metrics_endpoint.as_deref(), "/v1/metrics")
    }

    fn destination(
        &self,
        setting: &'static str,
        own: Option<&str>,
        path: &str,
    ) -> Result<Destination, SettingError> {
        let url = match own {
            Some(own) => parse(setting, own)?,
            None => parse("OtlpConfig::endpoint", &format!("{}{path}", self.endpoint.trim_end_matches('/')))?,
        };
        let Self { timeout, attempts, back_off, .. } = *self;
        Ok(Destination { url, headers: self.header_map()?, timeout, attempts, back_off })
    }

    fn header_map(&self) -> Result<HeaderMap, SettingError> {
        let refuse =
            |name: &str| SettingError::new("OtlpConfig::headers", format!("{name:?} is no header of HTTP"));
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let parsed = HeaderName::try_from(name).map_err(|_| refuse(name))?;
            headers.append(parsed, HeaderValue::try_from(value).map_err(|_| refuse(name))?);
        }
        Ok(headers)
    }
}

/// A span takes about a kilobyte: more than a gigabyte of them is a slip.
const QUEUE: usize = 1 << 20;

/// At up to 30 s in between, more attempts than this keep one request, and a shutdown that waits for it, for an hour.
const ATTEMPTS: u32 = 100;

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Where one signal goes.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) back_off: Duration,
}

fn parse(setting: &'static str, text: &str) -> Result<Uri, SettingError> {
    let refuse = |why: &str| Err(SettingError::new(setting, format!("{text}: {why}")));
    let Ok(url) = text.parse::<Uri>() else { return refuse("not a URL") };
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => {
            if port_makes_sense(&url) {
                Ok(url)
            } else {
                refuse("its port is no number from 1 to 65535")
            }
        }
        (Some("https"), _) => refuse("TLS is the collector's part: name one that is reached by http://"),
        _ => refuse("not a URL of the form http://host:port"),
    }
}

/// Whether there is no port, or one that can be connected to. `Uri` takes any text for one, and then has none.
fn port_makes_sense(url: &Uri) -> bool {
    let (authority, host) = (url.authority().map_or("", |it| it.as_str()), url.host().unwrap_or_default());
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    place == host || url.port_u16().is_some_and(|port| port != 0)
}

fn number(name: &'static str, value: Option<String>) -> Result<Option<u64>, SettingError> {
    let parse = |value: String| {
        let parsed = value.trim().parse();
        parsed.map_err(|_| SettingError::new(name, format!("{value:?} is no whole number")))
    };
    value.map(parse).transpose()
}

/// `key=value,key=value`, with what is special in percent escapes.
pub(crate) fn pairs(name: &'static str, text: &str) -> Result<Vec<(String, String)>, SettingError> {
    let refuse = |pair: &str| SettingError::new(name, format!("{pair:?} is not of the form key=value"));
    let read = |pair: &str| {
        let (key, value) = pair.split_once('=').ok_or_else(|| refuse(pair))?;
        let (key, value) = (key.trim(), unescaped(value.trim()).ok_or_else(|| refuse(pair))?);
        if key.is_empty() { Err(refuse(pair)) } else { Ok((key.to_owned(), value)) }
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(read).collect()
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_speaks_as_the_standard_says() {
        let variables = |name: &str| {
            let value = match name {
                "OTEL_EXPORTER_OTLP_ENDPOINT" => "http://collector:1/base/",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" => "http://other:2/whole",
                "OTEL_EXPORTER_OTLP_HEADERS" => "a=b%20c, d = e",
                "OTEL_EXPORTER_OTLP_TIMEOUT" => "2500",
                "OTEL_METRICS_EXPORTER" => "none",
                "OTEL_BSP_MAX_QUEUE_SIZE" => "7",
                "OTEL_BSP_SCHEDULE_DELAY" => " ",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let config = OtlpConfig::from_variables(variables).unwrap();
        assert_eq!(config.traces_to().unwrap().url, "http://collector:1/base/v1/traces");
        assert_eq!(config.metrics_to().unwrap().url, "http://other:2/whole");
        let headers = [("a", "b c"), ("d", "e")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(config.headers, headers);
        assert_eq!((config.timeout, config.delay), (Duration::from_millis(2500), Duration::from_secs(1)));
        assert_eq!((config.traces, config.metrics, config.queue), (true, false, 7));
    }

    #[test]
    fn a_variable_that_cannot_be_read_is_refused_by_name() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=%2"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ] {
            let refused = OtlpConfig::from_variables(|asked| (asked == name).then(|| value.to_owned()));
            assert_eq!(refused.unwrap_err().setting(), name);
        }
    }

    #[test]
    fn settings_without_sense_are_refused_by_name() {
        let default = OtlpConfig::default;
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let cases = [
            (OtlpConfig { queue: 0, ..default() }, "OtlpConfig::queue"),
            (OtlpConfig { queue: usize::MAX, ..default() }, "OtlpConfig::queue"),
            (OtlpConfig { batch: 0, ..default() }, "OtlpConfig::batch"),
            (OtlpConfig { batch: 9000, ..default() }, "OtlpConfig::batch"),
            (OtlpConfig { attempts: 0, ..default() }, "OtlpConfig::attempts"),
            (OtlpConfig { attempts: 101, ..default() }, "OtlpConfig::attempts"),
            (OtlpConfig { timeout: Duration::ZERO, ..default() }, "OtlpConfig::timeout"),
            (OtlpConfig { delay: Duration::ZERO, ..default() }, "OtlpConfig::delay"),
            (OtlpConfig { back_off: Duration::ZERO, ..default() }, "OtlpConfig::back_off"),
            (OtlpConfig { interval: Duration::MAX, ..default() }, "OtlpConfig::interval"),
            (OtlpConfig::new(""), "OtlpConfig::endpoint"),
            (OtlpConfig::new("127.0.0.1:4318"), "OtlpConfig::endpoint"),
            (OtlpConfig::new("https://collector:4318"), "OtlpConfig::endpoint"),
            (OtlpConfig::new("http://collector:99999"), "OtlpConfig::endpoint"),
            (OtlpConfig::new("http://collector:4318x"), "OtlpConfig::endpoint"),
            (OtlpConfig::new("http://me:4318@[::1]:0/"), "OtlpConfig::endpoint"),
            (OtlpConfig::new("http://collector:"), "OtlpConfig::endpoint"),
            (
                OtlpConfig { traces_endpoint: Some("x y".to_owned()), ..default() },
                "OtlpConfig::traces_endpoint",
            ),
            (OtlpConfig { headers: header("a b", ""), ..default() }, "OtlpConfig::headers"),
            (OtlpConfig { headers: header("a", "\n"), ..default() }, "OtlpConfig::headers"),
        ];
        for (config, setting) in cases {
            let refused = config.check().and_then(|()| config.traces_to()).unwrap_err();
            assert_eq!(refused.setting(), setting, "{refused}");
        }
        assert!(default().check().is_ok() && default().metrics_to().is_ok());
        for endpoint in
            ["http://collector", "http://[::1]", "http://[::1]:65535", "http://me:x@collector/base"]
        {
            let taken = OtlpConfig::new(endpoint).traces_to();
            assert!(taken.is_ok(), "{endpoint}: {taken:?}");
        }
    }

    #[test]
    fn the_default_batch_gives_way_to_a_small_queue_and_one_that_is_asked_for_does_not() {
        let read = |batch: Option<&str>| {
            OtlpConfig::from_variables(|name| match name {
                "OTEL_BSP_MAX_QUEUE_SIZE" => Some("256".to_owned()),
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" => batch.map(str::to_owned),
                _ => None,
            })
        };
        let alone = read(None).unwrap();
        assert_eq!((alone.queue, alone.batch), (256, 256));
        assert!(alone.check().is_ok());
        assert_eq!(read(Some("16")).unwrap().batch, 16);
        let refused = read(Some("512")).and_then(|config| config.check()).unwrap_err();
        assert_eq!(refused.setting(), "OtlpConfig::batch");
    }
}
