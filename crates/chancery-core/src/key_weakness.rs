//! Keys that can be guessed from their public half: what no authority should certify, whatever the profile.
//!
//! Only RSA keys are weak in ways that show here. That a curve's point is on its curve shows when the request's signature
//! is checked. Lists of known compromised keys are not held here.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use crate::key::PublicKey;

/// Why a key is weak.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Weakness {
    /// The RSA modulus has fewer than 2048 bits.
    RsaTooSmall,
    /// The RSA exponent is even, below 65537 or of more than 256 bits (FIPS 186-5, appendix A.1.1).
    RsaExponent,
    /// The RSA modulus is even.
    RsaEvenModulus,
    /// The RSA modulus has a prime factor below 752 (CA/Browser Forum Baseline Requirements, section 6.1.6).
    RsaSmallFactor,
    /// The RSA modulus is of the form that certain Infineon chips made, whose factors can be found (ROCA,
    /// CVE-2017-15361).
    RsaRoca,
    /// The factors of the RSA modulus are so close that Fermat's method finds them (CVE-2022-26320).
    RsaClosePrimes,
}

/// Smallest RSA modulus, in bits.
const LEAST_BITS: usize = 2048;
/// Every prime factor below this is looked for.
const SMALL: u64 = 752;
/// Odd primes up to this are looked at for ROCA: every size of key has its form modulo these.
const ROCA_PRIMES_END: u64 = 168;
/// Steps of Fermat's method. Factors that differ only in their lower half are found in the first.
const FERMAT_STEPS: usize = 100;

/// What is weak about a key, if anything. About 40 us for an RSA key of 2048 bits, nothing for others.
pub fn weakness(key: &PublicKey) -> Option<Weakness> {
    let numbers = key.rsa_numbers()?;
    let modulus = Number::from_be(&numbers.modulus);
    let exponent = Number::from_be(&numbers.exponent);
    if modulus.bits() < LEAST_BITS {
        return Some(Weakness::RsaTooSmall);
    }
    if !exponent.is_odd() || exponent < Number::from(65_537) || exponent.bits() > 256 {
        return Some(Weakness::RsaExponent);
    }
    if !modulus.is_odd() {
        return Some(Weakness::RsaEvenModulus);
    }
    let remainders = small_remainders(&modulus);
    if remainders.iter().any(|(_, remainder)| *remainder == 0) {
        return Some(Weakness::RsaSmallFactor);
    }
    if is_roca(&remainders) {
        return Some(Weakness::RsaRoca);
    }
    has_close_factors(&modulus).then_some(Weakness::RsaClosePrimes)
}

/// The odd primes below [`SMALL`], in groups whose products are below 2^32: one long division does for a group.
static PRIMES: LazyLock<Vec<(u64, Vec<u64>)>> = LazyLock::new(|| {
    let is_prime = |n: &u64| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let mut groups: Vec<(u64, Vec<u64>)> = Vec::new();
    for prime in (3..SMALL).filter(is_prime) {
        match groups.last_mut() {
            Some((product, group)) if *product * prime < 1 << 32 => {
                *product *= prime;
                group.push(prime);
            }
            _ => groups.push((prime, vec![prime])),
        }
    }
    groups
});

/// Every odd prime below [`SMALL`] with the remainder that it leaves of `modulus`.
fn small_remainders(modulus: &Number) -> Vec<(u64, u64)> {
    let products: Vec<u64> = PRIMES.iter().map(|(product, _)| *product).collect();
    let remainders = modulus.remainders(&products);
    let of_group = |((_, group), rest): (&'static (u64, Vec<u64>), u64)| {
        group.iter().map(move |p| (*p, rest % p))
    };
    PRIMES.iter().zip(remainders).flat_map(of_group).collect()
}

/// The fingerprint of ROCA: modulo every small prime, the modulus is a power of 65537 (Nemec and others, "The Return of
/// Coppersmith's Attack", CCS 2017). Honest keys pass for one with a chance of about 2^-28.
fn is_roca(remainders: &[(u64, u64)]) -> bool {
    let is_power = |prime: u64, remainder: u64| {
        let powers = std::iter::successors(Some(1), |power| Some(power * 65_537 % prime));
        powers.take(prime as usize).any(|power| power == remainder)
    };
    remainders
        .iter()
        .take_while(|(prime, _)| *prime < ROCA_PRIMES_END)
        .all(|(prime, rest)| is_power(*prime, *rest))
}

/// Fermat's method: `modulus` is a^2 - b^2 = (a + b)(a - b), looked for upwards from the least a possible.
fn has_close_factors(modulus: &Number) -> bool {
    let (double, rest) = modulus.double_root();
    if rest.is_zero() {
        return true;
    }
    // For a = root + 1: b^2 = a^2 - modulus = 2 root + 1 - rest, and the next b^2 is larger by 2 a + 1.
    let two = Number::from(2);
    let mut step = double;
    step.flip(1);
    let mut square = step.clone();
    square.subtract(&rest);
    for _ in 0..FERMAT_STEPS {
        if square.is_square() {
            return true;
        }
        step.add(&two);
        square.add(&step);
    }
    false
}

/// A natural number: its 64-bit digits, lowest first, the last not zero. Just the arithmetic that is needed above.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Number(Vec<u64>);

impl Number {
    fn from_be(octets: &[u8]) -> Number {
        let digit = |chunk: &[u8]| {
            chunk
                .iter()
                .fold(0, |digit, octet| digit << 8 | u64::from(*octet))
        };
        Number(octets.rchunks(8).map(digit).collect()).trimmed()
    }

    fn from(digit: u64) -> Number {
        Number(vec![digit]).trimmed()
    }

    fn trimmed(mut self) -> Number {
        self.trim();
        self
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn is_odd(&self) -> bool {
        self.0.first().is_some_and(|digit| digit % 2 == 1)
    }

    fn bits(&self) -> usize {
        self.0
            .last()
            .map_or(0, |last| self.0.len() * 64 - last.leading_zeros() as usize)
    }

    /// The remainders of divisions by these numbers, all below 2^32. Side by side, because a processor can start the next
    /// division long before the last has ended.
    fn remainders(&self, divisors: &[u64]) -> Vec<u64> {
        let mut list = vec![0; divisors.len()];
        for half in self
            .0
            .iter()
            .rev()
            .flat_map(|digit| [digit >> 32, digit & 0xffff_ffff])
        {
            for (remainder, divisor) in list.iter_mut().zip(divisors) {
                *remainder = (*remainder << 32 | half) % divisor;
            }
        }
        list
    }

    /// Multiplies by 2^`by` (`by` from 1 to 63) and adds `low`, which is below that.
    fn shift_left(&mut self, by: u32, low: u64) {
        let mut carry = low;
        for digit in &mut self.0 {
            let next = *digit >> (64 - by);
            *digit = *digit << by | carry;
            carry = next;
        }
        if carry > 0 {
            self.0.push(carry);
        }
    }

    fn add(&mut self, other: &Number) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        let mut carry = false;
        for (digit, more) in self
            .0
            .iter_mut()
            .zip(other.0.iter().chain(std::iter::repeat(&0)))
        {
            let (sum, over) = digit.overflowing_add(*more);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*digit, carry) = (sum, over | over_again);
        }
        if carry {
            self.0.push(1);
        }
    }

    /// Subtracts a number that is not larger.
    fn subtract(&mut self, other: &Number) {
        let mut borrow = false;
        for (digit, less) in self
            .0
            .iter_mut()
            .zip(other.0.iter().chain(std::iter::repeat(&0)))
        {
            let (difference, under) = digit.overflowing_sub(*less);
            let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
            (*digit, borrow) = (difference, under | under_again);
        }
        self.trim();
    }

    /// Twice the integer square root, and what is left of the number: two of its bits for each bit of the root.
    fn double_root(&self) -> (Number, Number) {
        let (mut double, mut rest) = (Number(Vec::new()), Number(Vec::new()));
        for digit in self.0.iter().rev() {
            for shift in (0..64).step_by(2).rev() {
                rest.shift_left(2, digit >> shift & 3);
                // 4 root + 1, by which the square grows if the next bit of the root is 1.
                double.shift_left(1, 1);
                let fits = double <= rest;
                if fits {
                    rest.subtract(&double);
                }
                // 4 root + 2 or 4 root: twice the new root.
                double.flip(if fits { 0b11 } else { 0b01 });
            }
        }
        (double, rest)
    }

    /// Flips bits of the lowest digit.
    fn flip(&mut self, bits: u64) {
        if let Some(digit) = self.0.first_mut() {
            *digit ^= bits;
        }
    }

    /// Is it a square? Almost every number that is none is told by its remainders.
    fn is_square(&self) -> bool {
        // Bit n is set if n is a square modulo 64.
        const SQUARES: u64 = 0x0202_0212_0203_0213;
        if SQUARES >> self.0.first().map_or(0, |digit| digit % 64) & 1 == 0 {
            return false;
        }
        let square_modulo =
            |prime: u64, rest: u64| (0..prime).any(|root| root * root % prime == rest);
        let primes = [3, 5, 7, 11, 13, 17, 19, 23];
        let remainders = self.remainders(&[primes.iter().product()]);
        let may_be = remainders.iter().all(|rest| {
            primes
                .iter()
                .all(|prime| square_modulo(*prime, rest % prime))
        });
        may_be && self.double_root().1.is_zero()
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Weakness::RsaTooSmall => "its RSA modulus has fewer than 2048 bits",
            Weakness::RsaExponent => {
                "its RSA exponent is even, below 65537 or of more than 256 bits"
            }
            Weakness::RsaEvenModulus => "its RSA modulus is even",
            Weakness::RsaSmallFactor => "its RSA modulus has a small prime factor",
            Weakness::RsaRoca => "it was made by a flawed Infineon chip (ROCA, CVE-2017-15361)",
            Weakness::RsaClosePrimes => {
                "the factors of its RSA modulus are too close (CVE-2022-26320)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::{OpenSsl, tlv};

    impl Number {
        fn multiplied(&self, other: &Number) -> Number {
            let mut product = Number(vec![0; self.0.len() + other.0.len()]);
            for (at, a) in self.0.iter().enumerate() {
                let mut carry = 0;
                for (b, digit) in other.0.iter().chain([&0]).zip(&mut product.0[at..]) {
                    let sum = u128::from(*a) * u128::from(*b) + u128::from(*digit) + carry;
                    (*digit, carry) = (sum as u64, sum >> 64);
                }
            }
            product.trimmed()
        }

        fn plus(mut self, small: u64) -> Number {
            self.add(&Number::from(small));
            self
        }
    }

    fn power_of_two(exponent: usize) -> Number {
        let mut digits = vec![0; exponent / 64];
        digits.push(1 << (exponent % 64));
        Number(digits)
    }

    fn repeated(octet: u8, count: usize) -> Number {
        Number::from_be(&vec![octet; count])
    }

    fn key(modulus: &Number, exponent: &Number) -> PublicKey {
        let integer = |number: &Number| {
            let octets: Vec<u8> = number
                .0
                .iter()
                .rev()
                .flat_map(|digit| digit.to_be_bytes())
                .collect();
            let start = octets
                .iter()
                .position(|octet| *octet != 0)
                .unwrap_or(octets.len());
            let sign: &[u8] = if octets.get(start).is_some_and(|first| *first < 0x80) {
                &[]
            } else {
                &[0]
            };
            tlv(2, &[sign, &octets[start..]])
        };
        let rsa_encryption = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        let numbers = tlv(0x30, &[&integer(modulus), &integer(exponent)]);
        PublicKey::from_spki_der(&tlv(0x30, &[rsa_encryption, &tlv(3, &[&[0], &numbers])])).unwrap()
    }

    fn check(what: &str, modulus: &Number, want: Option<Weakness>) {
        assert_eq!(
            weakness(&key(modulus, &Number::from(65_537))),
            want,
            "{what}"
        );
    }

    #[test]
    fn weak_moduli_are_found() {
        // Has no factor below 752.
        let sound = repeated(0x5d, 255).plus(2);
        let times = |factor| sound.multiplied(&Number::from(factor));
        check(
            "2047 bits",
            &repeated(0x7f, 256),
            Some(Weakness::RsaTooSmall),
        );
        check("even", &power_of_two(2047), Some(Weakness::RsaEvenModulus));
        check("3", &times(3 * 757), Some(Weakness::RsaSmallFactor));
        check("751", &times(751), Some(Weakness::RsaSmallFactor));
        check("757, the next prime", &times(757), None);
        // Any power of 65537 has the fingerprint: 65537^129, of 2065 bits.
        let power = (0..128).fold(Number::from(65_537), |power, _| {
            power.multiplied(&Number::from(65_537))
        });
        check("ROCA", &power, Some(Weakness::RsaRoca));
    }

    /// Moduli (a + b)(a - b): Fermat's method takes about b^2 / 2a steps.
    #[test]
    fn close_factors_are_found() {
        let a = repeated(0xc5, 128).plus(57_956);
        let modulus = |b: &Number| {
            let mut modulus = a.multiplied(&a);
            modulus.subtract(&b.multiplied(b));
            modulus
        };
        let close = Some(Weakness::RsaClosePrimes);
        let factor = repeated(0x5d, 255).plus(2);
        check("one factor twice", &factor.multiplied(&factor), close);
        check(
            "apart in the lower 400 bits",
            &modulus(&power_of_two(400)),
            close,
        );
        check(
            "65 steps",
            &modulus(&power_of_two(512).multiplied(&Number::from(10))),
            close,
        );
        check(
            "260 steps",
            &modulus(&power_of_two(512).multiplied(&Number::from(20))),
            None,
        );
    }

    #[test]
    fn odd_exponents_are_weak() {
        let sound = repeated(0x5d, 255).plus(2).multiplied(&Number::from(757));
        let weak = Some(Weakness::RsaExponent);
        for (exponent, want) in [
            (Number::from(0), weak),
            (Number::from(1), weak),
            (Number::from(3), weak),
            (Number::from(65_535), weak),
            (Number::from(65_536), weak),
            (Number::from(65_537), None),
            (Number::from(65_538), weak),
            (Number::from(1 << 40).plus(1), None),
            (power_of_two(255).plus(1), None),
            (power_of_two(256).plus(1), weak),
        ] {
            assert_eq!(weakness(&key(&sound, &exponent)), want, "{:?}", exponent.0);
        }
    }

    #[test]
    fn keys_of_openssl_are_sound() {
        let openssl = OpenSsl::new();
        for (arguments, want) in [
            ("2048", None),
            ("2049", None),
            ("3072", None),
            ("-3 2048", Some(Weakness::RsaExponent)),
        ] {
            openssl.run(&format!("genrsa -out key {arguments}"));
            openssl.run("pkey -in key -pubout -outform der -out spki");
            let key = PublicKey::from_spki_der(&openssl.read("spki")).unwrap();
            assert_eq!(weakness(&key), want, "{arguments}");
        }
    }

    #[test]
    fn square_roots_are_exact() {
        for number in [1_u64, 2, 3, 4, 15, 16, 17, 1 << 32, u64::MAX] {
            let (double, rest) = Number::from(number).double_root();
            let root = number.isqrt();
            assert_eq!(
                (double.0, rest),
                (vec![2 * root], Number::from(number - root * root)),
                "{number}"
            );
        }
        let large = repeated(0xa7, 100);
        let square = large.multiplied(&large);
        assert!(square.is_square() && !square.clone().plus(1).is_square());
        let (mut twice, rest) = (large.clone(), square.double_root().1);
        twice.shift_left(1, 0);
        assert!(rest.is_zero() && square.double_root().0 == twice);
        assert_eq!(
            (0..100_u64)
                .filter(|n| *n > 0 && Number::from(*n).is_square())
                .count(),
            9
        );
    }
}
