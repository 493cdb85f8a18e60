//! What the values of a message take of the heap was charged to its budget before.
#![allow(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use kitex_codec::{
    ApplicationException, BinaryReader, BinaryWriter, Bytes, DecodeError, Double, EncodeError, Limits,
    Message, Output, Protocol, Str, ThriftReader, ThriftWriter, Type, UnknownField, Uuid,
};

/// The system's allocator, which counts what each thread holds.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// The most that was held at a time.
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        MOST.set(MOST.get().max(HELD.get()));
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.dealloc(at, layout) }
    }
}

/// A list of texts, a set of numbers and a binary, with a field that is kept as it came.
#[derive(Default)]
struct Mixed {
    texts: Vec<Str>,
    numbers: std::collections::HashSet<i64>,
    data: Bytes,
    kept: Vec<UnknownField>,
}

impl Message for Mixed {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_field(Type::List, 1);
        out.begin_list(Type::String, self.texts.len())?;
        self.texts.iter().try_for_each(|text| out.write_str(text))?;
        out.end_list();
        out.write_field(Type::Set, 2);
        out.begin_set(Type::I64, self.numbers.len())?;
        self.numbers.iter().for_each(|number| out.write_i64(*number));
        out.end_set();
        out.write_bytes_field(3, &self.data)?;
        out.write_field(Type::List, 4);
        out.begin_list(Type::Double, self.texts.len())?;
        self.texts.iter().for_each(|_| out.write_double(0.5));
        out.end_list();
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut mixed = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match field.id {
                1 => mixed.texts = from.read_list(Type::String, R::read_str)?.unwrap_or_default(),
                2 => mixed.numbers = from.read_set(Type::I64, R::read_i64)?.unwrap_or_default(),
                3 => mixed.data = from.read_bytes()?,
                _ => {
                    from.charge(4 * size_of::<UnknownField>())?;
                    mixed.kept.push(from.read_unknown(field)?);
                }
            }
        }
        Ok(mixed)
    }
}

type Read<'a, T> = &'a dyn Fn(&mut BinaryReader<'_>) -> Result<T, DecodeError>;

/// What reading the value takes, and what it is charged: the smallest budget that it can be read with.
fn cost<T>(input: &Bytes, read: Read<'_, T>) -> (usize, usize) {
    cost_of(|limits| read(&mut BinaryReader::new(input, limits)))
}

fn cost_of<T>(mut read: impl FnMut(&Limits) -> Result<T, DecodeError>) -> (usize, usize) {
    let mut with_budget = |heap: usize| {
        let mut limits = Limits::default();
        (limits.heap_factor, limits.min_heap) = (0, heap);
        let before = HELD.get();
        let value = black_box(read(&limits));
        value.map(|value| (HELD.get().wrapping_sub(before), value).0)
    };
    let (mut refused, mut enough) = (0, 1 << 26);
    while enough - refused > 1 {
        let middle = (refused + enough) / 2;
        if with_budget(middle).is_ok() { enough = middle } else { refused = middle }
    }
    (with_budget(enough).unwrap(), enough)
}

fn assert_charged<T>(what: &str, input: Bytes, read: Read<'_, T>) {
    let (taken, charged) = cost(&input, read);
    assert!(taken <= charged, "{what}: {taken} bytes were taken, {charged} were charged");
}

fn written(write: impl FnOnce(&mut BinaryWriter<'_>)) -> Bytes {
    let mut out = Output::new();
    let limits = Limits::default();
    write(&mut BinaryWriter::new(&mut out, &limits));
    out.take_segments().into_bytes()
}

/// Counts around each size at which a table or a tree grows, and some between.
fn counts() -> impl Iterator<Item = i64> {
    (1..130).chain([255, 256, 257, 895, 896, 897, 1000, 1792, 1793, 5000])
}

fn numbers(kind: Type, count: i64) -> Bytes {
    written(|out| {
        out.begin_set(kind, count as usize).unwrap();
        (0..count).for_each(|n| match kind {
            Type::I8 => out.write_i8(n as i8),
            Type::Double => out.write_double(n as f64),
            Type::Uuid => out.write_uuid(&Uuid([n as u8; 16])),
            _ => out.write_i64(n),
        });
    })
}

fn named(count: i64) -> Bytes {
    written(|out| {
        out.begin_map(Type::String, Type::I64, count as usize).unwrap();
        for n in 0..count {
            out.write_str(&Str::from(n.to_string())).unwrap();
            out.write_i64(n);
        }
    })
}

#[test]
fn lists_and_strings_are_charged() {
    for count in counts() {
        assert_charged("list<i64>", numbers(Type::I64, count), &|from| {
            from.read_list(Type::I64, |from| from.read_i64())
        });
        assert_charged("list<i64> at once", numbers(Type::I64, count), &|from| from.read_i64_list());
        let text = written(|out| out.write_str(&Str::from("x".repeat(count as usize))).unwrap());
        assert_charged("string", text.clone(), &|from| from.read_str());
        assert_charged("binary", text, &|from| from.read_bytes());
    }
}

#[test]
fn sets_are_charged() {
    for count in counts() {
        assert_charged("set<i8>", numbers(Type::I8, count), &|from| {
            from.read_set(Type::I8, |from| from.read_i8())
        });
        assert_charged("set<i64>", numbers(Type::I64, count), &|from| {
            from.read_set(Type::I64, |from| from.read_i64())
        });
        assert_charged("set<uuid>", numbers(Type::Uuid, count), &|from| {
            from.read_set(Type::Uuid, |from| from.read_uuid())
        });
    }
}

#[test]
fn maps_are_charged() {
    for count in counts() {
        assert_charged("map<string, i64>", named(count), &|from| {
            from.read_map(Type::String, Type::I64, |from| from.read_str(), |from| from.read_i64())
        });
    }
}

#[test]
fn a_list_of_small_maps_is_charged() {
    let input = written(|out| {
        out.begin_list(Type::Map, 100).unwrap();
        for _ in 0..100 {
            out.begin_map(Type::I8, Type::String, 1).unwrap();
            out.write_i8(1);
            out.write_str(&Str::new()).unwrap();
            out.end_map();
        }
    });
    assert_charged("list<map<i8, string>>", input, &|from| {
        from.read_list(Type::Map, |from| {
            from.read_map(Type::I8, Type::String, |from| from.read_i8(), |from| from.read_str())
        })
    });
}

#[test]
fn sorted_sets_and_maps_are_charged() {
    for count in counts() {
        assert_charged("sorted set<double>", numbers(Type::Double, count), &|from| {
            from.read_sorted_set(Type::Double, |from| from.read_double().map(Double))
        });
        assert_charged("sorted set<i8>", numbers(Type::I8, count), &|from| {
            from.read_sorted_set(Type::I8, |from| from.read_i8())
        });
        assert_charged("sorted map<string, i64>", named(count), &|from| {
            from.read_sorted_map(Type::String, Type::I64, |from| from.read_str(), |from| from.read_i64())
        });
    }
}

#[test]
fn a_sorted_map_holds_what_was_written() {
    let input = named(300);
    let limits = Limits::default();
    let mut reader = BinaryReader::new(&input, &limits);
    let map = reader.read_sorted_map(Type::String, Type::I64, |from| from.read_str(), |from| from.read_i64());
    let map = map.unwrap().unwrap();
    assert_eq!(reader.remaining(), 0);
    assert!(map.iter().all(|(key, value)| key == &value.to_string()[..]));
    assert_eq!(map.len(), 300);
}

#[test]
fn boxes_are_charged() {
    assert_charged("box", Bytes::from_static(&[0; 8]), &|from| {
        let number = from.read_i64()?;
        from.boxed([number; 100])
    });
}

#[test]
fn the_text_of_an_exception_is_charged() {
    for byte in [b'x', 0xff] {
        let text = Bytes::from(vec![byte; 3000]);
        let input = written(|out| {
            out.write_bytes_field(1, &text).unwrap();
            out.write_i32_field(2, 6);
            out.write_bool(false);
        });
        assert_charged("exception", input, &|from| ApplicationException::decode(from));
    }
}

#[test]
fn values_are_charged_on_every_protocol() {
    // Plain text, text with escapes in JSON, and lengths around those from which memory is shared.
    for len in [0, 1, 22, 23, 24, 100, 511, 512, 600, 5000] {
        for letter in ["x", "\n"] {
            let mixed = Mixed {
                texts: vec![letter.repeat(len).into(); 30],
                numbers: (0..len as i64).collect(),
                data: Bytes::from(vec![7; len]),
                kept: Vec::new(),
            };
            for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
                let input = protocol.encode(&mixed, &Limits::default()).unwrap().into_bytes();
                let (taken, charged) = cost_of(|limits| protocol.decode::<Mixed>(&input, limits));
                assert!(
                    taken <= charged,
                    "{protocol:?}, {len}: {taken} bytes were taken, {charged} were charged"
                );
            }
        }
    }
}

#[test]
fn texts_with_signs_for_what_is_no_text_are_charged() {
    for len in [1, 8, 24, 600, 5000] {
        let mixed = Mixed { texts: vec!["?".repeat(len).into(); 30], ..Mixed::default() };
        for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
            let plain = protocol.encode_to_vec(&mixed, &Limits::default()).unwrap();
            let bad = plain.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte });
            let input: Bytes = bad.collect::<Vec<_>>().into();
            let (taken, charged) = cost_of(|limits| {
                let mut limits = limits.clone();
                limits.lossy_text = true;
                protocol.decode::<Mixed>(&input, &limits)
            });
            assert!(taken <= charged, "{protocol:?}, {len}: {taken} taken, {charged} charged");
        }
    }
}

/// What walking a kept value takes besides: its levels, and the first piece of its memory.
const BESIDE: usize = 2 << 10;

/// A Compact struct of one field, which nobody knows: a set of so many sets of one i8.
fn unknown_sets(count: usize) -> Bytes {
    let number = [count as u8 & 127 | 128, (count >> 7) as u8];
    let header = [&[0x9a, 0xfa][..], &number].concat();
    [&header[..], &[0x13, 7].repeat(count), &[0]].concat().into()
}

#[test]
fn what_a_kept_value_takes_while_it_grows_is_charged() {
    for count in (16..12_000).step_by(89) {
        let input = unknown_sets(count);
        let mut peak = 0;
        let (_, charged) = cost_of(|limits| {
            let before = HELD.get();
            MOST.set(before);
            let read = Protocol::Compact.decode::<Mixed>(&input, limits);
            peak = MOST.get().wrapping_sub(before);
            read
        });
        assert!(peak <= charged + BESIDE, "{count}: {peak} bytes at a time, {charged} were charged");
    }
}
