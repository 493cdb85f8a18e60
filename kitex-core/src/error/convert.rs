//! What the codec and the layers of others fail with, as an error of a call.

use kitex_codec::{DecodeError, DecodeReason, EncodeError, EncodeReason};

use super::{BoxError, Error, ErrorKind, Stage};

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        let kind = match error.reason() {
            DecodeReason::Limit { .. } => ErrorKind::Limit,
            _ => ErrorKind::Protocol,
        };
        let setting = match error.reason() {
            DecodeReason::Limit { setting, .. } => Some(*setting),
            _ => None,
        };
        let mut this = Self::new(kind, Stage::Decode, "what came cannot be read").with_source(error);
        this.0.setting = setting;
        this
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        let setting = match *error.reason() {
            // What a format cannot express is named too, and is nobody's setting.
            EncodeReason::Limit { setting, .. } if setting.starts_with("Limits::") => Some(setting),
            _ => None,
        };
        let mut this = Self::new(ErrorKind::Encode, Stage::Local, "the value cannot be written");
        this.0.setting = setting;
        this.with_source(error)
    }
}

impl From<BoxError> for Error {
    fn from(error: BoxError) -> Self {
        Self::from_box(error)
    }
}
