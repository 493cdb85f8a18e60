use bytes::Bytes;

use crate::thrift::Message;
use crate::{
    DecodeError, DecodeReason, EncodeError, LINK_FROM, Limits, Protocol, Str, ThriftReader, ThriftWriter,
};

/// A list and nothing else.
#[derive(Debug, PartialEq)]
struct Lines(Vec<Str>);

impl Message for Lines {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.write_str_list(&self.0)
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        from.read_str_list().map(|lines| Self(lines.unwrap_or_default()))
    }
}

/// Those that read lists of texts at once.
const PROTOCOLS: [Protocol; 2] = [Protocol::Binary, Protocol::Compact];

fn bytes(protocol: Protocol, lines: &Lines) -> Bytes {
    let bytes = protocol.encode(lines, &Limits::default()).unwrap().into_bytes();
    // In memory of their own.
    Bytes::from(bytes.to_vec())
}

fn line(len: usize) -> String {
    match len % 7 {
        3 => "é".repeat(len / 2) + &"x"[..len % 2],
        _ => "abcdefgh".repeat(len / 8 + 1)[..len].to_owned(),
    }
}

fn lines(lens: impl IntoIterator<Item = usize>) -> Lines {
    Lines(lens.into_iter().map(|len| Str::from(line(len))).collect())
}

#[test]
fn texts_of_all_lengths_come_back_however_many_there_are() {
    let all = [
        lines(0..200),
        lines((0..200).rev()),
        lines((LINK_FROM - 3)..(LINK_FROM + 3)),
        lines([100, 3, 0, LINK_FROM - 1, 60, 60, 20, LINK_FROM, 60, 24, 23, 22]),
        lines([5000; 7]),
        lines([60; 300]),
        lines([]),
    ];
    for protocol in PROTOCOLS {
        for lines in &all {
            let bytes = bytes(protocol, lines);
            let read: Lines = protocol.decode(&bytes, &Limits::default()).unwrap();
            assert_eq!((&read, read.0.capacity()), (lines, lines.0.len()));
            assert_eq!(&Lines(read.0.iter().map(Str::detach).collect()), lines);
            assert_eq!(protocol.encode(&read, &Limits::default()).unwrap().into_bytes(), bytes);
            drop(read);
            assert!(bytes.is_unique(), "nothing keeps it any more");
        }
    }
}

#[test]
fn texts_of_a_large_message_share_it_and_those_of_a_small_one_do_not() {
    for protocol in PROTOCOLS {
        for (count, shared) in [(20, false), (200, true)] {
            let bytes = bytes(protocol, &lines(vec![60; count]));
            let range = bytes.as_ptr_range();
            let read: Lines = protocol.decode(&bytes, &Limits::default()).unwrap();
            assert!(read.0.iter().all(|line| range.contains(&line.as_ptr()) == shared));
            let kept = read.0[count / 2].clone();
            let part = kept.to_bytes();
            assert_eq!(range.contains(&part.as_ptr()), shared);
            drop((read, kept));
            assert_eq!(part, line(60));
            assert_eq!(bytes.is_unique(), !shared);
            drop(part);
            assert!(bytes.is_unique());
        }
    }
}

#[test]
fn a_list_that_ends_early_or_is_not_text_is_refused_and_keeps_nothing() {
    let lines = lines((0..40).chain([60; 90]));
    for protocol in PROTOCOLS {
        let bytes = bytes(protocol, &lines);
        for len in (1..bytes.len()).step_by(11) {
            let part = Bytes::copy_from_slice(&bytes[..len]);
            let read: Result<Lines, _> = protocol.decode(&part, &Limits::default());
            // A count that the bytes cannot hold is refused before they end.
            let reason = read.unwrap_err();
            let known =
                matches!(reason.reason(), DecodeReason::UnexpectedEnd | DecodeReason::CountTooLarge { .. });
            assert!(known && part.is_unique(), "{len}: {reason}");
        }
        let last = bytes.len() - 1;
        for at in (last - 5000..=last).step_by(61) {
            let mut broken = bytes.to_vec();
            broken[at] = 0xff;
            let broken = Bytes::from(broken);
            let read: Result<Lines, _> = protocol.decode(&broken, &Limits::default());
            assert!(read.is_err() && broken.is_unique(), "{at}");
        }
    }
}

#[test]
fn the_budget_and_the_longest_string_are_held_at_every_text() {
    let lines = lines([60; 100]);
    for protocol in PROTOCOLS {
        let bytes = bytes(protocol, &lines);
        let read = |limits: &Limits| protocol.decode::<Lines>(&bytes, limits);
        let heap = |heap| Limits { min_heap: heap, heap_factor: 0, ..Limits::default() };
        let whole = 100 * (size_of::<Str>() + 60);
        assert!(read(&heap(whole - 1)).is_err());
        // What the list takes beside its texts is charged as well, if they share the message by it.
        assert!(read(&heap(whole + crate::grant::Grant::COST)).is_ok());
        for heap in (0..whole).map(heap).step_by(97) {
            let error = read(&heap).unwrap_err();
            assert!(error.to_string().contains("heap budget"), "{error}");
        }
        assert!(read(&Limits { max_string: 60, ..Limits::default() }).is_ok());
        let error = read(&Limits { max_string: 59, ..Limits::default() }).unwrap_err();
        assert!(error.to_string().contains("max_string"), "{error}");
        assert!(bytes.is_unique());
    }
}
