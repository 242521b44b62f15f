//! Every reader of what others send, against thousands of damaged inputs: the properties of `fuzz/properties.rs`, which
//! libFuzzer holds too, on mutations of their seeds that are the same in every run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../fuzz/properties.rs"]
mod properties;

use std::panic::catch_unwind;
use std::path::Path;

use properties::{ALL, Property};

/// Damaged inputs of each reader, beside the seeds themselves.
const ROUNDS: usize = 8000;

#[test]
fn no_damage_breaks_a_reader() {
    std::thread::scope(|scope| {
        for property in &ALL {
            scope.spawn(|| check(property));
        }
    });
}

fn check((name, holds): &Property) {
    let seeds = seeds(name);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let damaged = (0..ROUNDS).map(|_| damage(&seeds, &mut random));
    for octets in seeds.iter().cloned().chain(damaged) {
        let held = catch_unwind(|| holds(&octets));
        assert!(held.is_ok(), "{name} is broken by {}", hex(&octets));
    }
}

/// The seeds of a property, in the order of their names.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let entries = std::fs::read_dir(folder.join(name)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds of {name}");
    let read = |file| std::fs::read(file).unwrap();
    files.into_iter().map(read).collect()
}

/// A seed with one to eight changes.
fn damage(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut octets = random.one_of(seeds).clone();
    for _ in 0..=random.below(8) {
        let (from, to) = random.range(octets.len());
        match random.below(8) {
            // Most changes keep the length, so that the frame of DER around them still adds up.
            0..=3 => octets[from..to].fill_with(|| random.octet()),
            4 => octets.truncate(to),
            5 => drop(octets.drain(from..to)),
            6 => {
                let copy = octets[from..to].to_vec();
                octets.splice(to..to, copy);
            }
            _ => {
                let other = random.one_of(seeds);
                let (start, end) = random.range(other.len());
                octets.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
    octets
}

/// Xorshift: numbers that look like chance, and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() % limit
    }

    /// A part, mostly very short, of so many octets.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { 32 } else { 2 };
        (from, length.min(from + self.below(most + 1)))
    }

    fn one_of<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &seeds[self.below(seeds.len())]
    }

    /// Any octet, and more often one on which much turns: numbers at their ends, tags, signs in text.
    fn octet(&mut self) -> u8 {
        const TURNING: &[u8] =
            b"\x00\x01\x7f\x80\x81\x82\x84\xff\x02\x03\x04\x06\x0c\x13\x16\x17\x18\x1e\x30\x31\xa0\xa3\\\"#+,;=/:-. \n@*";
        match self.below(2) {
            0 => TURNING[self.below(TURNING.len())],
            _ => self.next() as u8,
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
