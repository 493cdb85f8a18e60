//! The floor: a tokio TCP echo that moves as many bytes as an RPC would and does nothing else.

use std::{io, net::SocketAddr};

use anyhow::{bail, ensure};
use bytes::{BufMut, Bytes};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::Caller;
use crate::options::Target;

/// Bytes of a request's header: its length, the length of the reply it wants, and its id.
pub(super) const REQUEST_HEADER: usize = 12;
/// Bytes of a reply's header: its length and its id.
pub(super) const REPLY_HEADER: usize = 8;
/// Room for a whole frame of the largest payload, so that a frame is one read.
pub(super) const BUFFER: usize = 64 * 1024;

/// What the first bytes of a request say.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) request: usize,
    pub(super) reply: usize,
    pub(super) id: u32,
}

impl Header {
    /// Reads the header of a request whose bytes are all there.
    pub(super) fn of_whole(input: &[u8]) -> io::Result<Option<Self>> {
        let Some((&[r0, r1, r2, r3, p0, p1, p2, p3, i0, i1, i2, i3], _)) = input.split_first_chunk() else {
            return Ok(None);
        };
        let request = u32::from_be_bytes([r0, r1, r2, r3]) as usize;
        let reply = u32::from_be_bytes([p0, p1, p2, p3]) as usize;
        if request < REQUEST_HEADER.max(reply) || reply < REPLY_HEADER || request > BUFFER {
            return Err(io::Error::other(format!(
                "a request of {request} bytes cannot have a reply of {reply}"
            )));
        }
        let header = Self { request, reply, id: u32::from_be_bytes([i0, i1, i2, i3]) };
        Ok((input.len() >= request).then_some(header))
    }
}

/// Appends a request: header, padding up to the overhead of the stack it stands for, payload.
pub(super) fn put_request(out: &mut Vec<u8>, target: &Target, id: u32, text: &[u8]) {
    out.put_u32((target.request_overhead + text.len()) as u32);
    out.put_u32((target.reply_overhead + text.len()) as u32);
    out.put_u32(id);
    out.put_bytes(0, target.request_overhead - REQUEST_HEADER);
    out.put_slice(text);
}

/// Refuses overheads that leave no room for the echo's own headers.
pub(super) fn check(target: &Target) -> anyhow::Result<()> {
    ensure!(target.request_overhead >= REQUEST_HEADER, "a request's header takes {REQUEST_HEADER} bytes");
    ensure!(target.reply_overhead >= REPLY_HEADER, "a reply's header takes {REPLY_HEADER} bytes");
    ensure!(target.request_overhead >= target.reply_overhead, "a reply is the end of its request");
    Ok(())
}

pub(super) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER);
    while stream.read_buf(&mut buffer).await? > 0 {
        if let Some(header) = Header::of_whole(&buffer)? {
            let mut reply = &mut buffer[header.request - header.reply..header.request];
            reply.put_u32(header.reply as u32);
            reply.put_u32(header.id);
            stream.write_all(&buffer[header.request - header.reply..header.request]).await?;
            buffer.clear();
        }
    }
    Ok(())
}

/// One connection a caller.
pub(super) async fn callers(target: Target) -> anyhow::Result<Vec<RawCaller>> {
    check(&target)?;
    let mut callers = Vec::new();
    for _ in 0..target.callers {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        callers.push(RawCaller { stream, target, out: Vec::new(), buffer: Vec::with_capacity(BUFFER) });
    }
    Ok(callers)
}

pub(super) struct RawCaller {
    stream: TcpStream,
    target: Target,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Caller for RawCaller {
    type Text = Bytes;
    type Reply<'a> = &'a [u8];

    async fn call(&mut self, text: Bytes) -> anyhow::Result<&[u8]> {
        self.out.clear();
        put_request(&mut self.out, &self.target, 0, &text);
        self.stream.write_all(&self.out).await?;
        let whole = self.target.reply_overhead + text.len();
        self.buffer.clear();
        while self.buffer.len() < whole {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection after {} of {whole} bytes", self.buffer.len());
            }
        }
        Ok(&self.buffer[self.target.reply_overhead..])
    }
}
