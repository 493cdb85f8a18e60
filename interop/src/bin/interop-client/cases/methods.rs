//! Shapes of methods, and which service a call reaches.

use interop::common::Ping;
use interop::echo::{Req, Resp};
use interop::rich::Color;

use crate::trial::{Checked, Trial};
use crate::values;

pub(super) async fn several_arguments(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    trial.value(rich.sum(i64::MAX, -1, 7), i64::MAX - 8).await?;
    let mixed = rich.mixed("t", vec![1, -2], values::inner("in", 3), Color::BLUE, true);
    trial.value(mixed, "t|1,-2|in|10|true".into()).await
}

pub(super) async fn void(trial: &mut Trial<'_>) -> Checked {
    trial.value(trial.session.rich.nop(), ()).await?;
    trial.value(trial.session.rich.put("key", i64::MIN), ()).await
}

pub(super) async fn oneway(trial: &mut Trial<'_>) -> Checked {
    trial.value(trial.session.rich.fire("first"), ()).await?;
    trial.value(trial.session.rich.fire("second"), ()).await?;
    after(trial).await
}

pub(super) async fn extends(trial: &mut Trial<'_>) -> Checked {
    trial.value(trial.session.rich.base_hello("you"), "hello, you".into()).await?;
    trial.value(trial.session.rich.base_ping(Ping { id: "p".into() }), ()).await
}

pub(super) async fn routing(trial: &mut Trial<'_>) -> Checked {
    let session = trial.session;
    trial.value(session.rich.who("a"), "rich:a".into()).await?;
    trial.value(session.other.who("b"), "other:b".into()).await?;
    trial.value(session.rich.who("c"), "rich:c".into()).await?;
    trial.value(session.other.hello("d"), "hello, d".into()).await?;
    echo(trial).await
}

/// The fallback service, `OtherSvc`, gets the method that two services have.
pub(super) async fn routing_unnamed(trial: &mut Trial<'_>) -> Checked {
    let session = trial.session;
    trial.value(session.rich.who("a"), "other:a".into()).await?;
    trial.value(session.other.who("b"), "other:b".into()).await?;
    echo(trial).await
}

async fn echo(trial: &mut Trial<'_>) -> Checked {
    let call = trial.session.echo.echo(Req { msg: "e".into() });
    trial.value(call, Resp { msg: "e".into() }).await
}

/// The call that shows that both sides go on.
pub(super) async fn after(trial: &mut Trial<'_>) -> Checked {
    trial.value(trial.session.rich.echo_string("after"), "after".into()).await
}
