use bytes::Bytes;

use super::*;
use crate::thrift::{Message, ThriftReader, ThriftWriter, Type, Uuid};
use crate::{DecodeError, EncodeError, LINK_FROM, Limits, Output, Segments, Str, decode, encode};

/// A struct with a field of every kind that generated code uses.
#[derive(Debug, Clone, PartialEq, Default)]
struct Sample {
    flag: bool,
    long: i64,
    double: f64,
    text: Str,
    raw: Bytes,
    list: Vec<i32>,
    inner: Option<Box<Sample>>,
    map: std::collections::HashMap<Str, i16>,
    set: std::collections::HashSet<i8>,
    uuid: Uuid,
}

impl Message for Sample {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_bool_field(1, self.flag);
        out.write_i64_field(2, self.long);
        out.write_double_field(3, self.double);
        out.write_str_field(4, &self.text)?;
        out.write_bytes_field(5, &self.raw)?;
        out.write_field(Type::List, 6);
        out.begin_list(Type::I32, self.list.len())?;
        self.list.iter().for_each(|element| out.write_i32(*element));
        out.end_list();
        if let Some(inner) = &self.inner {
            out.write_field(Type::Struct, 7);
            inner.encode(out)?;
        }
        out.write_field(Type::Map, 8);
        out.begin_map(Type::String, Type::I16, self.map.len())?;
        for (key, value) in &self.map {
            out.write_str(key)?;
            out.write_i16(*value);
        }
        out.end_map();
        out.write_field(Type::Set, 9);
        out.begin_set(Type::I8, self.set.len())?;
        self.set.iter().for_each(|element| out.write_i8(*element));
        out.end_set();
        out.write_uuid_field(10, &self.uuid);
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut sample = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::Bool) => sample.flag = from.read_bool()?,
                (2, Type::I64) => sample.long = from.read_i64()?,
                (3, Type::Double) => sample.double = from.read_double()?,
                (4, Type::String) => sample.text = from.read_str()?,
                (5, Type::String) => sample.raw = from.read_bytes()?,
                (6, Type::List) => {
                    sample.list = from.read_list(Type::I32, R::read_i32)?.unwrap_or_default();
                }
                (7, Type::Struct) => sample.inner = Some(Box::new(Sample::decode(from)?)),
                (8, Type::Map) => {
                    let map = from.read_map(Type::String, Type::I16, R::read_str, R::read_i16)?;
                    sample.map = map.unwrap_or_default();
                }
                (9, Type::Set) => sample.set = from.read_set(Type::I8, R::read_i8)?.unwrap_or_default(),
                (10, Type::Uuid) => sample.uuid = from.read_uuid()?,
                (_, kind) => from.skip(kind)?,
            }
        }
        Ok(sample)
    }
}

fn sample() -> Sample {
    Sample {
        flag: true,
        long: -2,
        double: 1.5,
        text: Str::from("text"),
        raw: Bytes::from_static(b"\xff\0"),
        list: vec![1, -1],
        inner: Some(Box::default()),
        map: [(Str::from("k"), 7)].into(),
        set: [3].into(),
        uuid: Uuid([9; 16]),
    }
}

fn bytes_of(sample: &Sample) -> Bytes {
    encode(sample, &Limits::default()).unwrap().into_bytes()
}

fn sample_of(bytes: &[u8]) -> Result<Sample, DecodeError> {
    decode(&Bytes::copy_from_slice(bytes), &Limits::default())
}

#[test]
fn a_struct_comes_back() {
    assert_eq!(sample_of(&bytes_of(&sample())).unwrap(), sample());
}

#[test]
fn every_truncation_is_an_error_and_every_flipped_bit_is_survived() {
    let bytes = bytes_of(&sample());
    for len in 0..bytes.len() {
        assert!(sample_of(&bytes[..len]).is_err(), "{len}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _ = sample_of(&flipped);
    }
}

#[test]
fn large_values_are_linked_and_come_back() {
    let raw = Bytes::from(vec![7; LINK_FROM]);
    let sample = Sample { raw: raw.clone(), text: Str::from("x".repeat(LINK_FROM)), ..sample() };
    let segments = encode(&sample, &Limits::default()).unwrap();
    let Segments::Many(pieces) = &segments else { panic!("one piece") };
    assert!(pieces.iter().any(|piece| piece.as_ptr() == raw.as_ptr()));
    assert_eq!(sample_of(&segments.into_bytes()).unwrap(), sample);
}

#[test]
fn long_strings_of_large_messages_share_the_input() {
    let large = Sample { text: Str::from("x".repeat(9000)), ..sample() };
    let bytes = bytes_of(&large);
    let again: Sample = decode(&bytes, &Limits::default()).unwrap();
    assert!(bytes.as_ptr_range().contains(&again.text.as_bytes().as_ptr()));
    let small = Sample { text: Str::from("x".repeat(100)), ..sample() };
    let bytes = bytes_of(&small);
    let again: Sample = decode(&bytes, &Limits::default()).unwrap();
    assert!(!bytes.as_ptr_range().contains(&again.text.as_bytes().as_ptr()));
}

#[test]
fn depth_is_counted_in_reading_and_writing() {
    let nested = |depth: usize| {
        (1..depth)
            .fold(Sample::default(), |inner, _| Sample { inner: Some(Box::new(inner)), ..Sample::default() })
    };
    // The map, set and list of the innermost struct are a level of their own.
    let deepest = nested(63);
    assert_eq!(sample_of(&bytes_of(&deepest)).unwrap(), deepest);
    let error = encode(&nested(65), &Limits::default()).unwrap_err().to_string();
    assert!(error.contains("Limits::max_depth"), "{error}");
    let bytes = [b"\x0c\0\x07".repeat(64), vec![0; 65]].concat();
    let error = sample_of(&bytes).unwrap_err().to_string();
    assert!(error.contains("65 is over the limit of 64 (Limits::max_depth)"), "{error}");
}

#[test]
fn counts_are_held_against_the_bytes_that_are_left() {
    let cases: [&[u8]; 4] = [
        b"\x0f\0\x06\x08\x7f\xff\xff\xff\0\0\0\x01\0",
        b"\x0e\0\x09\x03\x00\x00\x00\x09\x01\0",
        b"\x0d\0\x08\x0b\x06\x7f\xff\xff\xff\0",
        b"\x0f\0\x06\x08\x00\x00\x00\x02\0\0\0\x01\0",
    ];
    for bytes in cases {
        let error = sample_of(bytes).unwrap_err().to_string();
        assert!(error.contains("cannot hold them"), "{error}");
    }
}

#[test]
fn elements_of_another_type_are_skipped_as_a_whole() {
    let sample = sample_of(b"\x0f\0\x06\x0b\0\0\0\x01\0\0\0\x01x\x0d\0\x08\x08\x08\0\0\0\x01\0\0\0\x01\0\0\0\x02\x02\0\x01\x01\0");
    assert_eq!(sample.unwrap(), Sample { flag: true, ..Sample::default() });
    assert_eq!(sample_of(b"\x0f\0\x06\x01\0\0\0\0\0").unwrap(), Sample::default());
}

#[test]
fn a_count_that_outgrows_the_budget_is_refused_before_memory_is_taken() {
    #[derive(Debug)]
    struct Wide;
    impl Message for Wide {
        fn encode<W: ThriftWriter>(&self, _: &mut W) -> Result<(), EncodeError> {
            Ok(())
        }
        fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
            from.read_list(Type::Struct, |from| {
                from.begin_struct()?;
                from.read_field()?;
                Ok([0_u64; 64])
            })?;
            Ok(Self)
        }
    }
    let count = 1_000_000_u32;
    let bytes = [&[12][..], &count.to_be_bytes(), &vec![0; count as usize]].concat();
    let error = decode::<Wide>(&Bytes::from(bytes), &Limits::default()).unwrap_err().to_string();
    assert!(error.contains("heap budget"), "{error}");
}

#[test]
fn unknown_fields_can_be_kept_and_written_again() {
    let bytes = Bytes::from_static(b"\x0d\0\x08\x0b\x06\0\0\0\x01\0\0\0\x01k\0\x07\0");
    let limits = Limits::default();
    let mut reader = BinaryReader::new(&bytes, &limits);
    reader.begin_struct().unwrap();
    let field = reader.read_field().unwrap().unwrap();
    let kept = reader.read_unknown(field).unwrap();
    let mut out = Output::new();
    out.reserve_message();
    let mut writer = BinaryWriter::new(&mut out, &limits);
    writer.begin_struct().unwrap();
    writer.write_unknown(&kept);
    writer.end_struct();
    drop(writer);
    assert_eq!(out.take_segments().into_bytes(), bytes);
}

/// Rows of thrift-idl 16.4.
#[test]
fn golden_bytes_of_other_implementations_are_read() {
    let sample =
        sample_of(b"\x02\0\x01\x01\x04\0\x03\x80\0\0\0\0\0\0\0\x0a\0\x02\x80\0\0\0\0\0\0\0\0").unwrap();
    assert_eq!((sample.flag, sample.double.to_bits(), sample.long), (true, 1 << 63, i64::MIN));
    assert!(sample_of(b"\x04\0\x03\x7f\xf8\0\0\0\0\0\0\0").unwrap().double.is_nan());
    assert!(sample_of(b"\x63\0\x01\0").unwrap_err().to_string().contains("unknown type byte 0x63"));
}
