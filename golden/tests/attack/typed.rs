//! Reads the payload of a message into the generated types of its method.

use kitex_codec::{ApplicationException, Bytes, DecodeError, Limits};

use crate::idl::common::base_svc_calls as base;
use crate::idl::echo::echo_svc_calls as echo;
use crate::idl::rich::{other_svc_calls as other, rich_svc_calls as rich};

/// Reads the arguments and the result of `method`, and an exception; gives how many of them the bytes are. None is known
/// to be right, as a mutation may change the message's type.
pub(crate) fn read(method: &str, payload: &Bytes, limits: &Limits) -> usize {
    let exception = kitex_codec::decode::<ApplicationException>(payload, limits).map(drop);
    let (args, result) = match method {
        "Echo" => both::<echo::EchoArgs, echo::EchoResult>(payload, limits),
        "Hello" => both::<other::HelloArgs, other::HelloResult>(payload, limits),
        "All" => both::<rich::AllArgs, rich::AllResult>(payload, limits),
        "Options" => both::<rich::OptionsArgs, rich::OptionsResult>(payload, limits),
        "Pick" => both::<rich::PickArgs, rich::PickResult>(payload, limits),
        "Nop" => both::<rich::NopArgs, rich::NopResult>(payload, limits),
        "Put" => both::<rich::PutArgs, rich::PutResult>(payload, limits),
        "Fire" => both::<rich::FireArgs, rich::FireArgs>(payload, limits),
        "Sum" => both::<rich::SumArgs, rich::SumResult>(payload, limits),
        "Two" => both::<rich::TwoArgs, rich::TwoResult>(payload, limits),
        "VoidThrow" => both::<rich::VoidThrowArgs, rich::VoidThrowResult>(payload, limits),
        "Longs" => both::<rich::LongsArgs, rich::LongsResult>(payload, limits),
        "Big" => both::<rich::BigArgs, rich::BigResult>(payload, limits),
        "Paint" => both::<rich::PaintArgs, rich::PaintResult>(payload, limits),
        "Grow" => both::<rich::GrowArgs, rich::GrowResult>(payload, limits),
        "Bytes" => both::<rich::BytesArgs, rich::BytesResult>(payload, limits),
        "Table" => both::<rich::TableArgs, rich::TableResult>(payload, limits),
        "Sleep" => both::<rich::SleepArgs, rich::SleepResult>(payload, limits),
        "BaseHello" => both::<base::BaseHelloArgs, base::BaseHelloResult>(payload, limits),
        "BasePing" => both::<base::BasePingArgs, base::BasePingResult>(payload, limits),
        // `Nope` and other names that no service has.
        _ => return usize::from(exception.is_ok()),
    };
    [exception, args, result].into_iter().filter(Result::is_ok).count()
}

type Outcome = Result<(), DecodeError>;

fn both<A: kitex_codec::Message, R: kitex_codec::Message>(
    payload: &Bytes,
    limits: &Limits,
) -> (Outcome, Outcome) {
    let args = kitex_codec::decode::<A>(payload, limits).map(drop);
    (args, kitex_codec::decode::<R>(payload, limits).map(drop))
}
