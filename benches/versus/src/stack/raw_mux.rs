//! The floor of multiplexing: one connection, writes coalesced, replies made where requests are read.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use slab::Slab;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, oneshot},
};

use super::{
    Caller,
    raw::{BUFFER, Header, REPLY_HEADER, check, put_request},
};
use crate::options::Target;

pub(super) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut input = BytesMut::with_capacity(BUFFER);
    let mut out = Vec::with_capacity(BUFFER);
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(header) = Header::of_whole(&input)? {
            out.put_u32(header.reply as u32);
            out.put_u32(header.id);
            out.put_slice(&input[header.request - header.reply + REPLY_HEADER..header.request]);
            input.advance(header.request);
        }
        stream.write_all(&out).await?;
        out.clear();
        input.reserve(BUFFER);
    }
    Ok(())
}

/// What callers leave for the connection's writer and wait for from its reader.
#[derive(Default)]
struct Queue {
    out: Vec<u8>,
    waiting: Slab<oneshot::Sender<Bytes>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    dirty: Notify,
}

impl Shared {
    fn with_queue<R>(&self, act: impl FnOnce(&mut Queue) -> R) -> R {
        act(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All callers on one connection.
pub(super) async fn callers(target: Target) -> anyhow::Result<Vec<MuxCaller>> {
    check(&target)?;
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let shared = Arc::new(Shared::default());
    tokio::spawn(write(writer, shared.clone()));
    tokio::spawn(read(reader, shared.clone(), target.reply_overhead));
    Ok((0..target.callers).map(|_| MuxCaller { shared: shared.clone(), target }).collect())
}

async fn write(mut writer: OwnedWriteHalf, shared: Arc<Shared>) -> io::Result<()> {
    let mut out = Vec::with_capacity(BUFFER);
    loop {
        shared.dirty.notified().await;
        shared.with_queue(|queue| std::mem::swap(&mut queue.out, &mut out));
        writer.write_all(&out).await?;
        out.clear();
    }
}

async fn read(mut reader: OwnedReadHalf, shared: Arc<Shared>, overhead: usize) -> io::Result<()> {
    let mut input = BytesMut::with_capacity(BUFFER);
    while reader.read_buf(&mut input).await? > 0 {
        shared.with_queue(|queue| hand_out(&mut input, queue, overhead));
        input.reserve(BUFFER);
    }
    // Whoever still waits learns from the dropped sender that no reply will come.
    shared.with_queue(|queue| queue.waiting.clear());
    Ok(())
}

fn hand_out(input: &mut BytesMut, queue: &mut Queue, overhead: usize) {
    while let Some(&[l0, l1, l2, l3, i0, i1, i2, i3]) = input.first_chunk() {
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if input.len() < length {
            return;
        }
        let mut reply = input.split_to(length.max(overhead)).freeze();
        reply.advance(overhead);
        if let Some(waiting) = queue.waiting.try_remove(u32::from_be_bytes([i0, i1, i2, i3]) as usize) {
            // A caller that went away needs no reply.
            let _ = waiting.send(reply);
        }
    }
}

pub(super) struct MuxCaller {
    shared: Arc<Shared>,
    target: Target,
}

impl Caller for MuxCaller {
    type Text = Bytes;
    type Reply<'a> = Bytes;

    async fn call(&mut self, text: Bytes) -> anyhow::Result<Bytes> {
        let (sender, reply) = oneshot::channel();
        self.shared.with_queue(|queue| {
            let id = queue.waiting.insert(sender) as u32;
            put_request(&mut queue.out, &self.target, id, &text);
        });
        self.shared.dirty.notify_one();
        Ok(reply.await?)
    }
}
