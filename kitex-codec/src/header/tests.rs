use super::*;
use crate::Output;

fn written(write: impl FnOnce(&mut HeaderWriter<'_>), payload: usize) -> Bytes {
    let mut out = Output::new();
    out.reserve_message();
    let mut header = HeaderWriter::begin(&mut out, 0, 1, 0);
    write(&mut header);
    header.finish(payload).unwrap();
    out.take_segments().into_bytes()
}

fn parsed(info: &[u8]) -> Result<Header, DecodeError> {
    Header::decode(0, 1, Bytes::copy_from_slice(info), &Limits::default())
}

/// The full request of kitex-wire 6.9, without its payload.
#[test]
fn a_full_header_is_written_as_kitex_writes_it() {
    let bytes = written(
        |header| {
            header.string(&[b"isn"], b"EchoSvc");
            for (key, value) in
                [(1, "framed"), (3, "cli"), (6, "svr"), (9, "Echo"), (12, "1000"), (20, ""), (22, "1")]
            {
                header.int(key, value.as_bytes());
            }
        },
        34,
    );
    let expected = [
        b"\0\0\0\x74\x10\0\0\0\0\0\0\x01\0\x12\0\0\x01\0\x01\0\x03isn\0\x07EchoSvc\x10\0\x07".as_slice(),
        b"\0\x01\0\x06framed\0\x03\0\x03cli\0\x06\0\x03svr\0\x09\0\x04Echo\0\x0c\0\x041000\0\x14\0\0\0\x16\0\x011\0",
    ]
    .concat();
    assert_eq!(bytes, expected);
    let header = parsed(&bytes[META..]).unwrap();
    assert_eq!(header.pairs().get("isn"), Some(&b"EchoSvc"[..]));
    assert_eq!(header.int(int_key::RPC_TIMEOUT), Some(&b"1000"[..]));
    assert_eq!(header.int(int_key::FROM_METHOD), Some(&b""[..]));
    assert_eq!(header.int(int_key::LOG_ID), None);
    assert_eq!(header.int(int_key::TO_SERVICE), Some(&b"svr"[..]));
    assert_eq!(header.ints().count(), 7);
}

#[test]
fn string_keys_are_found_wherever_their_sections_stand() {
    let ints = b"\x10\0\x01\0\x03\0\x03cli".as_slice();
    let strings = b"\x01\0\x01\0\x01k\0\x01v".as_slice();
    let acl = b"\x11\0\x03tok".as_slice();
    for (sections, expected) in [
        (vec![ints], 0),
        (vec![ints, strings], 1),
        (vec![strings, ints, acl, ints], 2),
        (vec![ints, acl, strings, ints, ints], 2),
        (vec![strings, ints, strings, b"\0\0"], 2),
    ] {
        let header = parsed(&[b"\0\0", &*sections.concat()].concat()).unwrap();
        assert_eq!(header.pairs().iter().count(), expected, "{sections:?}");
        assert_eq!(header.pairs().is_empty(), expected == 0);
        assert_eq!(header.pairs().get("k").is_some(), sections.contains(&strings));
        assert_eq!(header.int(int_key::FROM_SERVICE), Some(&b"cli"[..]));
    }
}

/// However far behind it stands, and beside a trace or not: the last of several counts, and an empty one too.
#[test]
fn the_caller_is_found_at_once_as_a_walk_finds_it() {
    let section = |names: &[&[u8]]| {
        let pair = |name: &&[u8]| [b"\0\x03", &(name.len() as u16).to_be_bytes()[..], name].concat();
        [b"\x10", &(names.len() as u16).to_be_bytes()[..], &names.iter().flat_map(pair).collect::<Vec<_>>()]
            .concat()
    };
    let long = |len: usize| {
        let value = vec![b'v'; len];
        [b"\x01\0\x01\0\x01k", &(len as u16).to_be_bytes()[..], &value].concat()
    };
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = [b"\x01\0\x01\0\x17RPC_TRANSIT_traceparent\0\x37", parent.as_bytes()].concat();
    let cases: [(Vec<u8>, Option<&[u8]>); 9] = [
        (section(&[b"cli"]), Some(b"cli")),
        ([section(&[b"cli"]), traced.clone()].concat(), Some(b"cli")),
        ([traced.clone(), section(&[b"cli", b"other"])].concat(), Some(b"other")),
        ([traced.clone(), long(9000), section(&[b"far"])].concat(), Some(b"far")),
        ([section(&[b"near"]), long(60_000), traced.clone(), section(&[b"far"])].concat(), Some(b"far")),
        ([long(8170), section(&[b"edge"])].concat(), Some(b"edge")),
        // Nearly as long as a header can be.
        ([long(60_000).repeat(4), section(&[b"far"]), traced.clone()].concat(), Some(b"far")),
        (section(&[b"cli", b""]), Some(b"")),
        (traced.clone(), None),
    ];
    for (sections, expected) in cases {
        let header = parsed(&[b"\0\0", &*sections].concat()).unwrap();
        let pairs = header.pairs();
        assert_eq!((pairs.caller(), pairs.int(int_key::FROM_SERVICE)), (expected, expected));
        let has_trace = sections.windows(traced.len()).any(|part| part == traced);
        assert_eq!(pairs.trace_parent(), has_trace.then_some(parent.as_bytes()));
    }
    // Longer than any header on the wire: what stands too far behind to be noted is absent, or found by a walk.
    let endless = [long(60_000).repeat(5), traced.clone(), section(&[b"far"])].concat();
    let header = parsed(&[b"\0\0", &*endless].concat()).unwrap();
    assert_eq!((header.pairs().caller(), header.pairs().trace_parent()), (Some(&b"far"[..]), None));
    for len in 8150..8220 {
        let header = parsed(&[&b"\0\0"[..], &long(len), &section(&[b"cli"])].concat()).unwrap();
        assert_eq!(header.pairs().caller(), Some(&b"cli"[..]), "{len}");
    }
}

/// The header info with an ACL token of kitex-wire 6.9.
#[test]
fn an_acl_token_shows_as_a_transient_pair() {
    let bytes = written(
        |header| {
            header.acl(b"tok");
            header.string(&[b"k"], b"v");
        },
        0,
    );
    assert_eq!(&bytes[META..], b"\0\0\x11\0\x03tok\x01\0\x01\0\x01k\0\x01v\0\0\0");
    let header = parsed(&bytes[META..]).unwrap();
    let pairs: Vec<_> = header.pairs().iter().collect();
    assert_eq!(pairs, [(&b"RPC_TRANSIT_gdpr-token"[..], &b"tok"[..]), (b"k", b"v")]);
}

#[test]
fn padding_stands_anywhere_and_sections_may_come_again() {
    let info = b"\0\0\0\x01\0\x01\0\x01a\0\x011\0\0\0\x10\0\x01\0\x03\0\x01x\0\x01\0\x02\0\x01b\0\x012\0\x01a\0\x013\0";
    let header = parsed(info).unwrap();
    assert_eq!(header.pairs().get("a"), Some(&b"3"[..]));
    assert_eq!(header.pairs().get("b"), Some(&b"2"[..]));
    assert_eq!(header.int(3), Some(&b"x"[..]));
}

/// The two keys of a trace, keys as long as they are, and others, in any order and number.
#[test]
fn the_pairs_of_a_trace_are_found_at_once_wherever_they_stand() {
    let keys = [
        string_key::TRACE_PARENT,
        string_key::TRACE_STATE,
        "RPC_TRANSIT_traceparenT",
        "RPC_PERSIST_traceparent",
        "RPC_PERSIST_tracestate",
        "isn",
        "k",
    ];
    let mut state = 1_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    let mut found = [0; 3];
    for _ in 0..20_000 {
        let mut info = vec![0; 2];
        let mut block = Vec::new();
        for _ in 0..below(3) {
            let count = below(4);
            let mut section = vec![0, count as u8];
            for number in 0..count {
                let (key, len) = (keys[below(keys.len())], [0, 1, 55, 300][below(4)]);
                section.extend([&[0, key.len() as u8], key.as_bytes(), &u16::to_be_bytes(len)].concat());
                section.extend(vec![b'0' + number as u8; usize::from(len)]);
            }
            info.extend([&[STRINGS], &*section, b"\x10\0\x01\0\x03\0\x01x", &[0; 2][..below(3)]].concat());
            block = section;
        }
        let block = Bytes::from(if block.is_empty() { vec![0; 2] } else { block });
        let mesh = mesh_pairs(block, &Limits::default()).unwrap();
        assert_eq!(mesh.caller(), None, "its keys are no numbers");
        for pairs in [parsed(&info).unwrap().pairs(), &mesh] {
            let last = |key: &str| {
                let ones =
                    pairs.iter().filter(|(found, value)| *found == key.as_bytes() && !value.is_empty());
                ones.last().map(|(_, value)| value)
            };
            assert_eq!(pairs.trace_parent(), last(string_key::TRACE_PARENT), "{pairs:?}");
            assert_eq!(pairs.trace_state(), last(string_key::TRACE_STATE), "{pairs:?}");
            found
                [usize::from(pairs.trace_parent().is_some()) + usize::from(pairs.trace_state().is_some())] +=
                1;
        }
    }
    assert!(found.iter().all(|count| *count > 500), "{found:?}");
}

#[test]
fn transforms_are_read_and_ignored() {
    assert!(parsed(b"\0\x02\x01\x02\x01\0\0\0").is_ok());
    assert!(parsed(b"\0\x03\x01\x02").is_err());
}

#[test]
fn broken_rules_are_named() {
    let cases: [(&[u8], &str); 5] = [
        (b"\x02\0\0\0", "unsupported protocol id 0x02"),
        (b"\0\0\x02\0", "unknown section id 0x02"),
        (b"\0\0\x01\0\x02\0\x01k\0\x01v", "runs past"),
        (b"\0\0\x10\0\x01\0\x01\0\x09v", "runs past"),
        (b"\0\0\x11\0\x01\0\x03", "unknown section id 0x03"),
    ];
    for (info, expected) in cases {
        let error = parsed(info).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn entries_are_limited() {
    let mut info = b"\0\0\x01\x04\x01".to_vec();
    info.extend([0; 4 * 1025]);
    let error = parsed(&info).unwrap_err().to_string();
    assert!(error.contains("1025 is over the limit of 1024 (Limits::max_header_entries)"), "{error}");
}

#[test]
fn what_the_format_cannot_express_is_refused_and_leaves_no_trace() {
    let mut out = Output::new();
    out.reserve_message();
    out.tail().extend_from_slice(b"before");
    let mut header = HeaderWriter::begin(&mut out, 0, 1, 0);
    header.string(&[b"k"], &[b'x'; 65536]);
    assert!(header.finish(0).unwrap_err().to_string().contains("65536 is over the limit of 65535"));
    let mut header = HeaderWriter::begin(&mut out, 0, 1, 0);
    for _ in 0..5 {
        header.string(&[b"k"], &[b'x'; 60000]);
    }
    assert!(header.finish(0).unwrap_err().to_string().contains("over the limit of 262140"));
    assert_eq!(out.take_segments().into_bytes(), "before");
}

#[test]
fn a_prepared_section_reads_like_one_that_was_written() {
    let strings = PreparedSection::build(|header| {
        header.string(&[b"isn"], b"Echo");
        header.string(&[b"k"], b"v");
    })
    .unwrap();
    let ints = PreparedSection::ints(&[(3, b"caller")]).unwrap();
    let mut out = Output::new();
    out.reserve_message();
    let mut header = HeaderWriter::begin(&mut out, 0, 1, 0);
    header.prepared(&ints);
    header.int(12, b"500");
    header.prepared(&strings);
    header.string(&[b"RPC_PERSIST_", b"A"], &[b'x'; 200]);
    header.whole_string(b"\0\x01w\0\x02vv");
    header.prepared(&PreparedSection::default());
    header.finish(12).unwrap();
    let bytes = out.take_segments().into_bytes();
    let read = Header::decode(0, 1, bytes.slice(META..), &Limits::default()).unwrap();
    assert_eq!((read.int(3), read.int(12)), (Some(&b"caller"[..]), Some(&b"500"[..])));
    let pairs: Vec<_> = read.pairs().iter().map(|(key, value)| (key.to_vec(), value.len())).collect();
    assert_eq!(
        pairs,
        [(b"isn".to_vec(), 4), (b"k".to_vec(), 1), (b"RPC_PERSIST_A".to_vec(), 200), (b"w".to_vec(), 2)]
    );
    assert!(PreparedSection::ints(&[(1, &[0; 70_000])]).is_err());
}
