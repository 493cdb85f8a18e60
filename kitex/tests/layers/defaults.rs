//! The guide's table of defaults, held against the settings themselves: a test for each row.

use std::fmt::{self, Display};
use std::time::Duration;

use kitex::layer::{
    AdaptiveConfig, BackOff, BreakerConfig, ConcurrencyConfig, Hedge, PeerLimitConfig, RateConfig,
    RetryBudget, RetryPolicy,
};

/// A row: what Kitex has by default, the setting here, and its default.
#[derive(Debug)]
struct Row<'a> {
    kitex: &'a str,
    setting: &'a str,
    default: &'a str,
}

/// The rows of the table under the guide's heading.
fn rows() -> Vec<Row<'static>> {
    let guide = include_str!("../../docs/layers.md");
    let (_, section) = guide.split_once("# Their defaults\n").unwrap();
    let (section, _) = section.split_once("\n# ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let row = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, kitex, here, default] = cells[..] else { panic!("{line}") };
        let setting = here.strip_prefix("[`").and_then(|here| here.split('`').next()).unwrap();
        assert_eq!(here, format!("[`{setting}`](crate::layer::{setting})"));
        Row { kitex, setting, default }
    };
    rows.map(row).collect()
}

/// As the table writes a value.
trait Written {
    fn written(&self) -> String;
}

macro_rules! written {
    ($($number:ty),*) => {
        $(impl Written for $number {
            fn written(&self) -> String {
                self.to_string()
            }
        })*
    };
}

written!(u32, usize, f64, Switch);

impl Written for Duration {
    fn written(&self) -> String {
        match self.as_millis() {
            millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
            millis => format!("{millis} ms"),
        }
    }
}

impl<T: Written> Written for Option<T> {
    fn written(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), T::written)
    }
}

/// Times that are slow, and a share of calls.
impl Written for (Duration, f64) {
    fn written(&self) -> String {
        format!("{} of {}", self.1, self.0.written())
    }
}

/// A rate, and how many at once.
impl Written for (f64, u32) {
    fn written(&self) -> String {
        format!("{} a second, {} at once", self.0, self.1)
    }
}

impl Written for BackOff {
    fn written(&self) -> String {
        if *self == Self::None { "none".to_owned() } else { format!("{self:?}") }
    }
}

struct Switch(bool);

impl Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "on" } else { "off" })
    }
}

macro_rules! defaults {
    ($($test:ident $setting:literal $value:expr;)*) => {
        const TESTED: &[&str] = &[$($setting),*];

        $(#[test]
        fn $test() {
            let rows = rows();
            let row = rows.iter().find(|row| row.setting == $setting).unwrap();
            assert_eq!(row.default, $value.written(), "{row:?}");
        })*
    };
}

defaults! {
    a_bucket "BreakerConfig::bucket" BreakerConfig::default().bucket;
    buckets "BreakerConfig::buckets" BreakerConfig::default().buckets;
    failure_rate "BreakerConfig::failure_rate" BreakerConfig::default().failure_rate;
    min_samples "BreakerConfig::min_samples" BreakerConfig::default().min_samples;
    consecutive "BreakerConfig::consecutive_failures" BreakerConfig::default().consecutive_failures;
    slow_call "BreakerConfig::slow_call" BreakerConfig::default().slow_call;
    open_for "BreakerConfig::open_for" BreakerConfig::default().open_for;
    probe_interval "BreakerConfig::probe_interval" BreakerConfig::default().probe_interval;
    probe_successes "BreakerConfig::probe_successes" BreakerConfig::default().probe_successes;
    probes "BreakerConfig::probes" BreakerConfig::default().probes;
    attempts "RetryPolicy::attempts" RetryPolicy::default().attempts;
    max_duration "RetryPolicy::max_duration" RetryPolicy::default().max_duration;
    back_off "RetryPolicy::back_off" RetryPolicy::default().back_off;
    chain_stop "RetryPolicy::chain_stop" Switch(RetryPolicy::default().chain_stop);
    avoid_tried "RetryPolicy::avoid_tried" Switch(RetryPolicy::default().avoid_tried);
    idempotent "RetryPolicy::assume_idempotent" Switch(RetryPolicy::default().assume_idempotent);
    attempt_timeout "RetryPolicy::attempt_timeout" RetryPolicy::default().attempt_timeout;
    least_time "RetryPolicy::least_time" RetryPolicy::default().least_time;
    longest_push_back "RetryPolicy::longest_push_back" RetryPolicy::default().longest_push_back;
    hedges "Hedge::most" Hedge::after(Duration::from_millis(1)).most;
    mixed "RetryPolicy::mixed" RetryPolicy::mixed(Hedge::percentile(99.0)).attempts;
    budget_share "RetryBudget::share" RetryBudget::default().share;
    budget_least "RetryBudget::least_per_second" RetryBudget::default().least_per_second;
    budget_window "RetryBudget::window" RetryBudget::default().window;
    rate "RateConfig::rate" RateConfig::default().rate;
    burst "RateConfig::burst" RateConfig::default().burst;
    rate_keys "RateConfig::keys" RateConfig::default().keys;
    concurrency "ConcurrencyConfig::limit" ConcurrencyConfig::default().limit;
    concurrency_push_back "ConcurrencyConfig::push_back" ConcurrencyConfig::default().push_back;
    concurrency_keys "ConcurrencyConfig::keys" ConcurrencyConfig::default().keys;
    adaptive_initial "AdaptiveConfig::initial" AdaptiveConfig::default().initial;
    adaptive_min "AdaptiveConfig::min" AdaptiveConfig::default().min;
    adaptive_max "AdaptiveConfig::max" AdaptiveConfig::default().max;
    adaptive_tolerance "AdaptiveConfig::tolerance" AdaptiveConfig::default().tolerance;
    adaptive_window "AdaptiveConfig::window" AdaptiveConfig::default().window;
    adaptive_samples "AdaptiveConfig::samples" AdaptiveConfig::default().samples;
    adaptive_remeasure "AdaptiveConfig::remeasure" AdaptiveConfig::default().remeasure;
    adaptive_push_back "AdaptiveConfig::push_back" AdaptiveConfig::default().push_back;
    peer_connections "PeerLimitConfig::connections" PeerLimitConfig::default().connections;
    peer_rate "PeerLimitConfig::rate" PeerLimitConfig::default().rate;
    peer_addresses "PeerLimitConfig::addresses" PeerLimitConfig::default().addresses;
}

#[test]
fn every_row_has_a_test() {
    let settings: Vec<_> = rows().iter().map(|row| row.setting).collect();
    assert_eq!(settings, TESTED);
}

/// Those are told in the second table of the guide.
#[test]
fn defaults_are_kitexs_but_for_these() {
    let differing = |row: &&Row<'_>| !row.kitex.is_empty() && row.kitex != row.default;
    let rows = rows();
    let differing: Vec<_> = rows.iter().filter(differing).map(|row| row.setting).collect();
    let expected = [
        "RetryPolicy::assume_idempotent",
        "RetryPolicy::attempt_timeout",
        "RateConfig::rate",
        "PeerLimitConfig::connections",
    ];
    assert_eq!(differing, expected);
}
