//! The data of a record, read piece by piece.

use super::name::{Broken, Name};
use super::sections::Part;
use super::types::{self, Piece};
use crate::proto::reading::be16;

/// A piece of data that is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Bytes of a row: what the row's kind says.
    Fixed(Option<usize>, usize, usize),
    /// A name and the bytes that it has in its place.
    Name(Option<usize>, usize, usize),
    /// The length of a text.
    Length(Option<usize>, usize),
    /// A text.
    Text(Option<usize>, usize, usize),
    /// An option of RFC 6891, of whose contents of this length not all need be there.
    Option(usize, usize),
}

/// Calls back for each piece of the data of `part`, up to the first that cannot be read.
pub(super) fn each_piece(message: &[u8], part: &Part, each: &mut dyn FnMut(Found)) -> Result<(), Broken> {
    let Some(data) = part.data.filter(|data| data.length > 0) else { return Ok(()) };
    let (mut at, end) = (data.at, data.at + data.length);
    let there = |to: usize| if to <= message.len() { Ok(()) } else { Err(Broken::Short(message.len())) };
    let pieces = types::data(part.kind).pieces;
    if pieces.is_empty() {
        there(end)?;
    }
    for piece in pieces {
        match *piece {
            Piece::Fixed(row, length) => {
                there(at + length)?;
                each(Found::Fixed(row, at, length));
                at += length;
            }
            Piece::Name(row) => {
                let used = Name::read(message, at)?.used;
                each(Found::Name(row, at, used));
                at += used;
            }
            Piece::Text(rows) => at = text(message, at, rows, each)?,
            Piece::Texts(length, row) => {
                // A text that is longer than the data leads Wireshark past their end, up to that of the message.
                while at != end {
                    at = text(message, at, Some((length, row)), each)?;
                }
            }
            Piece::Options => {
                while at < end {
                    there(at + 4)?;
                    let length = usize::from(be16(message, at + 2).unwrap_or(0));
                    each(Found::Option(at, length));
                    there(at + 4 + length)?;
                    at += 4 + length;
                }
            }
        }
    }
    Ok(())
}

/// Reads a length and its text; answers where the next piece begins.
fn text(message: &[u8], at: usize, rows: Option<(usize, usize)>, each: &mut dyn FnMut(Found)) -> Result<usize, Broken> {
    let length = usize::from(*message.get(at).ok_or(Broken::Short(message.len()))?);
    each(Found::Length(rows.map(|rows| rows.0), at));
    let end = at + 1 + length;
    if end > message.len() {
        return Err(Broken::Short(message.len()));
    }
    each(Found::Text(rows.map(|rows| rows.1), at + 1, length));
    Ok(end)
}
