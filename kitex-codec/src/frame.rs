//! One message split off what a peer has sent, whatever form it came in (spec: kitex-wire 4.5, 5, 6, 7.2, 17.2).

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::detect::{Detected, detect, detect_bare, detect_payload, head_of};
use crate::error::UNKNOWN;
use crate::header::{META, flags, mesh_pairs};
use crate::thrift::{Walk, Walker};
use crate::{Checksum, DecodeError, DecodeReason, Envelope, Header, Limits, Pairs, Protocol, string_key};

/// The outer form of a message. A response takes the form of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// The bare message.
    Buffered,
    /// A length and the message.
    Framed,
    /// A TTHeader and the message.
    TTHeader,
    /// A TTHeader, a length and the message: what Kitex means by TTHeader.
    #[default]
    TTHeaderFramed,
}

impl Form {
    /// True if the message stands behind a TTHeader.
    pub fn has_header(self) -> bool {
        matches!(self, Self::TTHeader | Self::TTHeaderFramed)
    }

    /// True if a frame length stands before the message.
    pub fn is_framed(self) -> bool {
        matches!(self, Self::Framed | Self::TTHeaderFramed)
    }
}

/// A whole message: its form, its header if it has one, and the bytes from the envelope on.
#[derive(Debug)]
pub struct Frame {
    /// The outer form.
    pub form: Form,
    /// The TTHeader.
    pub header: Option<Header>,
    /// The string pairs of a mesh header before the message.
    pub mesh: Option<Pairs>,
    /// What the payload is encoded in. Binary of either form, with a version word and without; behind a TTHeader with it.
    pub protocol: Protocol,
    /// True if the payload is Kitex Protobuf and not Thrift.
    pub protobuf: bool,
    /// What stands behind the TTHeader.
    body: Bytes,
    /// Where the envelope begins in `body`.
    envelope_at: usize,
}

impl Frame {
    /// Splits one whole message off the front of `buf`; `None` if it is not there yet.
    ///
    /// A caller that feeds `buf` piece by piece keeps a [`FrameDecoder`], which does not begin anew each time.
    pub fn decode(buf: &mut BytesMut, limits: &Limits) -> Result<Option<Self>, DecodeError> {
        FrameDecoder::default().decode(buf, limits)
    }

    /// The message from its envelope on.
    pub fn payload(&self) -> Bytes {
        self.body.slice(self.envelope_at..)
    }

    /// The message from its envelope on, borrowed.
    pub fn payload_bytes(&self) -> &[u8] {
        &self.body[self.envelope_at..]
    }

    /// The message's envelope, and where in the payload its struct stands.
    pub fn envelope(&self, limits: &Limits) -> Result<(Envelope<'_>, Range<usize>), DecodeError> {
        self.protocol.decode_message(self.payload_bytes(), limits)
    }

    /// Errors if the header names a checksum and it is not that of the payload (spec: kitex-wire 6.8).
    pub fn verify_checksum(&self) -> Result<(), DecodeError> {
        let named = self.header.as_ref().and_then(|header| header.pairs().get(string_key::CHECKSUM));
        let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(()) };
        let mut checksum = Checksum::default();
        checksum.update(&self.body);
        if checksum.text() == named { Ok(()) } else { Err(DecodeError::new(DecodeReason::Checksum)) }
    }
}

/// Splits messages off a stream of bytes and remembers how far it looked into one that is not whole.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    /// Length of the message at the front, once it is known.
    total: Option<usize>,
    /// How far a Buffered message has been walked.
    walker: Option<Box<Walker>>,
}

/// Where the parts of the message at the front of the buffer stand.
struct Layout {
    form: Form,
    protocol: Protocol,
    protobuf: bool,
    /// Bytes of a mesh header.
    mesh: usize,
    /// Bytes of header info.
    info: usize,
    total: usize,
}

impl FrameDecoder {
    /// Splits one whole message off the front of `buf`; `None` if it is not there yet.
    ///
    /// Errors if the bytes can never become a message, or one within `limits`.
    pub fn decode(&mut self, buf: &mut BytesMut, limits: &Limits) -> Result<Option<Frame>, DecodeError> {
        if self.total.is_some_and(|total| buf.len() < total) {
            return Ok(None);
        }
        let Some(layout) = self.layout(buf, limits)? else { return Ok(None) };
        if buf.len() < layout.total {
            self.total = Some(layout.total);
            return Ok(None);
        }
        *self = Self::default();
        layout.split(buf, limits).map(Some)
    }

    /// Bytes of the message at the front, if its beginning tells. A hint for the size of the next read.
    pub fn expected(&self) -> Option<usize> {
        self.total
    }

    /// Takes what is there of the message at the front, which is not whole: its payload ends early.
    ///
    /// `None` if its form, its header or its length is not there yet; so it always is for a Buffered one. The message
    /// cannot be read on after that.
    pub fn take_partial(&mut self, buf: &mut BytesMut, limits: &Limits) -> Option<Frame> {
        let layout = Self::default().layout(buf, limits).ok()??;
        *self = Self::default();
        let total = layout.total.min(buf.len());
        Layout { total, ..layout }.split(buf, limits).ok()
    }

    fn layout(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<Layout>, DecodeError> {
        let Some(head) = head_of(buf) else { return Ok(None) };
        match detect(head) {
            Detected::TTHeader => header_layout(buf, limits),
            Detected::Mesh => {
                let mesh = 4 + usize::from(u16::from_be_bytes([head[2], head[3]]));
                let Some(head) = buf.get(mesh..).and_then(head_of) else { return Ok(None) };
                self.bare_layout(mesh, detect_bare(head), head, buf, limits)
            }
            detected => self.bare_layout(0, detected, head, buf, limits),
        }
    }

    fn bare_layout(
        &mut self,
        mesh: usize,
        detected: Detected,
        head: [u8; 8],
        buf: &[u8],
        limits: &Limits,
    ) -> Result<Option<Layout>, DecodeError> {
        let (form, protocol, len) = match detected {
            Detected::Buffered(protocol) => match self.walk(protocol, &buf[mesh..], limits)? {
                Some(len) => (Form::Buffered, protocol, len),
                None => return Ok(None),
            },
            Detected::Framed(protocol) => (Form::Framed, protocol, framed_len(head, protocol, limits)?),
            Detected::FramedProtobuf => {
                (Form::Framed, Protocol::Binary, framed_len(head, Protocol::Binary, limits)?)
            }
            _ => return Err(wrong_protocol(head)),
        };
        let protobuf = detected == Detected::FramedProtobuf;
        Ok(Some(Layout { form, protocol, protobuf, mesh, info: 0, total: mesh + len }))
    }

    /// Walks a Buffered message on from where it stopped; its length once its end is found.
    fn walk(
        &mut self,
        protocol: Protocol,
        message: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, DecodeError> {
        let walker = match &mut self.walker {
            Some(walker) => walker,
            None => {
                let Some(walker) = Walker::message(protocol, message, limits.max_depth)? else {
                    limits.check_frame(message.len())?;
                    return Ok(None);
                };
                self.walker.insert(Box::new(walker))
            }
        };
        match walker.walk(message)? {
            Walk::Done(end) => limits.check_frame(end).map(|()| Some(end)),
            Walk::NeedMore => limits.check_frame(message.len()).map(|()| None),
        }
    }
}

/// Bytes of an envelope of strict Binary with an empty name.
const SMALLEST: usize = 12;

/// Bytes of the smallest message of a kind that a frame's head tells.
#[inline]
fn smallest(protocol: Protocol, head: [u8; 8]) -> usize {
    match protocol {
        Protocol::Binary if head[4] & 0x80 != 0 => SMALLEST,
        // Its head has shown that there is room for its name.
        Protocol::Binary => 9,
        // The envelope and an empty struct.
        Protocol::Compact => 5,
        Protocol::Json => 13,
    }
}

/// Length of a framed message with its four bytes of length.
fn framed_len(head: [u8; 8], protocol: Protocol, limits: &Limits) -> Result<usize, DecodeError> {
    let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if len < smallest(protocol, head) {
        return Err(DecodeError::envelope(format!("a frame of {len} bytes cannot hold a message")));
    }
    limits.check_frame(len)?;
    Ok(len + 4)
}

fn header_layout(buf: &[u8], limits: &Limits) -> Result<Option<Layout>, DecodeError> {
    let Some(&[a, b, c, d, _, _, f, g, _, _, _, _, h, i]) = buf.first_chunk::<META>() else {
        return Ok(None);
    };
    if u16::from_be_bytes([f, g]) & flags::STREAMING != 0 {
        return Err(DecodeError::new(DecodeReason::WrongProtocol {
            name: "TTHeader Streaming",
            head: [a, b, c, d, 0x10, 0, f, g],
        }));
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let info = usize::from(u16::from_be_bytes([h, i])) * 4;
    if info < 4 {
        return Err(DecodeError::header(format!("header info of {info} bytes is too short")));
    }
    if info > limits.max_header {
        return Err(DecodeError::limit("Limits::max_header", info, limits.max_header));
    }
    limits.check_frame(length)?;
    let body = (length + 4).saturating_sub(META + info);
    if body < SMALLEST {
        return Err(DecodeError::header(format!("LENGTH {length} leaves no room for a message")));
    }
    let body_at = META + info;
    let Some(head) = buf.get(body_at..).and_then(|rest| rest.first_chunk::<8>()) else { return Ok(None) };
    let protocol = Protocol::Binary;
    let (form, protobuf, len) = match detect_payload(*head) {
        Detected::Buffered(_) => (Form::TTHeader, false, body),
        Detected::Framed(_) => (Form::TTHeaderFramed, false, framed_len(*head, protocol, limits)?),
        Detected::FramedProtobuf => (Form::TTHeaderFramed, true, framed_len(*head, protocol, limits)?),
        _ => return Err(wrong_protocol(*head)),
    };
    if len > body {
        return Err(DecodeError::header(format!("a frame of {len} bytes in a payload of {body}")));
    }
    Ok(Some(Layout { form, protocol, protobuf, mesh: 0, info, total: body_at + len }))
}

#[cold]
fn wrong_protocol(head: [u8; 8]) -> DecodeError {
    let name = match detect(head) {
        Detected::Http2 => "HTTP/2",
        Detected::TTHeader => "a TTHeader behind a header",
        Detected::Unknown(name) => name,
        _ => match detect_payload(head) {
            Detected::Unknown(name) => name,
            _ => UNKNOWN,
        },
    };
    DecodeError::new(DecodeReason::WrongProtocol { name, head })
}

impl Layout {
    fn split(self, buf: &mut BytesMut, limits: &Limits) -> Result<Frame, DecodeError> {
        let Self { form, protocol, protobuf, mesh, info, total } = self;
        let whole = buf.split_to(total).freeze();
        let envelope_at = if form.is_framed() { 4 } else { 0 };
        if form.has_header() {
            let flags = u16::from_be_bytes([whole[6], whole[7]]);
            let sequence = i32::from_be_bytes([whole[8], whole[9], whole[10], whole[11]]);
            let body_at = META + info;
            let header = Header::decode(flags, sequence, whole.slice(META..body_at), limits)?;
            let mut body = whole;
            bytes::Buf::advance(&mut body, body_at);
            return Ok(Frame {
                form,
                header: Some(header),
                mesh: None,
                protocol,
                protobuf,
                body,
                envelope_at,
            });
        }
        let pairs = match mesh {
            0 => None,
            _ => Some(mesh_pairs(whole.slice(4..mesh), limits)?),
        };
        let body = whole.slice(mesh..);
        Ok(Frame { form, header: None, mesh: pairs, protocol, protobuf, body, envelope_at })
    }
}

#[cfg(test)]
mod tests;
