//! From an authority's certificate up to the root: which of the certificates at hand lead there, and whether they hold.

use std::fmt;

use super::Authority;
use crate::time::Time;
use crate::x509;

/// Why certificates do not lead from an authority up to a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BrokenChain {
    /// One of them is no authority's: its subject, and why.
    NotAnAuthority(String, String),
    /// The certificate of one that has signed is not at hand, or what is at hand did not sign: its name.
    IssuerMissing(String),
    /// One of them has expired: its subject.
    Expired(String),
    /// The validity of one of them has not begun: its subject.
    NotYetValid(String),
    /// One of them does not allow so many authorities below it: its subject.
    PathLength(String),
    /// There are more than eight.
    TooLong,
}

/// Most certificates from an authority up to its root.
const LONGEST: usize = 8;

/// The certificates (DER) above `certificate` up to a root, nearest first, found among those `at_hand` in any order: each
/// has signed the one before it, is an authority's, is valid at `now`, and lets as many authorities follow as do. A root
/// is a certificate that has signed itself; `certificate` itself may be one.
///
/// # Errors
/// [`BrokenChain`]; the certificate itself is held to the same rules.
pub fn chain_to_root(
    certificate: &[u8],
    at_hand: &[Vec<u8>],
    now: Time,
) -> Result<Vec<Vec<u8>>, BrokenChain> {
    let candidates: Vec<Authority> = at_hand.iter().filter_map(|der| read(der).ok()).collect();
    let first = read(certificate)
        .map_err(|reason| BrokenChain::NotAnAuthority("the certificate".to_owned(), reason))?;
    check(&first, 0, now)?;
    // One key may have several certificates (renewed or cross-certified roots), of which any may lead on. Whoever is
    // nearest comes first, and each is looked at once: it holds nowhere if it does not with the fewest below it.
    let mut reached = vec![Reached {
        authority: &first,
        below: None,
        depth: 0,
    }];
    let (mut next, mut fault) = (0, None);
    while let Some(&Reached {
        authority, depth, ..
    }) = reached.get(next)
    {
        if signed_itself(authority) {
            return Ok(chain_of(&reached, next));
        }
        let mut signers = candidates
            .iter()
            .filter(|above| has_signed(above, authority))
            .peekable();
        if signers.peek().is_none() {
            fault.get_or_insert_with(|| missing(authority, at_hand));
        }
        for above in signers {
            if reached
                .iter()
                .any(|one| one.authority.certificate == above.certificate)
            {
                continue;
            }
            match check(above, depth + 1, now) {
                Ok(()) => reached.push(Reached {
                    authority: above,
                    below: Some(next),
                    depth: depth + 1,
                }),
                Err(error) => {
                    fault.get_or_insert(error);
                }
            }
        }
        next += 1;
    }
    Err(fault.unwrap_or_else(|| BrokenChain::IssuerMissing(first.facts.issuer.to_rfc4514())))
}

/// An authority on a way up.
struct Reached<'a> {
    authority: &'a Authority,
    /// Where the one stands that it has signed.
    below: Option<usize>,
    /// How many stand below it.
    depth: usize,
}

/// The certificates above the first one, up to that place.
fn chain_of(reached: &[Reached<'_>], place: usize) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    let mut one = reached.get(place);
    while let Some(Reached {
        authority,
        below: Some(below),
        ..
    }) = one
    {
        chain.push(authority.certificate.clone());
        one = reached.get(*below);
    }
    chain.reverse();
    chain
}

fn read(der: &[u8]) -> Result<Authority, String> {
    Authority::new(0, String::new(), der.to_vec(), None).map_err(|error| error.0)
}

fn has_signed(above: &Authority, below: &Authority) -> bool {
    above.subject().matches(&below.facts.issuer)
        && x509::verify_certificate(&below.certificate, &above.facts.public_key)
}

fn signed_itself(authority: &Authority) -> bool {
    has_signed(authority, authority)
}

/// What to say of an issuer that was not found: that it is not an authority's, if it is at hand and has signed.
fn missing(below: &Authority, at_hand: &[Vec<u8>]) -> BrokenChain {
    for der in at_hand {
        let Ok(facts) = x509::read_certificate(der) else {
            continue;
        };
        if facts.subject.matches(&below.facts.issuer)
            && x509::verify_certificate(&below.certificate, &facts.public_key)
            && let Err(reason) = read(der)
        {
            return BrokenChain::NotAnAuthority(facts.subject.to_rfc4514(), reason);
        }
    }
    BrokenChain::IssuerMissing(below.facts.issuer.to_rfc4514())
}

/// The rules for one certificate with so many authorities below it (RFC 5280, section 6.1.4).
fn check(authority: &Authority, below: usize, now: Time) -> Result<(), BrokenChain> {
    let facts = &authority.facts;
    let subject = || facts.subject.to_rfc4514();
    if below >= LONGEST {
        return Err(BrokenChain::TooLong);
    }
    if now > facts.not_after {
        return Err(BrokenChain::Expired(subject()));
    }
    if now < facts.not_before {
        return Err(BrokenChain::NotYetValid(subject()));
    }
    if facts
        .path_length
        .is_some_and(|most| usize::from(most) < below)
    {
        return Err(BrokenChain::PathLength(subject()));
    }
    Ok(())
}

impl fmt::Display for BrokenChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BrokenChain::NotAnAuthority(subject, reason) => {
                write!(f, "{subject} is no authority's: {reason}")
            }
            BrokenChain::IssuerMissing(name) => write!(
                f,
                "the certificate of {name} is missing, or its key did not sign this: give the whole chain up to the root"
            ),
            BrokenChain::Expired(subject) => write!(f, "the certificate of {subject} has expired"),
            BrokenChain::NotYetValid(subject) => {
                write!(f, "the certificate of {subject} is not valid yet")
            }
            BrokenChain::PathLength(subject) => write!(
                f,
                "the certificate of {subject} does not allow so many authorities below it (path length)"
            ),
            BrokenChain::TooLong => write!(f, "the chain has more than {LONGEST} certificates"),
        }
    }
}

impl std::error::Error for BrokenChain {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;
    use crate::x509::testing::TestKey;
    use crate::x509::{Extension, KeyUsage};

    /// Within the validity of what test keys certify.
    const NOW: Time = Time::from_unix(1_800_000_000);

    fn authoritys(path_length: Option<u8>) -> Vec<Extension> {
        let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        vec![
            Extension::basic_constraints(true, path_length).unwrap(),
            Extension::key_usage(usage).unwrap(),
        ]
    }

    /// A root, an authority under it with that path length, and one under that.
    fn three(path_length: Option<u8>) -> [Vec<u8>; 3] {
        let [root, middle, leaf] = [(); 3].map(|()| TestKey::p256());
        let [r, m, l] = ["CN=root", "CN=middle", "CN=leaf"].map(|text| Name::parse(text).unwrap());
        [
            root.certify(&r, &r, &root.public, authoritys(None)),
            root.certify(&r, &m, &middle.public, authoritys(path_length)),
            middle.certify(&m, &l, &leaf.public, authoritys(Some(0))),
        ]
    }

    #[test]
    fn chains_are_found_in_any_order() {
        let [root, middle, leaf] = three(Some(1));
        let [_, stranger, _] = three(Some(1));
        let want = vec![middle.clone(), root.clone()];
        for at_hand in [
            vec![root.clone(), middle.clone()],
            vec![
                b"0".to_vec(),
                stranger,
                leaf.clone(),
                middle.clone(),
                root.clone(),
            ],
        ] {
            assert_eq!(chain_to_root(&leaf, &at_hand, NOW), Ok(want.clone()));
        }
        assert_eq!(chain_to_root(&root, &[], NOW), Ok(Vec::new()));
    }

    #[test]
    fn what_does_not_lead_to_a_root_says_why() {
        let [root, middle, leaf] = three(Some(1));
        let [_, other, _] = three(Some(1));
        let [short_root, short, below_short] = three(Some(0));
        let missing = |name: &str| BrokenChain::IssuerMissing(name.to_owned());
        let late = Time::from_unix(2_840_140_801);
        let early = Time::from_unix(1_577_836_799);
        for (certificate, at_hand, now, want) in [
            (&leaf, vec![root.clone()], NOW, missing("CN=middle")),
            (&leaf, vec![middle.clone()], NOW, missing("CN=root")),
            // The name of the one that signed, and another key.
            (&leaf, vec![other, root.clone()], NOW, missing("CN=middle")),
            (
                &root,
                vec![],
                late,
                BrokenChain::Expired("CN=root".to_owned()),
            ),
            (
                &root,
                vec![],
                early,
                BrokenChain::NotYetValid("CN=root".to_owned()),
            ),
            (
                &below_short,
                vec![short_root, short],
                NOW,
                BrokenChain::PathLength("CN=middle".to_owned()),
            ),
        ] {
            assert_eq!(chain_to_root(certificate, &at_hand, now), Err(want));
        }
    }

    /// A root that was renewed with its key, or certified by another root too, has several certificates.
    #[test]
    fn any_certificate_of_a_key_may_lead_to_a_root() {
        let [old, new, leaf] = [(); 3].map(|()| TestKey::p256());
        let [o, n, l] = ["CN=old", "CN=new", "CN=leaf"].map(|text| Name::parse(text).unwrap());
        let root = old.certify(&o, &o, &old.public, authoritys(None));
        let short = old.certify(&o, &o, &old.public, authoritys(Some(0)));
        let crossed = new.certify(&n, &o, &old.public, authoritys(None));
        let crossed_back = old.certify(&o, &n, &new.public, authoritys(None));
        let narrow = old.certify(&o, &o, &old.public, authoritys(Some(0)));
        let middle = old.certify(&o, &n, &new.public, authoritys(None));
        let leaf = new.certify(&n, &l, &leaf.public, authoritys(Some(0)));
        let new_root = new.certify(&n, &n, &new.public, authoritys(None));
        for (at_hand, want) in [
            // A circle of cross-certificates, and the way out of it.
            (
                vec![&crossed_back, &crossed, &root],
                vec![&crossed_back, &root],
            ),
            (vec![&crossed, &crossed_back, &new_root], vec![&new_root]),
            // The first certificate at hand does not allow so many below it, the second does.
            (vec![&narrow, &middle, &root], vec![&middle, &root]),
            (
                vec![&middle, &middle, &short, &root, &root],
                vec![&middle, &root],
            ),
        ] {
            let at_hand: Vec<_> = at_hand.into_iter().cloned().collect();
            let want: Vec<_> = want.into_iter().cloned().collect();
            assert_eq!(chain_to_root(&leaf, &at_hand, NOW), Ok(want));
        }
        let circle = [crossed, crossed_back];
        let lost = chain_to_root(&leaf, &circle, NOW);
        assert_eq!(lost, Err(BrokenChain::IssuerMissing("CN=new".to_owned())));
    }

    #[test]
    fn only_authorities_stand_in_a_chain() {
        let (root, end) = (TestKey::p256(), TestKey::p256());
        let [r, e] = ["CN=root", "CN=end"].map(|text| Name::parse(text).unwrap());
        let no_authority = root.certify(&r, &r, &root.public, Vec::new());
        let below = root.certify(&r, &e, &end.public, authoritys(None));
        for (certificate, at_hand) in [
            (&no_authority, vec![]),
            (&below, vec![no_authority.clone()]),
        ] {
            let refused = chain_to_root(certificate, &at_hand, NOW);
            assert!(
                matches!(refused, Err(BrokenChain::NotAnAuthority(..))),
                "{refused:?}"
            );
        }
    }
}
