//! Prometheus' text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use metrics::Unit;

use super::{Counted, Family, Labels, Value};

/// The page. Names that become the same are one family, if they are of one kind; else the first is shown.
pub(super) fn render(families: Vec<Family>) -> String {
    let mut by_name: BTreeMap<String, Family> = BTreeMap::new();
    for family in families {
        let Some((_, first)) = family.points.first() else { continue };
        let name = named(&family.name, family.unit, first);
        match by_name.get_mut(&name) {
            None => {
                by_name.insert(name, family);
            }
            Some(there) if there.kind() == family.kind() => there.points.extend(family.points),
            Some(_) => {}
        }
    }
    let mut page = String::new();
    for (name, family) in &by_name {
        // Writing to a string does not fail.
        let _ = write_family(&mut page, name, family);
    }
    page
}

impl Family {
    fn kind(&self) -> Option<&'static str> {
        self.points.first().map(|(_, value)| match value {
            Value::Counter(_) => "counter",
            Value::Gauge(_) => "gauge",
            Value::Histogram(_) => "histogram",
        })
    }
}

/// `rpc_server_call_duration_seconds` for `rpc.server.call.duration`.
fn named(name: &str, unit: Option<Unit>, value: &Value) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' };
    let mut named: String = name.chars().map(allowed).collect();
    if named.starts_with(|c: char| c.is_ascii_digit()) || named.is_empty() {
        named.insert(0, '_');
    }
    // The other units, such as counts, say nothing that the name does not.
    let unit = match unit {
        Some(Unit::Seconds) => Some("seconds"),
        Some(Unit::Milliseconds) => Some("milliseconds"),
        Some(Unit::Microseconds) => Some("microseconds"),
        Some(Unit::Nanoseconds) => Some("nanoseconds"),
        Some(Unit::Bytes) => Some("bytes"),
        _ => None,
    };
    let total = matches!(value, Value::Counter(_)).then_some("total");
    for suffix in [unit, total].into_iter().flatten() {
        if !named.ends_with(suffix) {
            named.push('_');
            named.push_str(suffix);
        }
    }
    named
}

fn write_family(page: &mut String, name: &str, family: &Family) -> fmt::Result {
    if !family.description.is_empty() {
        writeln!(page, "# HELP {name} {}", family.description.replace('\\', r"\\").replace('\n', r"\n"))?;
    }
    writeln!(page, "# TYPE {name} {}", family.kind().unwrap_or("untyped"))?;
    for (labels, value) in &family.points {
        let shown = shown(labels, value);
        match value {
            Value::Counter(count) => writeln!(page, "{name}{} {count}", Set(&shown, None))?,
            Value::Gauge(number) => writeln!(page, "{name}{} {number}", Set(&shown, None))?,
            Value::Histogram(counted) => write_histogram(page, name, &shown, counted)?,
        }
    }
    Ok(())
}

fn write_histogram(page: &mut String, name: &str, labels: &str, counted: &Counted) -> fmt::Result {
    let mut below = 0_u64;
    for (place, count) in counted.counts.iter().enumerate() {
        below = below.wrapping_add(*count);
        let bound = counted.bounds.get(place).copied().unwrap_or(f64::INFINITY);
        writeln!(page, "{name}_bucket{} {below}", Set(labels, Some(bound)))?;
    }
    writeln!(page, "{name}_sum{} {}", Set(labels, None), counted.sum)?;
    writeln!(page, "{name}_count{} {below}", Set(labels, None))
}

/// `rpc_method="EchoSvc/Echo",error_type="timeout"`. A name that comes twice would make the whole page unreadable: of
/// labels whose names become the same, the last is shown.
fn shown(labels: &Labels, value: &Value) -> String {
    let is_histogram = matches!(value, Value::Histogram(_));
    let by_name: BTreeMap<String, &String> =
        labels.iter().map(|(key, value)| (label_name(key, is_histogram), value)).collect();
    let pairs = by_name.iter().map(|(name, value)| {
        let value = value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        format!("{name}=\"{value}\"")
    });
    pairs.collect::<Vec<_>>().join(",")
}

fn label_name(key: &str, is_histogram: bool) -> String {
    // Prometheus' own way with a label whose name is taken.
    if is_histogram && key == "le" {
        return "exported_le".to_owned();
    }
    let mut name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    name
}

/// `{rpc_method="EchoSvc/Echo",le="0.1"}`.
struct Set<'a>(&'a str, Option<f64>);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(labels, bound) = self;
        let comma = if labels.is_empty() { "" } else { "," };
        match bound {
            None if labels.is_empty() => Ok(()),
            None => write!(f, "{{{labels}}}"),
            Some(f64::INFINITY) => write!(f, "{{{labels}{comma}le=\"+Inf\"}}"),
            Some(bound) => write!(f, "{{{labels}{comma}le=\"{bound}\"}}"),
        }
    }
}
