//! Values: as an argument, and as a result the same.

use std::collections::{HashMap, HashSet};

use interop::rich::{AllTypes, Choice, Color, Keys};
use kitex::{Bytes, CallError};

use crate::trial::{Checked, Trial};
use crate::values;

pub(super) async fn all_types(trial: &mut Trial<'_>) -> Checked {
    all(trial, values::full_all_types()).await
}

pub(super) async fn all_empty(trial: &mut Trial<'_>) -> Checked {
    all(trial, values::empty_all_types()).await
}

pub(super) async fn all_extreme(trial: &mut Trial<'_>) -> Checked {
    all(trial, values::extreme_all_types()).await
}

async fn all(trial: &mut Trial<'_>, value: AllTypes) -> Checked {
    let call = trial.session.rich.all(value.clone());
    trial.value(async { Ok::<_, CallError>(bitwise(call.await?)) }, bitwise(value)).await
}

/// The doubles as bits: NaN is not equal to itself, and -0 is equal to 0.
fn bitwise(mut value: AllTypes) -> (AllTypes, Vec<u64>) {
    let mut doubles = std::mem::take(&mut value.ld);
    doubles.push(std::mem::take(&mut value.d));
    (value, doubles.into_iter().map(f64::to_bits).collect())
}

pub(super) async fn keys(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    for keys in [values::full_keys(), Keys::default()] {
        trial.value(rich.keyed(keys.clone()), keys).await?;
    }
    Ok(())
}

pub(super) async fn base_types(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    trial.value(rich.echo_bool(true), true).await?;
    trial.value(rich.echo_bool(false), false).await?;
    trial.value(rich.echo_byte(i8::MIN), i8::MIN).await?;
    trial.value(rich.echo_i16(i16::MIN), i16::MIN).await?;
    trial.value(rich.echo_i32(i32::MIN), i32::MIN).await?;
    trial.value(rich.echo_i64(i64::MIN), i64::MIN).await?;
    trial.value(rich.echo_i64(i64::MAX), i64::MAX).await?;
    for double in [-0.1, -0.0] {
        let call = rich.echo_double(double);
        trial.value(async { Ok::<_, CallError>(call.await?.to_bits()) }, f64::to_bits(double)).await?;
    }
    trial.value(rich.echo_string("héllo, 世界"), "héllo, 世界".into()).await?;
    trial.value(rich.echo_string(""), "".into()).await?;
    let binary = values::binary([0xff, 0x00, 0xc3, 0x28]);
    trial.value(rich.echo_binary(binary.clone()), binary).await?;
    trial.value(rich.echo_binary(Bytes::new()), Bytes::new()).await?;
    trial.value(rich.echo_typedef(1 << 62), 1 << 62).await
}

pub(super) async fn containers(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    for list in [values::longs(1000), vec![]] {
        trial.value(rich.echo_list(list.clone()), list).await?;
    }
    for set in [values::texts(["a", "b", "ü"]), HashSet::new()] {
        trial.value(rich.echo_set(set.clone()), set).await?;
    }
    let map = [("k".into(), values::inner("v", 1)), ("".into(), values::inner("", 0))];
    for map in [map.into(), HashMap::new()] {
        trial.value(rich.echo_map(map.clone()), map).await?;
    }
    Ok(())
}

pub(super) async fn options(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    for options in [values::plain_opts(), values::set_opts()] {
        trial.value(rich.options(options.clone()), options).await?;
    }
    Ok(())
}

pub(super) async fn union(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    for choice in [Choice::Num(-7), Choice::Text("".into()), Choice::Inner(values::inner("in", 3))] {
        trial.value(rich.pick(choice.clone()), choice).await?;
    }
    Ok(())
}

pub(super) async fn enums(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    trial.value(rich.paint(Color::BLUE), Color::BLUE).await?;
    trial.value(rich.paint(Color(-5)), Color(-5)).await
}

pub(super) async fn recursive(trial: &mut Trial<'_>) -> Checked {
    trial.value(trial.session.rich.grow(values::tree(20)), values::tree(20)).await
}

pub(super) async fn big(trial: &mut Trial<'_>) -> Checked {
    let rich = &trial.session.rich;
    for text in ["a", "ü"] {
        let (text, bytes) = (values::repeated(text, 1 << 20), values::bytes(1 << 20));
        trial.value(rich.echo_string(&text), text).await?;
        trial.value(rich.echo_binary(bytes.clone()), bytes).await?;
    }
    Ok(())
}
