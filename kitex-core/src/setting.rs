//! Settings that make no sense.

use std::borrow::Cow;
use std::fmt;

/// A setting that makes no sense: what it belongs to cannot be built.
///
/// ```
/// use kitex_core::SettingError;
///
/// let error = SettingError::new("RetryConfig::attempts", "0 attempts are no call");
/// assert_eq!(error.to_string(), "RetryConfig::attempts: 0 attempts are no call");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    setting: &'static str,
    reason: Cow<'static, str>,
}

impl SettingError {
    /// `setting`, by its name in the code, cannot be as it is.
    pub fn new(setting: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { setting, reason: reason.into() }
    }

    /// The setting, by its name in the code.
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.reason)
    }
}

impl std::error::Error for SettingError {}
