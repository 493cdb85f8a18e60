//! Calls that end in something else than a value.

use std::time::{Duration, Instant};

use kitex::{CallError, ErrorKind};

use super::{Failure, Line};
use crate::greeter::{GreeterClient, GreeterGreetError};

pub(super) async fn exception(address: &str) -> Result<Line, Failure> {
    let client = GreeterClient::connect(address).await?;
    let Err(CallError::Exception(GreeterGreetError::Stranger(stranger))) = client.greet("nobody").await
    else {
        return Err("the declared exception did not come".into());
    };
    Ok(Line {
        feature: "declared exception",
        seen: format!("`{}` is a stranger to the server", stranger.name),
    })
}

pub(super) async fn status(address: &str) -> Result<Line, Failure> {
    let client = GreeterClient::connect(address).await?;
    let Err(CallError::Status(status)) = client.balance("gold").await else {
        return Err("the business status did not come".into());
    };
    let account = status.extra.get("account").ok_or("the status has no extra")?;
    Ok(Line { feature: "business status", seen: format!("{}, {}: `{account}`", status.code, status.message) })
}

pub(super) async fn deadline(address: &str) -> Result<Line, Failure> {
    let client = GreeterClient::connect(address).await?;
    let begin = Instant::now();
    let error = match client.wait(60_000).timeout(Duration::from_millis(50)).await {
        Err(CallError::Failed(error)) if error.kind() == ErrorKind::Deadline => error,
        other => return Err(format!("the deadline did not fire: {other:?}").into()),
    };
    let spent = begin.elapsed().as_millis();
    let within = if spent < 1000 { "in time" } else { "late" };
    Ok(Line { feature: "deadline", seen: format!("{within}: {error}") })
}

pub(super) async fn nobody_listens() -> Result<Line, Failure> {
    let Err(error) = GreeterClient::connect("127.0.0.1:1").await else {
        return Err("somebody listens at port 1".into());
    };
    Ok(Line { feature: "wrong port", seen: error.to_string() })
}
