//! What one call of a stack looks like on the wire: a relay between client and server writes it down.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::ensure;
use bytes::Buf;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    load::{Calls, Plan},
    options::{Load, loopback},
    process::{self, Role},
    stack,
};

/// One call, as bytes.
#[derive(Clone, Default)]
pub(crate) struct Call {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
}

/// How large a call is and what its header says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) request_bytes: usize,
    pub(crate) reply_bytes: usize,
    pub(crate) header: Vec<String>,
}

/// Makes one call to a running server and prints what went over the wire as JSON.
pub(crate) fn run(options: &Load) -> anyhow::Result<()> {
    let call = process::block_on(options.pinning, Role::Client, capture(options))??;
    let summary = Summary {
        request_bytes: call.request.len(),
        reply_bytes: call.reply.len(),
        header: ttheader(&call.request).unwrap_or_default(),
    };
    println!("{}", serde_json::to_string(&summary)?);
    Ok(())
}

/// Makes one call through a relay and returns its bytes.
pub(crate) async fn capture(options: &Load) -> anyhow::Result<Call> {
    let listener = TcpListener::bind(loopback(0)).await?;
    let target = options.target(listener.local_addr()?);
    let call = Arc::new(Mutex::new(Call::default()));
    let relay = tokio::spawn(relay(listener, options.port, call.clone()));
    let plan = Plan { payload: options.payload, setup: options.setup, calls: Calls::Once };
    let made = stack::load(options.stack, target, &plan).await?;
    ensure!(made.errors == 0, "the call failed: {}", made.first_error.unwrap_or_default());
    relay.abort();
    Ok(call.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn relay(listener: TcpListener, port: u16, call: Arc<Mutex<Call>>) -> std::io::Result<()> {
    let (client_reads, client_writes) = listener.accept().await?.0.into_split();
    let (server_reads, server_writes) = TcpStream::connect(loopback(port)).await?.into_split();
    let there = copy(client_reads, server_writes, |bytes| note(&call, |call| &mut call.request, bytes));
    let back = copy(server_reads, client_writes, |bytes| note(&call, |call| &mut call.reply, bytes));
    tokio::try_join!(there, back).map(|_| ())
}

fn note(call: &Mutex<Call>, side: impl Fn(&mut Call) -> &mut Vec<u8>, bytes: &[u8]) {
    let mut call = call.lock().unwrap_or_else(PoisonError::into_inner);
    side(&mut call).extend_from_slice(bytes);
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: impl Fn(&[u8])) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(()),
            read => {
                seen(&buffer[..read]);
                to.write_all(&buffer[..read]).await?;
            }
        }
    }
}

/// Lists the key-value pairs of a TTHeader; `None` if these bytes begin with something else.
fn ttheader(frame: &[u8]) -> Option<Vec<String>> {
    const MAGIC: u16 = 0x1000;
    const PADDING: u8 = 0x00;
    const STRING_PAIRS: u8 = 0x01;
    const INTEGER_PAIRS: u8 = 0x10;
    let mut prefix = frame.get(4..14)?;
    if prefix.get_u16() != MAGIC {
        return None;
    }
    let length = usize::from(prefix.get(6..).map(|mut size| size.get_u16())?) * 4;
    let mut rest = frame.get(16..14 + length)?;
    let mut pairs = Vec::new();
    while let Ok(section) = rest.try_get_u8() {
        let count = match section {
            STRING_PAIRS | INTEGER_PAIRS => rest.try_get_u16().ok()?,
            PADDING => 0,
            _other => return None,
        };
        for _ in 0..count {
            let key =
                if section == STRING_PAIRS { text(&mut rest)? } else { rest.try_get_u16().ok()?.to_string() };
            pairs.push(format!("{key}={}", text(&mut rest)?));
        }
    }
    pairs.sort();
    Some(pairs)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::from(rest.try_get_u16().ok()?);
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(text.escape_ascii().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] = b"\0\0\0\x29\x10\0\0\0\0\0\0\x01\0\x06\0\0\
        \x01\0\x01\0\x01k\0\x01v\0\x10\0\x01\0\x0c\0\x02\x31\x32\0\0\0payload";

    #[test]
    fn both_kinds_of_pairs_are_listed() {
        assert_eq!(ttheader(FRAME), Some(vec!["12=12".to_owned(), "k=v".to_owned()]));
    }

    #[test]
    fn what_is_cut_short_or_no_ttheader_has_no_pairs() {
        assert_eq!(ttheader(b"GET / HTTP/1.1\r\n\r\n"), None);
        for end in 0..FRAME.len() - "payload".len() {
            assert_eq!(ttheader(&FRAME[..end]), None, "cut at {end}");
        }
    }
}
