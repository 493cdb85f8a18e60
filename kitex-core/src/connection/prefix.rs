//! Going on behind a multiplexed message that cannot be read: its first bytes tell where the next one begins
//! (spec: kitex-wire 12.1, 12.3).

use bytes::Buf as _;
use kitex_codec::{BytesMut, Form, Frame, Protocol, flags};

/// The first twelve bytes of a message with a TTHeader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix([u8; 12]);

impl Prefix {
    /// What stands at the front of `input`, if it can be that.
    #[inline]
    pub(super) fn of(input: &[u8]) -> Option<Self> {
        input.first_chunk().copied().map(Self).filter(|Self(head)| head[4..6] == [0x10, 0])
    }

    /// True if the sender takes answers in any order, and the message is not one of a stream.
    pub(super) fn is_out_of_order(self) -> bool {
        let word = u16::from_be_bytes([self.0[6], self.0[7]]);
        word & (flags::OUT_OF_ORDER | flags::STREAMING) == flags::OUT_OF_ORDER
    }

    pub(super) fn sequence(self) -> i32 {
        i32::from_be_bytes([self.0[8], self.0[9], self.0[10], self.0[11]])
    }

    /// Bytes of the whole message; `None` if they cannot even hold the smallest header.
    pub(super) fn total(self) -> Option<usize> {
        let length = u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]);
        (length >= SMALLEST).then_some((length as usize).saturating_add(4))
    }
}

/// LENGTH of a message with the shortest header and no payload.
const SMALLEST: u32 = 14;

/// Bytes that are passed over when they come: so many, or all that are white space.
#[derive(Debug, Default)]
pub(super) struct Skip(usize);

/// In place of a number: white space, up to the first byte that is none.
const WHITE_SPACE: usize = usize::MAX;

impl Skip {
    /// Passes over a message of which `taken` bytes are gone already.
    pub(super) fn begin(&mut self, total: usize, taken: usize) {
        self.0 = total.saturating_sub(taken).min(WHITE_SPACE - 1);
    }

    /// True if there is nothing to pass over.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.0 == 0
    }

    /// Passes over the white space behind a message of JSON without a frame, now and when it comes: a line may end
    /// there, and it would be taken for the head of the next message.
    #[inline]
    pub(super) fn behind(&mut self, frame: &Frame, input: &mut BytesMut) {
        if frame.protocol == Protocol::Json && frame.form == Form::Buffered {
            self.0 = WHITE_SPACE;
            self.pass(input);
        }
    }

    /// Passes over what is there; false while more is to come.
    #[inline]
    pub(super) fn pass(&mut self, input: &mut BytesMut) -> bool {
        self.0 == 0 || self.pass_some(input)
    }

    #[cold]
    fn pass_some(&mut self, input: &mut BytesMut) -> bool {
        if self.0 == WHITE_SPACE {
            let white = input.len() - input.trim_ascii_start().len();
            input.advance(white);
            if !input.is_empty() {
                self.0 = 0;
            }
            // There need not be any.
            return true;
        }
        let there = self.0.min(input.len());
        input.advance(there);
        self.0 -= there;
        self.0 == 0
    }
}
