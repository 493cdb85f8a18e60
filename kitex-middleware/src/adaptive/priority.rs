//! How much a call matters beside others.

use kitex_core::{Request, Scope};

/// How much a call matters, when not all can be served: the less it does, the earlier it is refused.
///
/// ```
/// use kitex_middleware::Priority;
///
/// assert!(Priority::Low < Priority::Critical);
/// assert_eq!((Priority::parse("Low"), Priority::parse("1")), (Some(Priority::Low), Some(Priority::Low)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// What can as well be done later: may take 50 % of a limit.
    Bulk,
    /// What few will miss: may take 70 % of a limit.
    Low,
    /// Any other call: may take 85 % of a limit.
    #[default]
    Normal,
    /// What has to be served if anything is: may take all of a limit.
    Critical,
}

/// The key of a priority in metadata.
const KEY: &str = "PRIORITY";

const ALL: [(Priority, &str, &str); 4] = [
    (Priority::Bulk, "bulk", "0"),
    (Priority::Low, "low", "1"),
    (Priority::Normal, "normal", "2"),
    (Priority::Critical, "critical", "3"),
];

impl Priority {
    /// The priority of a name in letters of any case, or of a digit from 0 (bulk) to 3 (critical).
    pub fn parse(text: &str) -> Option<Self> {
        let of = |(_, name, digit): &&(Self, &str, &str)| text.eq_ignore_ascii_case(name) || text == *digit;
        ALL.iter().find(of).map(|(priority, ..)| *priority)
    }

    /// What a request's metadata says under `PRIORITY`: for this hop, else for the whole chain of calls, else normal.
    pub fn of(request: &Request) -> Self {
        let metadata = &request.context.metadata;
        let scopes = [Scope::Transient, Scope::Persistent];
        scopes
            .into_iter()
            .find_map(|scope| metadata.get(scope, KEY))
            .and_then(Self::parse)
            .unwrap_or_default()
    }

    /// How many calls may run, at a limit, for one more of this priority to be admitted. Never none.
    pub(super) fn share(self, limit: u32) -> u32 {
        let percent = match self {
            Self::Bulk => 50,
            Self::Low => 70,
            Self::Normal => 85,
            Self::Critical => 100,
        };
        let share = (u64::from(limit) * percent).div_ceil(100);
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use kitex_core::{Method, Payload, Protocol};

    use super::*;

    #[test]
    fn lower_priorities_have_a_smaller_share_of_a_limit_that_has_room_for_one_at_least() {
        let shares = |limit| ALL.map(|(priority, ..)| priority.share(limit));
        assert_eq!(shares(100), [50, 70, 85, 100]);
        assert_eq!(shares(10), [5, 7, 9, 10]);
        assert_eq!(shares(1), [1, 1, 1, 1]);
        assert_eq!(shares(u32::MAX)[3], u32::MAX);
    }

    #[test]
    fn the_hop_has_its_say_before_the_chain_and_nonsense_is_normal() {
        use Priority::*;
        let cases = [
            (None, None, Normal),
            (Some("bulk"), None, Bulk),
            (None, Some("CRITICAL"), Critical),
            (Some("0"), Some("3"), Bulk),
            (Some("urgent"), None, Normal),
            (Some("9"), None, Normal),
        ];
        for (transient, persistent, expected) in cases {
            let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(&[0]));
            let mut request = Request::new(Method::dynamic("S", "M"), payload);
            for (scope, value) in [(Scope::Transient, transient), (Scope::Persistent, persistent)] {
                value.into_iter().for_each(|value| request.context.metadata.set(scope, KEY, value));
            }
            assert_eq!(Priority::of(&request), expected, "{transient:?} {persistent:?}");
        }
    }
}
