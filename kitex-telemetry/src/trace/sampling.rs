//! Which calls' spans are kept.

use std::time::Duration;

use kitex_core::SettingError;
use kitex_middleware::TraceParent;

/// Which spans are kept. Decided when a call has ended, so that no failed and no slow one is missed.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_telemetry::SamplingConfig;
///
/// let mut sampling = SamplingConfig::default();
/// sampling.percent = 5.0;
/// sampling.slow_call = Duration::from_millis(200);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SamplingConfig {
    /// How many of a hundred traces are kept whatever happens in them. The trace's id decides, as in OpenTelemetry's
    /// `TraceIdRatioBased`, so that all hops with the same share keep the same ones. 1.
    pub percent: f64,
    /// Whether a trace that began elsewhere is kept if its `traceparent` says that it is sampled, and not by its id.
    /// True; a trace that begins here is always marked by its id.
    pub follow_parent: bool,
    /// Calls that took at least this long are kept. 1 s.
    pub slow_call: Duration,
    /// Spans and events that wait for the end of their calls, at most, of all calls together; further ones are dropped
    /// and counted. 65 536.
    pub held: usize,
    /// Of one call. 512.
    pub held_per_call: usize,
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self {
            percent: 1.0,
            follow_parent: true,
            slow_call: Duration::from_secs(1),
            held: 65_536,
            held_per_call: 512,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sampler {
    /// Half of a trace id's lower half is below this if it is kept.
    bound: u64,
    follow_parent: bool,
    pub(super) slow_call: Duration,
    pub(super) held: usize,
    pub(super) held_per_call: usize,
}

impl Sampler {
    pub(crate) fn new(config: &SamplingConfig) -> Result<Self, SettingError> {
        if !(0.0..=100.0).contains(&config.percent) {
            let reason = format!("{} is no share of a hundred", config.percent);
            return Err(SettingError::new("SamplingConfig::percent", reason));
        }
        if config.slow_call.is_zero() {
            return Err(SettingError::new("SamplingConfig::slow_call", "every call takes at least 0 s"));
        }
        let places =
            [("SamplingConfig::held", config.held), ("SamplingConfig::held_per_call", config.held_per_call)];
        if let Some((setting, _)) = places.into_iter().find(|(_, places)| *places == 0) {
            return Err(SettingError::new(setting, "0 places hold no span until its call has ended"));
        }
        Ok(Self {
            bound: (config.percent / 100.0 * (1_u64 << 63) as f64) as u64,
            follow_parent: config.follow_parent,
            slow_call: config.slow_call,
            held: config.held,
            held_per_call: config.held_per_call,
        })
    }

    /// Whether a trace is kept for its id.
    pub(super) fn chooses(&self, trace_id: u128) -> bool {
        (trace_id as u64) >> 1 < self.bound
    }

    /// Whether a call is kept for where it stands.
    pub(super) fn keeps(&self, place: &TraceParent) -> bool {
        if self.follow_parent { place.is_sampled() } else { self.chooses(place.trace_id()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(percent: f64) -> Sampler {
        Sampler::new(&SamplingConfig { percent, ..SamplingConfig::default() }).unwrap()
    }

    #[test]
    fn the_share_of_a_hundred_is_kept_and_more_contains_less() {
        let ids = (1..=100_000_u64).map(|n| u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let (one, ten) = (sampler(1.0), sampler(10.0));
        let (mut by_one, mut by_ten) = (0, 0);
        for id in ids {
            by_one += u32::from(one.chooses(id));
            by_ten += u32::from(ten.chooses(id));
            assert!(!one.chooses(id) || ten.chooses(id));
        }
        assert!((900..1100).contains(&by_one) && (9_500..10_500).contains(&by_ten), "{by_one}, {by_ten}");
        assert!(!sampler(0.0).chooses(0) && sampler(100.0).chooses(u128::MAX));
    }

    #[test]
    fn a_trace_that_came_is_kept_by_its_flag_or_its_id() {
        let (low, high) = (1_u128 << 64, u128::MAX);
        let place = |id, sampled| TraceParent::new(id, 1, sampled).unwrap();
        let follows = sampler(50.0);
        assert!(follows.keeps(&place(high, true)) && !follows.keeps(&place(low, false)));
        let config = SamplingConfig { percent: 50.0, follow_parent: false, ..SamplingConfig::default() };
        let by_id = Sampler::new(&config).unwrap();
        assert!(!by_id.keeps(&place(high, true)) && by_id.keeps(&place(low, false)));
    }

    #[test]
    fn settings_without_sense_are_refused_by_name() {
        let default = SamplingConfig::default;
        let cases = [
            (SamplingConfig { percent: f64::NAN, ..default() }, "SamplingConfig::percent"),
            (SamplingConfig { percent: 100.1, ..default() }, "SamplingConfig::percent"),
            (SamplingConfig { percent: -0.1, ..default() }, "SamplingConfig::percent"),
            (SamplingConfig { slow_call: Duration::ZERO, ..default() }, "SamplingConfig::slow_call"),
            (SamplingConfig { held: 0, ..default() }, "SamplingConfig::held"),
            (SamplingConfig { held_per_call: 0, ..default() }, "SamplingConfig::held_per_call"),
        ];
        for (config, setting) in cases {
            assert_eq!(Sampler::new(&config).unwrap_err().setting(), setting);
        }
    }
}
