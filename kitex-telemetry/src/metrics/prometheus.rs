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
        match value {
            Value::Counter(count) => writeln!(page, "{name}{} {count}", Set(labels, None))?,
            Value::Gauge(number) => writeln!(page, "{name}{} {number}", Set(labels, None))?,
            Value::Histogram(counted) => write_histogram(page, name, labels, counted)?,
        }
    }
    Ok(())
}

fn write_histogram(page: &mut String, name: &str, labels: &Labels, counted: &Counted) -> fmt::Result {
    let mut below = 0_u64;
    for (place, count) in counted.counts.iter().enumerate() {
        below = below.wrapping_add(*count);
        let bound = counted.bounds.get(place).copied().unwrap_or(f64::INFINITY);
        writeln!(page, "{name}_bucket{} {below}", Set(labels, Some(bound)))?;
    }
    writeln!(page, "{name}_sum{} {}", Set(labels, None), counted.sum)?;
    writeln!(page, "{name}_count{} {below}", Set(labels, None))
}

/// `{rpc_method="EchoSvc/Echo",le="0.1"}`.
struct Set<'a>(&'a Labels, Option<f64>);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() && self.1.is_none() {
            return Ok(());
        }
        f.write_char('{')?;
        let mut comma = "";
        for (key, value) in self.0 {
            let mut key: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            if !key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                key.insert(0, '_');
            }
            let value = value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
            write!(f, "{comma}{key}=\"{value}\"")?;
            comma = ",";
        }
        match self.1 {
            Some(f64::INFINITY) => write!(f, "{comma}le=\"+Inf\"")?,
            Some(bound) => write!(f, "{comma}le=\"{bound}\"")?,
            None => {}
        }
        f.write_char('}')
    }
}
