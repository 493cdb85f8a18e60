//! Calls that end without a value.

use interop::common::Refused;
use interop::rich::{Denied, Oops};
use kitex::{BusinessStatus, ErrorKind, Str};

use super::methods::after;
use crate::trial::{Checked, Trial};

pub(super) async fn exception(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    trial.exception(rich.fail("oops"), oops()).await?;
    trial.exception(rich.fail("denied"), denied()).await?;
    trial.exception(rich.fail("refused"), Refused { why: "refused".into(), expires: 1 << 40 }).await?;
    trial.value(rich.fail("fine"), "fine".into()).await
}

pub(super) async fn exception_void(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    trial.exception(rich.fail_void("oops"), oops()).await?;
    trial.exception(rich.fail_void("denied"), denied()).await?;
    trial.value(rich.fail_void("fine"), ()).await
}

fn oops() -> Oops {
    Oops { reason: "oops".into(), code: -7 }
}

fn denied() -> Denied {
    Denied { who: "denied".into() }
}

pub(super) async fn error(trial: &mut Trial<'_>) -> Checked {
    trial.failure(trial.session.rich.fail("error"), 6, "boom").await?;
    trial.failure(trial.session.rich.fail_void("error"), 6, "boom").await?;
    after(trial).await
}

pub(super) async fn panic(trial: &mut Trial<'_>) -> Checked {
    trial.failure(trial.session.rich.fail("panic"), 6, "panic").await?;
    after(trial).await
}

pub(super) async fn status(trial: &mut Trial<'_>) -> Checked {
    let session = trial.session;
    let text = "not found: ü";
    let extra = [("k", "v"), ("", "ü")].map(|(key, value)| (Str::from(key), Str::from(value)));
    let judged = session.rich.judge(404, text, extra.clone().into());
    let negative = session.rich.judge(-1, "", Default::default());
    let void = session.rich.judge_void(7, "seven");
    if session.setting.named() && !session.setting.bare {
        let full = BusinessStatus { code: 404, message: text.into(), extra: extra.into() };
        trial.status(judged, full).await?;
        trial.status(negative, BusinessStatus::new(-1, "")).await?;
        trial.status(void, BusinessStatus::new(7, "seven")).await?;
    } else {
        // The status has no place in these forms, and the result has no field.
        trial.fails(judged, ErrorKind::MissingResult).await?;
        trial.fails(negative, ErrorKind::MissingResult).await?;
        trial.value(void, ()).await?;
    }
    after(trial).await
}

pub(super) async fn unknown_method(trial: &mut Trial<'_>) -> Checked {
    // Without a service's name the server finds no service that has the method.
    let code = if trial.session.setting.named() { 1 } else { 20 };
    trial.refusal(trial.session.newer.added("x"), code, "Added").await?;
    after(trial).await
}

pub(super) async fn unknown_service(trial: &mut Trial<'_>) -> Checked {
    trial.refusal(trial.session.absent.absent("x"), 20, "Absent").await?;
    after(trial).await
}

pub(super) async fn crc_wrong_answer(trial: &mut Trial<'_>) -> Checked {
    trial.fails(trial.session.rich.echo_string("tamper"), ErrorKind::Protocol).await?;
    trial.value(trial.session.other.hello("after"), "hello, after".into()).await
}
