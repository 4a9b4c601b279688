//! A small world of frames, in which matches and near misses are both common, and the dice that make it.
#![allow(dead_code)] // every test file uses its part of it

use netlab::model::LinkType;

/// A fixed sequence of numbers that look random (xorshift), so that a failure can be repeated.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.roll(u64::try_from(count).expect("few"))).expect("few")
    }

    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())].clone()
    }

    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).expect("a byte")
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

/// A frame of that world, sometimes cut short.
pub fn frame(dice: &mut Dice, link: LinkType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut kind = dice.pick(&[0x0800_u16, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035, 0x0026, 0x88cc]);
    match link {
        LinkType::RawIp => kind = dice.pick(&[0x0800, 0x86dd]),
        LinkType::Ethernet => {
            bytes.extend(dice.pick(&[
                [0xff; 6],
                [2, 0, 0, 0, 0, 1],
                [2, 0, 0, 0, 0, 2],
                [1, 0, 0x5e, 0, 0, 1],
                [1, 0x80, 0xc2, 0, 0, 0],
            ]));
            bytes.extend(dice.pick(&[[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 3]]));
            for _ in 0..dice.pick(&[0, 0, 0, 1, 1, 2]) {
                bytes.extend(dice.pick(&[[0x81, 0], [0x81, 0], [0x88, 0xa8], [0x91, 0]]));
                bytes.extend(dice.pick(&[[0, 5], [0x20, 5], [0, 6], [0, 0]]));
            }
            bytes.extend(kind.to_be_bytes());
        }
        LinkType::Cooked => {
            bytes.extend([0, dice.pick(&[0, 1, 4]), 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
            // Where Ethernet has a length, Linux has a number of its own.
            kind = if kind == 0x0026 { dice.pick(&[1, 4, 4, 4]) } else { kind };
            bytes.extend(kind.to_be_bytes());
        }
        LinkType::Cooked2 => {
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 0, 0, 0, 0, 2, 0, 1, dice.pick(&[0, 1, 4]), 6, 2, 0, 0, 0, 0, 1, 0, 0]);
        }
        LinkType::Null | LinkType::Loop => {
            kind = dice.pick(&[0x0800, 0x86dd]);
            // Of IPv6, each system has its own number.
            let family = if kind == 0x0800 { 2_u32 } else { dice.pick(&[10, 10, 10, 24, 28, 30]) };
            let turned = link == LinkType::Loop || dice.once_in(8);
            bytes.extend(if turned { family.to_be_bytes() } else { family.to_le_bytes() });
        }
    }
    match kind {
        0x0800 => ipv4(dice, &mut bytes),
        0x86dd => ipv6(dice, &mut bytes),
        0x0806 | 0x8035 => {
            bytes.extend([0, 1, 8, 0, 6, 4, 0, dice.pick(&[1, 2])]);
            bytes.extend([2, 0, 0, 0, 0, 1]);
            bytes.extend(v4(dice));
            bytes.extend([0; 6]);
            bytes.extend(v4(dice));
        }
        _ => bytes.extend([
            dice.pick(&[0x42, 0xe0, 0xaa, 0xfe, 0x64]),
            dice.pick(&[0x42, 0xff, 0xaa, 0xfe]),
            3,
            0,
            0,
            0,
            0x80,
            dice.byte(),
        ]),
    }
    let more = dice.roll(20);
    bytes.extend((0..more).map(|_| dice.byte()).collect::<Vec<_>>());
    if dice.once_in(10) {
        let keep = dice.index(bytes.len()).max(1);
        bytes.truncate(keep);
    }
    bytes
}

fn ipv4(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let words = dice.pick(&[5_u8, 5, 5, 6, 15]);
    let fragment = dice.pick(&[[0, 0], [0, 0], [0x40, 0], [0x20, 0], [0x20, 5], [0, 9]]);
    let protocol = dice.pick(&[1, 6, 6, 17, 17, 2, 132, 47, 58, 103]);
    bytes.extend([0x40 | words, 0, 0, 60, 0, 1, fragment[0], fragment[1], 64, protocol, 0, 0]);
    bytes.extend(v4(dice));
    bytes.extend(v4(dice));
    bytes.extend(vec![0x01; usize::from(words - 5) * 4]);
    transport(dice, protocol, bytes);
}

fn ipv6(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let protocol = dice.pick(&[6, 6, 17, 17, 58, 58, 44, 44, 0, 132]);
    bytes.extend([0x60, 0, 0, 0, 0, 40, protocol, 64]);
    bytes.extend(v6(dice));
    bytes.extend(v6(dice));
    if protocol == 44 || protocol == 0 {
        let inner = dice.pick(&[6, 17, 58]);
        bytes.extend([inner, 0, 0, 0, 0, 0, 0, 1]);
        transport(dice, inner, bytes);
    } else {
        transport(dice, protocol, bytes);
    }
}

fn transport(dice: &mut Dice, protocol: u8, bytes: &mut Vec<u8>) {
    if protocol == 1 || protocol == 58 {
        let kind = dice.pick(&[0_u8, 8, 3, 11, 5, 4, 12, 13, 128, 129, 135, 136]);
        bytes.extend([kind, dice.pick(&[0, 1, 3]), 0, 0, 0x12, dice.pick(&[0x34, 0x35]), 0, 1]);
        return;
    }
    for _ in 0..2 {
        bytes.extend(dice.pick(&[80_u16, 81, 443, 53, 8080, 1234]).to_be_bytes());
    }
    bytes.extend([
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2,
        dice.pick(&[0x50, 0x80]),
        dice.pick(&[0x02, 0x12, 0x10, 0x18, 0x11, 0x04]),
        1,
        0,
    ]);
}

fn v4(dice: &mut Dice) -> [u8; 4] {
    dice.pick(&[
        [10, 0, 0, 1],
        [10, 0, 0, 2],
        [10, 0, 0, 3],
        [10, 1, 2, 3],
        [192, 168, 1, 1],
        [224, 0, 0, 1],
        [10, 0, 0, 255],
        [255; 4],
    ])
}

fn v6(dice: &mut Dice) -> [u8; 16] {
    let address: std::net::Ipv6Addr =
        dice.pick(&["fe80::1", "fe80::2", "2001:db8::1", "2001:db8:0:1::1", "ff02::1"]).parse().expect("an address");
    address.octets()
}
