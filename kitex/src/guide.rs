//! The guide, chapter by chapter. Its code is compiled and run with the tests.

#[doc = include_str!("../docs/first-service.md")]
pub mod first_service {}

#[doc = include_str!("../docs/idl-and-code.md")]
pub mod idl_and_code {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/metadata-and-deadlines.md")]
pub mod metadata_and_deadlines {}

#[doc = include_str!("../docs/layers.md")]
pub mod layers {}

#[doc = include_str!("../docs/simulations.md")]
pub mod simulations {}

#[doc = include_str!("../docs/telemetry.md")]
pub mod telemetry {}

#[doc = include_str!("../docs/shutdown.md")]
pub mod shutdown {}

#[doc = include_str!("../docs/storage.md")]
pub mod storage {}

#[doc = include_str!("../docs/coming-from-apache-thrift.md")]
pub mod coming_from_apache_thrift {}

#[doc = include_str!("../docs/coming-from-kitex.md")]
pub mod coming_from_kitex {}

#[doc = include_str!("../docs/coming-from-volo.md")]
pub mod coming_from_volo {}
