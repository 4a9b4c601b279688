//! Domain names: labels one after the other, the last of them perhaps in another place of the message (RFC 1035 §4.1.4).

use std::fmt;

use crate::proto::reading::printable;

/// Characters of the longest name, dots included (RFC 1035 §3.1: 255 bytes with the lengths and the root's zero).
const LONGEST: usize = 253;
/// The label of RFC 2673, which is history.
const BIT_STRING: usize = 0x41;
/// Pointers followed before a name counts as endless.
const MOST_POINTERS: usize = 255;
/// Labels read behind pointers before it does, for many names may point at one long one.
const MOST_LABELS: usize = 1024;

/// The text of a name before it is made readable.
pub(super) struct Name {
    labels: [u8; LONGEST],
    length: usize,
    /// Stands for a name that has no text.
    instead: Option<&'static str>,
    /// Bytes of the name in its own place: up to its end or its first pointer.
    pub(super) used: usize,
}

/// Where a message cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The bytes end here.
    Short(usize),
    /// This byte contradicts the format.
    Wrong(usize),
}

impl Name {
    /// Follows the name that begins at byte `at` of `message`.
    pub(super) fn read(message: &[u8], at: usize) -> Result<Self, Broken> {
        let mut name = Self { labels: [0; LONGEST], length: 0, instead: None, used: 0 };
        let (mut here, mut pointers, mut pointed, mut full) = (at, 0, 0, false);
        loop {
            let byte = |at: usize| message.get(at).copied().ok_or(Broken::Short(at));
            let length = usize::from(byte(here)?);
            match length >> 6 {
                _ if length == 0 => {
                    name.leave(at, here + 1);
                    break;
                }
                0 => {
                    let label = message.get(here + 1..here + 1 + length).ok_or(Broken::Short(message.len()))?;
                    full |= !name.push(label);
                    pointed += usize::from(pointers > 0);
                    here += 1 + length;
                }
                // Of the extended labels (RFC 6891 §5) none is in use.
                1 if here > at && length != BIT_STRING => {
                    name.leave(at, here + 1);
                    name.instead = Some("<Unknown extended label>");
                    return Ok(name);
                }
                1 | 2 => return Err(Broken::Wrong(here)),
                _ => {
                    let target = (length & 0x3f) << 8 | usize::from(byte(here + 1)?);
                    pointers += 1;
                    name.leave(at, here + 2);
                    if pointers > MOST_POINTERS || pointed > MOST_LABELS {
                        name.instead = Some("<Name contains a pointer that loops>");
                        return Ok(name);
                    }
                    here = target;
                }
            }
        }
        if full {
            name.instead = Some("<Name too long>");
        } else if name.length == 0 {
            name.instead = Some("<Root>");
        }
        Ok(name)
    }

    /// Only what stands before the first pointer lies in the name's own place.
    fn leave(&mut self, at: usize, end: usize) {
        if self.used == 0 {
            self.used = end - at;
        }
    }

    /// Adds a label, if there is room for it.
    fn push(&mut self, label: &[u8]) -> bool {
        let dot = usize::from(self.length > 0);
        let Some(room) = self.labels.get_mut(self.length..self.length + dot + label.len()) else { return false };
        room[..dot].fill(b'.');
        room[dot..].copy_from_slice(label);
        self.length += room.len();
        true
    }

    /// The text, as far as it is text.
    fn bytes(&self) -> &[u8] {
        self.instead.map_or(&self.labels[..self.length], str::as_bytes)
    }

    /// Its characters; Wireshark counts none in a name of one.
    pub(super) fn characters(&self) -> u64 {
        match self.bytes().len() {
            1 => 0,
            length => length as u64,
        }
    }

    /// Its labels, as Wireshark counts them: by the dots.
    pub(super) fn labels(&self) -> u64 {
        let dots = self.bytes().iter().filter(|&&byte| byte == b'.').count();
        if self.bytes().len() > 1 { dots as u64 + 1 } else { 0 }
    }

    /// Writes it so that everything in it can be seen.
    pub(super) fn print(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        printable(self.bytes(), out)
    }

    /// Its text cut at the first two dots: service, protocol and domain, in the name of a service (RFC 2782).
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes().splitn(3, |&byte| byte == b'.')
    }
}

/// Writes the name that begins at byte `at` of a message, as Wireshark shows it.
pub(super) fn whole(message: &[u8], at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    Name::read(message, at).map_or(Ok(()), |name| name.print(out))
}

/// Writes the piece number `N` of such a name, counted from 0.
pub(super) fn piece<const N: usize>(message: &[u8], at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    Name::read(message, at).map_or(Ok(()), |name| name.pieces().nth(N).map_or(Ok(()), |piece| printable(piece, out)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], at: usize) -> Result<(String, usize), Broken> {
        Name::read(message, at).map(|name| {
            let mut text = String::new();
            name.print(&mut text).expect("a string takes everything");
            (text, name.used)
        })
    }

    #[test]
    fn labels_are_joined_across_pointers() {
        let message = b"\x03com\0\x07example\xc0\x00\x03www\xc0\x05";
        assert_eq!(text(message, 0), Ok(("com".to_owned(), 5)));
        assert_eq!(text(message, 5), Ok(("example.com".to_owned(), 10)));
        assert_eq!(text(message, 15), Ok(("www.example.com".to_owned(), 6)));
        assert_eq!(text(message, 4), Ok(("<Root>".to_owned(), 1)));
    }

    #[test]
    fn hostile_names_end() {
        assert_eq!(text(b"\xc0\x00", 0), Ok(("<Name contains a pointer that loops>".to_owned(), 2)));
        assert_eq!(text(b"\x01a\xc0\x00", 0), Ok(("<Name contains a pointer that loops>".to_owned(), 4)));
        let long = [&[63; 64][..]; 5].concat();
        assert_eq!(text(&[&long[..], b"\0"].concat(), 0), Ok(("<Name too long>".to_owned(), 321)));
        assert_eq!(text(&long, 0), Err(Broken::Short(320)));
        assert_eq!(text(b"\x03ab", 0), Err(Broken::Short(3)));
        assert_eq!(text(b"\xc0", 0), Err(Broken::Short(1)));
        assert_eq!(text(b"\xff\xff", 0), Err(Broken::Short(0x3fff)));
        assert_eq!(text(b"\x80a", 0), Err(Broken::Wrong(0)));
        assert_eq!(text(b"", 0), Err(Broken::Short(0)));
    }

    #[test]
    fn a_service_s_name_has_three_parts() {
        let message = b"\x05_http\x04_tcp\x06netlab\x07example\0";
        let parts = [piece::<0>, piece::<1>, piece::<2>].map(|part| {
            let mut text = String::new();
            part(message, 0, &mut text).expect("a string takes everything");
            text
        });
        assert_eq!(parts, ["_http", "_tcp", "netlab.example"]);
    }
}
