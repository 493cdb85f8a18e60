//! The TTHeader.

use super::cursor::Cursor;
use crate::case::Header;

/// The protocol ids that are not refused.
const PROTOCOLS: [u8; 5] = [0x00, 0x03, 0x04, 0x10, 0x11];

/// Reads from the magic on; the cursor ends at the payload.
pub(super) fn header(cursor: &mut Cursor<'_>) -> Option<Header> {
    let _magic = cursor.u16()?;
    let mut header = Header { flags: cursor.u16()?, seq: cursor.i32()?, ..Header::default() };
    let size = usize::from(cursor.u16()?) * 4;
    let mut info = Cursor::new(cursor.take(size)?);
    header.protocol_id = info.u8().filter(|id| PROTOCOLS.contains(id))?;
    let transforms = info.u8()?;
    info.take(transforms.into())?;
    while let Some(section) = info.u8() {
        self::section(section, &mut info, &mut header)?;
    }
    header.payload_at = Some(cursor.at());
    Some(header)
}

fn section(id: u8, info: &mut Cursor<'_>, header: &mut Header) -> Option<()> {
    match id {
        0x00 => {}
        0x01 => {
            for _ in 0..info.u16()? {
                header.str.insert(info.short_text()?, info.short_text()?);
            }
        }
        0x10 => {
            for _ in 0..info.u16()? {
                header.int.insert(info.u16()?, info.short_text()?);
            }
        }
        0x11 => header.acl_token = Some(info.short_text()?),
        _ => return None,
    }
    Some(())
}
