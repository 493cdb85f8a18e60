use super::*;
use crate::Metadata;

const PLACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn trace(span_id: u64, state: &'static str) -> TraceContext {
    TraceContext { parent: TraceParent::new(1 << 64 | 2, span_id, true).unwrap(), state: state.into() }
}

/// A context whose header has these pairs.
fn received(pairs: &[(&str, &str)]) -> Context {
    let mut out = kitex_codec::Output::new();
    out.reserve_message();
    let mut header = kitex_codec::HeaderWriter::begin(&mut out, 0, 1, 0);
    for (key, value) in pairs {
        header.string(&[key.as_bytes()], value.as_bytes());
    }
    header.finish(0).unwrap();
    let info = out.take_segments().into_bytes().slice(14..);
    let mut header = kitex_codec::Header::decode(0, 1, info, &kitex_codec::Limits::default()).unwrap();
    let mut context = Context::new();
    context.metadata = Metadata::received(header.take_pairs());
    context
}

fn with_state(state: &'static str) -> Context {
    received(&[("isn", "EchoSvc"), ("RPC_TRANSIT_tracestate", state), ("RPC_TRANSIT_traceparent", PLACE)])
}

fn told(context: &Context) -> Option<(String, String)> {
    let trace = TraceContext::of(context);
    if let Ok(place) = context.place_in_trace() {
        let alone = place.map(|parent| TraceContext { parent, state: Str::new() });
        assert_eq!(trace, alone, "what is found without a text is all that there is");
    }
    trace.map(|trace| (trace.parent.to_string(), trace.state.to_string()))
}

fn is(parent: impl ToString, state: &str) -> Option<(String, String)> {
    Some((parent.to_string(), state.to_owned()))
}

#[test]
fn what_is_set_counts_first_then_what_is_noted_then_the_header() {
    let mut context = with_state("a=1");
    assert_eq!(told(&context), is(PLACE, "a=1"));
    assert_eq!(told(&context.inherited().inherited()), is(PLACE, "a=1"), "it outlives its hop");
    let noted = trace(3, "");
    context.set_trace(&noted);
    assert_eq!(told(&context), is(noted.parent, ""));
    let mut onward = context.inherited();
    assert_eq!(told(&onward), is(noted.parent, ""));
    onward.metadata.set(Scope::Transient, "traceparent", PLACE);
    assert_eq!(
        told(&onward),
        is(noted.parent, ""),
        "a pair that was copied from the header is none of its own"
    );
    let by_hand = trace(4, "").parent;
    onward.metadata.set(Scope::Transient, "traceparent", &*by_hand.to_string());
    onward.metadata.set(Scope::Transient, "tracestate", "b=2");
    assert_eq!(told(&onward), is(by_hand, "b=2"));
    onward.metadata.set(Scope::Transient, "traceparent", "");
    assert_eq!(told(&onward), None, "somebody wants it to begin anew");
    assert_eq!(told(&Context::new()), None);
}

#[test]
fn a_header_that_cannot_be_read_is_as_good_as_absent() {
    for parent in ["", "00-0-0-0", &PLACE[1..], &PLACE.replace('4', "G")] {
        let context = received(&[("RPC_TRANSIT_traceparent", parent), ("RPC_TRANSIT_tracestate", "a=1")]);
        assert_eq!(told(&context), None, "{parent}");
    }
    let twice = received(&[("RPC_TRANSIT_traceparent", PLACE), ("RPC_TRANSIT_traceparent", "")]);
    assert_eq!(told(&twice), is(PLACE, ""), "a pair without a value is none");
    assert_eq!(told(&received(&[("RPC_PERSIST_traceparent", PLACE)])), None);
}

#[test]
fn a_state_goes_with_its_trace_wherever_it_came_from() {
    let mut context = with_state("a=1");
    for state in ["a=1", "b=2", "", "a=1"] {
        context.set_trace(&trace(5, state));
        let expected = is(trace(5, "").parent, state);
        assert_eq!(told(&context), expected);
        assert_eq!(told(&context.inherited().inherited()), expected);
        assert_eq!(told(&context.try_clone()), expected);
    }
    let mut other = Context::new();
    other.set_trace(&trace(5, "c=3"));
    other.set_trace(&trace(6, ""));
    assert_eq!(told(&other), is(trace(6, "").parent, ""), "a new trace has none of an older one");
}

#[test]
fn what_is_sent_is_known_here_and_goes_one_hop() {
    let mut context = Context::new();
    let sent = trace(7, "a=1");
    context.send_trace(&sent);
    assert_eq!(context.sent_trace(), Some(sent.parent));
    assert_eq!(context.try_clone().sent_trace(), Some(sent.parent), "an attempt is sent as the one before");
    assert_eq!((told(&context), context.transient("tracestate")), (is(sent.parent, "a=1"), Some("a=1")));
    let inherited = context.inherited();
    assert_eq!((inherited.sent_trace(), told(&inherited)), (None, is(sent.parent, "a=1")));
    context.set_trace(&sent);
    assert_eq!(context.sent_trace(), None);
}

#[test]
fn what_is_sent_takes_the_place_of_what_was_set() {
    let mut context = Context::new();
    context.metadata.set(Scope::Transient, "traceparent", PLACE);
    let sent = trace(8, "");
    context.send_trace(&sent);
    assert_eq!(context.transient("traceparent"), Some(&*sent.parent.to_string()));
    assert_eq!(told(&context), is(sent.parent, ""));
}

#[test]
fn a_place_takes_no_more_room_than_its_ids() {
    assert_eq!((size_of::<Noted>(), size_of::<Option<TraceParent>>()), (32, 32));
}

#[test]
fn nearly_every_trace_has_nothing_but_a_place() {
    let place = TraceParent::parse(PLACE);
    let alone = received(&[("RPC_TRANSIT_traceparent", PLACE)]);
    assert_eq!(alone.place_in_trace(), Ok(place));
    assert_eq!(alone.inherited().place_in_trace(), Ok(place));
    assert_eq!(Context::new().place_in_trace(), Ok(None));
    assert_eq!(with_state("a=1").place_in_trace(), Err(MoreThanPlace));
    let own = trace(3, "").parent;
    let (mut noted, mut sent) = (alone.inherited(), alone.inherited());
    noted.set_place_in_trace(own);
    sent.send_place_in_trace(own);
    assert_eq!((noted.place_in_trace(), noted.sent_trace()), (Ok(Some(own)), None));
    assert_eq!((sent.place_in_trace(), sent.sent_trace()), (Ok(Some(own)), Some(own)));
    noted.set_trace(&trace(4, "b=2"));
    assert_eq!(noted.place_in_trace(), Err(MoreThanPlace));
    sent.metadata.set(Scope::Transient, "traceparent", PLACE);
    assert_eq!(sent.place_in_trace(), Err(MoreThanPlace));
}
