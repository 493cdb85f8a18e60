//! Bytes between a stream and an engine.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use kitex_codec::{CHUNK, Output};
use tokio::io::AsyncReadExt;

use crate::Io;
use crate::input::Input;

/// Pieces of one vectored write.
const SLICES: usize = 16;

/// Free bytes below which a read is not worth its system call.
const ROOM: usize = 2048;

/// Writes once of what `output` holds, which is not empty; gives how many bytes were taken.
pub(crate) fn poll_send<S: Io>(
    stream: &mut S,
    output: &mut Output,
    task: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let (front, is_all) = output.front();
    let sent = if is_all || !stream.is_write_vectored() {
        ready!(Pin::new(stream).poll_write(task, front))?
    } else {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = output.io_slices(&mut slices);
        ready!(Pin::new(stream).poll_write_vectored(task, &slices[..filled]))?
    };
    if sent == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    output.advance(sent);
    Poll::Ready(Ok(sent))
}

/// Reads once behind what `input` holds; 0 at the end. `expected` is the length of the message that `input` begins
/// with, if that is known.
pub(crate) fn poll_receive<S: Io>(
    stream: &mut S,
    input: &mut Input,
    expected: Option<usize>,
    task: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    make_room(input, expected);
    pin!(stream.read_buf(&mut **input)).poll(task)
}

/// Makes room for the next read: a chunk, or as much again as a large message has brought already. What its header
/// promises takes no memory.
fn make_room(input: &mut Input, expected: Option<usize>) {
    let held = input.len();
    let missing = expected.map_or(0, |whole| whole.saturating_sub(held));
    if input.capacity() == 0 {
        input.begin();
    } else if input.capacity() - held < missing.clamp(ROOM, CHUNK) {
        input.grow(missing.clamp(CHUNK, held.max(CHUNK)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_with_what_came_and_not_with_what_was_promised() {
        let mut input = Input::default();
        for held in [0, 100, CHUNK, 100_000, 1 << 20] {
            input.resize(held, 0);
            make_room(&mut input, Some(16 << 20));
            let room = input.capacity() - input.len();
            assert!(room >= ROOM, "{held}: {room}");
            assert!(input.capacity() <= 2 * held.max(CHUNK), "{held}: {}", input.capacity());
        }
    }

    #[test]
    fn there_is_room_for_the_rest_of_a_message() {
        let mut input = Input::default();
        input.resize(10_000, 0);
        make_room(&mut input, Some(15_000));
        assert!(input.capacity() >= 15_000);
    }
}
