//! What stands around values: headers, frames, checksums.

use std::hint::black_box;

use benches::copied;
use criterion::{BatchSize, Criterion, Throughput};
use kitex_codec::{
    Bytes, BytesMut, CHUNK, Checksum, Envelope, FrameDecoder, Header, HeaderWriter, Limits, MessageType,
    Output, flags, int_key, string_key,
};

/// Integer keys of a request as Kitex sends it.
const INTS: [(u16, &str); 7] = [
    (int_key::TRANSPORT_TYPE, "framed"),
    (int_key::FROM_SERVICE, "bench.client"),
    (int_key::TO_SERVICE, "bench.server"),
    (int_key::TO_METHOD, "Say"),
    (int_key::RPC_TIMEOUT, "1000"),
    (int_key::FROM_METHOD, "Ask"),
    (int_key::MSG_TYPE, "1"),
];

/// String pairs of such a request.
const STRINGS: [(&str, &str); 3] = [
    (string_key::SERVICE, "Echo"),
    ("RPC_PERSIST_TENANT", "bench"),
    ("RPC_TRANSIT_traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
];

/// Bytes before the header info.
const FIXED: usize = 14;

/// Frames in a chunk.
const FRAMES: i32 = 100;

pub(super) fn bench(criterion: &mut Criterion) {
    header(criterion);
    chunk(criterion);
    checksum(criterion);
}

fn write_header(
    out: &mut Output,
    sequence: i32,
    strings: &[(&str, &str)],
    ints: &[(u16, &str)],
    payload: usize,
) {
    let mut header = HeaderWriter::begin(out, flags::OUT_OF_ORDER, sequence, 0);
    strings.iter().for_each(|(key, value)| header.string(&[key.as_bytes()], value.as_bytes()));
    ints.iter().for_each(|(key, value)| header.int(*key, value.as_bytes()));
    header.finish(payload).expect("the header is small");
}

fn header(criterion: &mut Criterion) {
    let mut out = Output::new();
    out.reserve_message();
    write_header(&mut out, 1, &STRINGS, &INTS, 100);
    let bytes = out.take_segments().into_bytes();
    let mut group = criterion.benchmark_group("TTHeader, 7 integer keys and 3 string pairs, write");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kitex", |bencher| {
        bencher.iter(|| {
            out.clear();
            out.reserve_message();
            write_header(&mut out, black_box(1), black_box(&STRINGS), black_box(&INTS), 100);
        });
    });
    copied(&mut group, &bytes, 1);
    group.finish();
    let (info, limits) = (bytes.slice(FIXED..), Limits::default());
    let mut group = criterion.benchmark_group("TTHeader, 7 integer keys and 3 string pairs, decode");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kitex", |bencher| {
        bencher.iter(|| Header::decode(flags::OUT_OF_ORDER, 1, black_box(&info).clone(), &limits));
    });
    copied(&mut group, &bytes, 1);
    group.finish();
}

/// One read's worth of small frames.
fn frames() -> Bytes {
    let ints = [(int_key::TO_METHOD, "Say"), (int_key::MSG_TYPE, "1")];
    let payload = [7; 96];
    let mut out = Output::new();
    for sequence in 1..=FRAMES {
        let envelope = Envelope { kind: MessageType::CALL, name: b"Say", sequence };
        let len = envelope.len() + payload.len();
        out.reserve_message();
        write_header(&mut out, sequence, &[], &ints, 4 + len);
        out.tail().extend_from_slice(&(len as u32).to_be_bytes());
        envelope.encode(&mut out);
        out.tail().extend_from_slice(&payload);
    }
    let bytes = out.take_segments().into_bytes();
    assert!((CHUNK / 8 * 7..=CHUNK).contains(&bytes.len()), "{} bytes are no chunk's worth", bytes.len());
    bytes
}

fn chunk(criterion: &mut Criterion) {
    let (bytes, limits) = (frames(), Limits::default());
    let mut group = criterion.benchmark_group("frames, 100 in a chunk");
    group.throughput(Throughput::Elements(FRAMES as u64));
    group.bench_function("kitex", |bencher| {
        let split = |mut input: BytesMut| {
            let mut decoder = FrameDecoder::default();
            let mut found = 0;
            while let Ok(Some(frame)) = decoder.decode(&mut input, &limits) {
                black_box(frame.payload_bytes());
                found += 1;
            }
            assert_eq!(found, FRAMES);
            input
        };
        bencher.iter_batched(|| BytesMut::from(&bytes[..]), split, BatchSize::SmallInput);
    });
    copied(&mut group, &bytes, 1);
    group.finish();
}

fn checksum(criterion: &mut Criterion) {
    for len in [128, 1 << 10, 16 << 10] {
        let bytes = vec![7; len];
        let mut group = criterion.benchmark_group(format!("CRC-32C, {len} bytes"));
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function("kitex", |bencher| {
            bencher.iter(|| {
                let mut checksum = Checksum::default();
                checksum.update(black_box(&bytes));
                checksum.text()
            });
        });
        copied(&mut group, &bytes, 1);
        group.finish();
    }
}
