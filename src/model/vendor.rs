//! Who made a network card: the IEEE sells the first bytes of MAC addresses to makers, and lists who bought which.
//!
//! The table is made by `vendor/make` from the IEEE's public listings, and searched where it lies: it costs nothing
//! until it is asked.

use super::MacAddr;

/// What the first bytes of a MAC address tell about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The software that gives its virtual network cards addresses that begin like this.
    Virtual(&'static str),
    /// The company that bought the block, in the short form people use.
    Maker(&'static str),
    /// Nobody bought it: software made it up (the "locally administered" bit).
    Local,
    /// Not one card but many: multicast or broadcast.
    Group,
    /// A block that the table does not have.
    Unknown,
}

/// Prefixes that software uses for virtual network cards, by their first bytes. Some were bought from the IEEE, others
/// are locally administered; all are conventions of their makers' documentation, so a real card is not ruled out.
const VIRTUAL: &[(&[u8], &str)] = &[
    (&[0x00, 0x05, 0x69], "VMware"),
    (&[0x00, 0x0c, 0x29], "VMware"),
    (&[0x00, 0x1c, 0x14], "VMware"),
    (&[0x00, 0x50, 0x56], "VMware"),
    (&[0x08, 0x00, 0x27], "VirtualBox"),
    (&[0x0a, 0x00, 0x27], "VirtualBox"),
    (&[0x52, 0x54, 0x00], "QEMU/KVM"),
    (&[0x02, 0x42], "Docker"),
    (&[0x00, 0x15, 0x5d], "Hyper-V"),
    (&[0x00, 0x16, 0x3e], "Xen"),
    (&[0x00, 0x1c, 0x42], "Parallels"),
];

static MAKERS: &[u8] = include_bytes!("vendor/makers.bin");

/// The sections of the table: bytes of a prefix, and how many bits of the last byte count.
const SECTIONS: [(usize, u8); 3] = [(3, 0xff), (4, 0xf0), (5, 0xf0)];
/// Length of the counts before the sections, and of the offset behind each prefix.
const COUNTS: usize = 12;
const OFFSET: usize = 3;

impl MacAddr {
    /// Where this address comes from, as far as its first bytes tell.
    #[must_use]
    pub fn origin(self) -> Origin {
        if self.is_group() {
            return Origin::Group;
        }
        if let Some((_, software)) = VIRTUAL.iter().find(|(prefix, _)| self.0.starts_with(prefix)) {
            return Origin::Virtual(software);
        }
        // A few old blocks were sold although the bit was set, before it had its meaning.
        match maker(self) {
            Some(name) => Origin::Maker(name),
            None if self.is_local() => Origin::Local,
            None => Origin::Unknown,
        }
    }

    /// The name to show beside the address: its maker's, or that of the software that gave it.
    #[must_use]
    pub fn vendor(self) -> Option<&'static str> {
        match self.origin() {
            Origin::Virtual(name) | Origin::Maker(name) => Some(name),
            Origin::Local | Origin::Group | Origin::Unknown => None,
        }
    }
}

/// The owner of the smallest block that `mac` is in.
fn maker(mac: MacAddr) -> Option<&'static str> {
    let mut start = COUNTS;
    let mut found = None;
    for (number, (width, last)) in SECTIONS.into_iter().enumerate() {
        let count = MAKERS.get(number * 4..)?.first_chunk().map(|&count| u32::from_be_bytes(count))?;
        let length = usize::try_from(count).ok()? * (width + OFFSET);
        let mut wanted = mac.0;
        wanted[width - 1] &= last;
        found = search(MAKERS.get(start..start + length)?, &wanted[..width]).or(found);
        start += length;
    }
    let names = MAKERS.get(start..)?;
    let name = names.get(found?..)?;
    std::str::from_utf8(name.get(1..=usize::from(*name.first()?))?).ok()
}

/// The offset that stands behind `wanted` in a section.
fn search(section: &'static [u8], wanted: &[u8]) -> Option<usize> {
    let width = wanted.len() + OFFSET;
    let (mut low, mut high) = (0, section.len() / width);
    while low < high {
        let middle = low.midpoint(high);
        let (prefix, offset) = section.get(middle * width..(middle + 1) * width)?.split_at(wanted.len());
        match prefix.cmp(wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                return Some(offset.iter().fold(0, |offset, byte| offset << 8 | usize::from(*byte)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample of Wireshark's list: an address, and the full name of the block's owner; made by `vendor/make`.
    static EXPECTED: &str = include_str!("vendor/expected.tsv");

    fn mac(text: &str) -> MacAddr {
        text.parse().expect("a MAC address")
    }

    #[test]
    fn wireshark_knows_the_same_makers() {
        let plain = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let (mut same, mut known, mut rows) = (0, 0, 0);
        for row in EXPECTED.lines() {
            let (address, name) = row.split_once('\t').expect("two columns");
            rows += 1;
            let Some(ours) = maker(mac(address)) else { continue };
            known += 1;
            if plain(name).contains(&plain(ours)) {
                same += 1;
            } else {
                eprintln!("{address}: {ours}, there {name}");
            }
        }
        // Theirs is two years younger: blocks were sold since, and companies took other names.
        assert!(rows > 150 && known * 100 > rows * 80, "{known} of {rows} known");
        assert!(same * 100 > known * 93, "{same} of {known} the same");
    }

    #[test]
    fn the_table_is_sorted_and_whole() {
        let mut start = COUNTS;
        for (number, (width, last)) in SECTIONS.into_iter().enumerate() {
            let count = u32::from_be_bytes(MAKERS[number * 4..][..4].try_into().expect("four bytes"));
            assert!(count > 4000, "section {number} has {count} rows");
            let length = count as usize * (width + OFFSET);
            let rows: Vec<_> = MAKERS[start..start + length].chunks(width + OFFSET).map(|row| &row[..width]).collect();
            assert!(rows.is_sorted_by(|one, other| one < other), "section {number}");
            for prefix in rows {
                assert_eq!(prefix[width - 1] & last, prefix[width - 1]);
                let mut bytes = [0; 6];
                bytes[..width].copy_from_slice(prefix);
                let name = maker(MacAddr(bytes)).expect("a name for each prefix");
                assert!((1..=24).contains(&name.chars().count()) && !name.contains(char::is_control), "{name:?}");
            }
            start += length;
        }
        assert!(MAKERS.len() < 1 << 20);
    }

    #[test]
    fn origins() {
        for (address, origin) in [
            ("4c:e6:76:0a:11:01", Origin::Maker("Buffalo")),
            ("8c:85:90:42:64:b2", Origin::Maker("Apple")),
            ("52:54:00:12:34:56", Origin::Virtual("QEMU/KVM")),
            ("02:42:ac:11:00:02", Origin::Virtual("Docker")),
            ("08:00:27:00:00:01", Origin::Virtual("VirtualBox")),
            ("da:a1:19:00:00:01", Origin::Local),
            ("ff:ff:ff:ff:ff:ff", Origin::Group),
            ("01:00:5e:00:00:01", Origin::Group),
        ] {
            assert_eq!(mac(address).origin(), origin, "{address}");
        }
    }

    #[test]
    fn a_block_sold_in_pieces_has_the_owner_of_the_piece() {
        let pieces = EXPECTED.lines().filter(|row| {
            let octets = row.split('\t').next().unwrap_or_default();
            !octets.ends_with("00:00:00")
        });
        let known = pieces.filter(|row| maker(mac(&row[..17])).is_some()).count();
        assert!(known > 20, "{known} pieces");
    }
}
