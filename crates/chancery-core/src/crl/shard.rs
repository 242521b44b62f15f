//! What part of an authority's certificates a list covers (RFC 5280, section 5: its scope), and where it is found.
//!
//! Certificates fall into 65536 buckets by the last two octets of their serial numbers, and a layout cuts the buckets
//! into shards of equal size. The serial number alone decides, so every list can be made in any layout at any time, and
//! the layout may change while lists of older ones go on. Must not know paths or hosts: addresses begin with what they
//! are given.

use std::fmt;
use std::ops::RangeInclusive;

use crate::serial::Serial;

/// Into how many shards an authority's certificates are cut: a power of two, at most [`Shards::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shards(u32);

/// One shard of a layout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shard {
    of: Shards,
    index: u16,
}

/// What a list covers. Its list tells of every certificate of the authority in it, whatever that certificate says of
/// where to find its list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// All certificates of the authority.
    Whole,
    /// Those whose serial numbers fall into this shard.
    Shard(Shard),
}

/// Where certificates say that the list about them is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CrlAddress {
    /// One list for all.
    At(String),
    /// The list of the certificate's shard: `PREFIX/COUNT/INDEX.crl`.
    Sharded {
        /// What stands before `/COUNT/INDEX.crl`.
        prefix: String,
        /// The layout.
        shards: Shards,
    },
}

impl Shards {
    /// One shard: all certificates.
    pub const ONE: Shards = Shards(1);
    /// The finest layout: a shard for each bucket.
    pub const MOST: Shards = Shards(1 << 16);

    /// A layout of `count` shards; none unless that is a power of two from 1 to 65536.
    pub const fn new(count: u32) -> Option<Shards> {
        if count.is_power_of_two() && count <= Shards::MOST.0 {
            Some(Shards(count))
        } else {
            None
        }
    }

    /// How many shards.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// Every shard, in the order of their buckets.
    pub fn all(self) -> impl Iterator<Item = Shard> {
        // Below 65536, as there are no more shards.
        (0..self.0).map(move |index| Shard {
            of: self,
            index: index as u16,
        })
    }

    /// How many buckets are in each shard, as a power of two: 0 to 16.
    const fn bits(self) -> u32 {
        Shards::MOST.0.trailing_zeros() - self.0.trailing_zeros()
    }
}

impl Shard {
    /// The shard with that index in a layout; none unless the index is below the layout's count.
    pub fn new(of: Shards, index: u32) -> Option<Shard> {
        let index = u16::try_from(index).ok()?;
        (u32::from(index) < of.0).then_some(Shard { of, index })
    }

    /// The shard into which a serial number falls.
    pub fn of_serial(of: Shards, serial: &Serial) -> Shard {
        Shard {
            of,
            // In u32, as one shard of all buckets shifts by 16.
            index: (u32::from(bucket(serial)) >> of.bits()) as u16,
        }
    }

    /// Its layout.
    pub const fn of(self) -> Shards {
        self.of
    }

    /// Its place in the layout, from 0.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// Its buckets.
    pub fn buckets(self) -> RangeInclusive<u16> {
        let bits = self.of.bits();
        let first = u32::from(self.index) << bits;
        let last = first + ((1 << bits) - 1);
        // The last shard ends with bucket 65535.
        first as u16..=last as u16
    }
}

impl Scope {
    /// The buckets that it covers.
    pub fn buckets(self) -> RangeInclusive<u16> {
        match self {
            Scope::Whole => 0..=u16::MAX,
            Scope::Shard(shard) => shard.buckets(),
        }
    }

    /// Does its list tell of the certificate with this serial number?
    pub fn covers(self, serial: &Serial) -> bool {
        self.buckets().contains(&bucket(serial))
    }
}

impl CrlAddress {
    /// The address for the certificate with this serial number.
    pub fn of(&self, serial: &Serial) -> String {
        match self {
            CrlAddress::At(address) => address.clone(),
            CrlAddress::Sharded { prefix, shards } => {
                format!("{prefix}/{}.crl", Shard::of_serial(*shards, serial))
            }
        }
    }
}

/// Its layout and its place there, as they stand in addresses: `64/5`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.of.0, self.index)
    }
}

/// The last two octets of a serial number, big-endian; a single octet has a zero before it.
fn bucket(serial: &Serial) -> u16 {
    match *serial.content() {
        [.., high, low] => u16::from_be_bytes([high, low]),
        [low] => u16::from(low),
        [] => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn serial(content: &[u8]) -> Serial {
        Serial::from_content(content).unwrap()
    }

    #[test]
    fn layouts_are_powers_of_two_up_to_65536() {
        for count in [0, 3, 6, 100, 65_535, 65_537, 131_072, u32::MAX] {
            assert_eq!(Shards::new(count), None, "{count}");
        }
        for bits in 0..=16 {
            assert_eq!(Shards::new(1 << bits).unwrap().count(), 1 << bits);
        }
        assert_eq!(Shards::new(1), Some(Shards::ONE));
        assert_eq!(Shards::new(65_536), Some(Shards::MOST));
    }

    /// In every layout the shards lie one after another and leave no bucket out.
    #[test]
    fn shards_partition_the_buckets() {
        for bits in 0..=16 {
            let shards = Shards::new(1 << bits).unwrap();
            let mut next = 0_u32;
            for (place, shard) in shards.all().enumerate() {
                let buckets = shard.buckets();
                assert_eq!(u32::from(*buckets.start()), next, "{shard}");
                assert!(buckets.start() <= buckets.end(), "{shard}");
                assert_eq!(usize::from(shard.index()), place);
                assert_eq!(Shard::new(shards, place as u32), Some(shard));
                next = u32::from(*buckets.end()) + 1;
            }
            assert_eq!(next, 65_536);
            assert_eq!(Shard::new(shards, shards.count()), None);
        }
        assert_eq!(Shard::new(Shards::MOST, u32::MAX), None);
    }

    #[test]
    fn the_last_two_octets_decide() {
        let shards = Shards::new(256).unwrap();
        for (content, in_256, in_most) in [
            (&[0x41, 0xab, 0xcd, 0x12, 0x34][..], 0x12, 0x1234),
            (&[0x12, 0x34], 0x12, 0x1234),
            (&[0x00, 0xff, 0xff], 0xff, 0xffff),
            (&[0xff, 0xff], 0xff, 0xffff),
            (&[0x7f], 0, 0x7f),
            (&[0xff], 0, 0xff),
            (&[0x00], 0, 0),
        ] {
            let serial = serial(content);
            assert_eq!(Shard::of_serial(shards, &serial).index(), in_256);
            assert_eq!(Shard::of_serial(Shards::MOST, &serial).index(), in_most);
            assert_eq!(Shard::of_serial(Shards::ONE, &serial).index(), 0);
        }
    }

    #[test]
    fn addresses_name_the_layout_and_the_shard() {
        let serial = serial(&[0x41, 0x80, 0x00]);
        let whole = CrlAddress::At("http://a.example/crl/issuing.crl".to_owned());
        assert_eq!(whole.of(&serial), "http://a.example/crl/issuing.crl");
        for (count, want) in [
            (1, "http://a.example/crl/issuing/1/0.crl"),
            (64, "http://a.example/crl/issuing/64/32.crl"),
            (65_536, "http://a.example/crl/issuing/65536/32768.crl"),
        ] {
            let address = CrlAddress::Sharded {
                prefix: "http://a.example/crl/issuing".to_owned(),
                shards: Shards::new(count).unwrap(),
            };
            assert_eq!(address.of(&serial), want);
        }
    }

    proptest! {
        /// A serial number is covered by its own shard of a layout, by no other one, and by the whole.
        #[test]
        fn one_shard_of_each_layout_covers_a_serial(
            content in proptest::collection::vec(any::<u8>(), 1..=20),
            bits in 0..=10_u32,
        ) {
            let serial = serial(&content);
            let shards = Shards::new(1 << bits).unwrap();
            let own = Shard::of_serial(shards, &serial);
            for shard in shards.all() {
                prop_assert_eq!(Scope::Shard(shard).covers(&serial), shard == own);
            }
            prop_assert!(Scope::Whole.covers(&serial));
            // A finer layout cuts its shards out of those of a coarser one.
            let finer = Shard::of_serial(Shards::MOST, &serial).buckets();
            prop_assert!(own.buckets().contains(finer.start()));
        }
    }
}
