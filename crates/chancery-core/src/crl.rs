//! Certificate revocation lists (RFC 5280, section 5), in and out.
//!
//! A list may have a million entries, so its entries are encoded straight into the memory of the list, which is not
//! copied again. Which certificates are on it is decided elsewhere.

use std::borrow::Borrow;
use std::fmt;

use der::{Decode, Encode, Header, Length, Tag, TagNumber};

use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::plan::ToBeSigned;
use crate::plan::sealed::Sealed;
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;
use crate::x509::tlv::{
    ENUMERATED, GENERALIZED_TIME, INTEGER, Malformed, Reader, SEQUENCE, UTC_TIME,
    context_constructed,
};
use crate::x509::{self, AlgorithmIdentifier, Extension, Signed, WriteError, values};

/// A revoked certificate on a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlEntry {
    /// Its serial number.
    pub serial: Serial,
    /// Since when.
    pub revoked: Time,
    /// Why. [`Reason::Unspecified`] is left out of the list (section 5.3.1).
    pub reason: Reason,
}

/// What goes into a list, all decided already.
#[derive(Clone, Debug)]
pub struct CrlContents<'a, E> {
    /// The authority that signs it.
    pub issuer: &'a Name,
    /// How it will be signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// When it is made.
    pub this_update: Time,
    /// When the next one is there at the latest.
    pub next_update: Time,
    /// Its number, larger than that of every list before (section 5.2.3).
    pub number: u64,
    /// The key identifier of the authority that signs it: its own, not that of its parent.
    pub authority_key_id: &'a [u8],
    /// The entries ([`CrlEntry`] or references to them), written in this order. None leaves the field out (section
    /// 5.1.2.6).
    pub entries: E,
}

/// A list decided and encoded, waiting for its signature.
pub struct PlannedCrl {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Sealed for PlannedCrl {}

impl ToBeSigned for PlannedCrl {
    fn octets(&self) -> &[u8] {
        &self.tbs
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl PlannedCrl {
    /// The list's DER, with the signature that a signer made over [`ToBeSigned::octets`].
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, WriteError> {
        x509::seal(self.tbs, self.algorithm, signature)
    }
}

impl fmt::Debug for PlannedCrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PlannedCrl({} octets, {:?})",
            self.tbs.len(),
            self.algorithm
        )
    }
}

/// Octets of an entry with a serial number of 16 octets, a reason and a UTCTime.
const USUAL_ENTRY: usize = 49;

/// Encodes a list of version 2 with its number and the authority's key identifier.
///
/// # Errors
/// A time before 1970 or after 9999, a serial number of more than 64 octets, more than 4 GiB in all.
pub fn plan_crl<E>(contents: CrlContents<'_, E>) -> Result<PlannedCrl, WriteError>
where
    E: IntoIterator,
    E::Item: Borrow<CrlEntry>,
{
    let algorithm = contents.signature_algorithm;
    let mut front = Vec::with_capacity(256);
    1_u8.encode_to_vec(&mut front)?; // version 2
    AlgorithmIdentifier::of(algorithm).encode_to_vec(&mut front)?;
    front.extend_from_slice(contents.issuer.der());
    x509::push_time(&mut front, contents.this_update)?;
    x509::push_time(&mut front, contents.next_update)?;
    let extensions = x509::write_extensions(&[
        Extension::authority_key_id(contents.authority_key_id)?,
        Extension {
            oid: x509::CRL_NUMBER,
            critical: false,
            value: contents.number.to_der()?,
        },
    ])?;

    let entries = contents.entries.into_iter();
    let usual = entries.size_hint().0.saturating_mul(USUAL_ENTRY);
    let mut tbs = Vec::with_capacity(usual.saturating_add(1024));
    for entry in entries {
        push_entry(&mut tbs, entry.borrow())?;
    }
    if !tbs.is_empty() {
        header(Tag::Sequence, tbs.len())?.encode_to_vec(&mut front)?;
    }
    header(EXTENSIONS, extensions.len())?.encode_to_vec(&mut tbs)?;
    tbs.extend_from_slice(&extensions);
    let whole = header(Tag::Sequence, front.len() + tbs.len())?.to_der()?;
    tbs.splice(..0, whole.into_iter().chain(front));
    Ok(PlannedCrl { tbs, algorithm })
}

/// The field with the list's extensions.
const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};

fn header(tag: Tag, length: usize) -> Result<Header, WriteError> {
    Ok(Header::new(tag, Length::try_from(length)?))
}

/// `Extensions` with one CRLReason, up to its code, which follows (section 5.3.1).
const REASON: [u8; 13] = [
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
];

/// Appends one entry. Its parts are so short that every length is a single octet.
fn push_entry(out: &mut Vec<u8>, entry: &CrlEntry) -> Result<(), WriteError> {
    let serial = entry.serial.content();
    let Some(length) = u8::try_from(serial.len())
        .ok()
        .filter(|length| *length <= 64)
    else {
        return Err(WriteError::Serial);
    };
    let start = out.len();
    out.extend_from_slice(&[SEQUENCE, 0, INTEGER, length]);
    out.extend_from_slice(serial);
    x509::push_time(out, entry.revoked)?;
    if entry.reason != Reason::Unspecified {
        out.extend_from_slice(&REASON);
        out.push(entry.reason.code());
    }
    // At most 2 + 64 + 17 + 14 octets.
    let content = (out.len() - start - 2) as u8;
    if let Some(place) = out.get_mut(start + 1) {
        *place = content;
    }
    Ok(())
}

/// Facts read from a list's DER.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlFacts {
    /// Who signed it.
    pub issuer: Name,
    /// Its number; none if it has none, or one beyond 64 bits.
    pub number: Option<u64>,
    /// The key identifier of the authority that signed it.
    pub authority_key_id: Option<Vec<u8>>,
    /// When it was made.
    pub this_update: Time,
    /// When the next one is there at the latest.
    pub next_update: Option<Time>,
    /// Its entries, in its order. Reasons that are missing or not known are [`Reason::Unspecified`].
    pub revoked: Vec<CrlEntry>,
}

/// Why octets are no list that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrlError;

/// Reads a list, of any size.
///
/// # Errors
/// [`CrlError`] for what is not the DER of exactly one list.
pub fn read_crl(der: &[u8]) -> Result<CrlFacts, CrlError> {
    read_fields(Reader::new(Signed::open(der)?.tbs.content))
}

/// Does the signature of the list hold under this key? Checked over the original octets.
pub fn verify_crl(der: &[u8], issuer_key: &PublicKey) -> bool {
    Signed::open(der).is_ok_and(|signed| signed.verifies(issuer_key))
}

/// Reads the fields of a TBSCertList.
fn read_fields(mut fields: Reader<'_>) -> Result<CrlFacts, CrlError> {
    // Version 1 is not written; version 2 is the number 1.
    if fields
        .optional(INTEGER)
        .is_some_and(|version| version.content != [1])
    {
        return Err(CrlError);
    }
    x509::read_signature_algorithm(&mut fields)?;
    let issuer = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(|_| CrlError)?;
    let this_update = x509::read_time(fields.any()?).ok_or(CrlError)?;
    let next_update = match fields
        .optional(UTC_TIME)
        .or_else(|| fields.optional(GENERALIZED_TIME))
    {
        Some(time) => Some(x509::read_time(time).ok_or(CrlError)?),
        None => None,
    };
    let revoked = match fields.optional(SEQUENCE) {
        Some(entries) => read_entries(Reader::new(entries.content))?,
        None => Vec::new(),
    };
    let mut facts = CrlFacts {
        issuer,
        number: None,
        authority_key_id: None,
        this_update,
        next_update,
        revoked,
    };
    if let Some(extensions) = fields.optional(context_constructed(0)) {
        for extension in values::extensions(extensions.content)? {
            match extension.oid() {
                Some(x509::AUTHORITY_KEY_ID) => {
                    facts.authority_key_id = values::authority_key_id(extension.value)?
                }
                Some(x509::CRL_NUMBER) => facts.number = u64::from_der(extension.value).ok(),
                _ => {}
            }
        }
    }
    fields.finish()?;
    Ok(facts)
}

fn read_entries(mut entries: Reader<'_>) -> Result<Vec<CrlEntry>, CrlError> {
    let mut list = Vec::new();
    while !entries.is_finished() {
        let mut entry = entries.nested(SEQUENCE)?;
        let serial = Serial::from_content(entry.expect(INTEGER)?.content).map_err(|_| CrlError)?;
        let revoked = x509::read_time(entry.any()?).ok_or(CrlError)?;
        let reason = entry
            .optional(SEQUENCE)
            .map(|extensions| read_reason(extensions.der))
            .transpose()?
            .flatten();
        entry.finish()?;
        list.push(CrlEntry {
            serial,
            revoked,
            reason: reason.unwrap_or(Reason::Unspecified),
        });
    }
    Ok(list)
}

fn read_reason(extensions: &[u8]) -> Result<Option<Reason>, CrlError> {
    let extensions = values::extensions(extensions)?;
    let reason = extensions
        .iter()
        .find(|extension| extension.oid() == Some(x509::CRL_REASON));
    Ok(reason.and_then(|reason| match reason.value {
        [ENUMERATED, 1, code] => Reason::from_code(*code),
        _ => None,
    }))
}

impl From<Malformed> for CrlError {
    fn from(_: Malformed) -> CrlError {
        CrlError
    }
}

impl fmt::Display for CrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the DER of exactly one certificate revocation list")
    }
}

impl std::error::Error for CrlError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::*;
    use crate::key::KeyAlgorithm;
    use crate::x509::testing::{OpenSsl, TestKey, changed, squeezed, tlv};
    use crate::x509::{KeyUsage, pem};

    fn entry(serial: &[u8], revoked: i64, reason: Reason) -> CrlEntry {
        CrlEntry {
            serial: Serial::from_content(serial).unwrap(),
            revoked: Time::from_unix(revoked),
            reason,
        }
    }

    fn contents<'a, E>(
        issuer: &'a Name,
        key: &TestKey,
        key_id: &'a [u8],
        entries: E,
    ) -> CrlContents<'a, E> {
        CrlContents {
            issuer,
            signature_algorithm: key.algorithm(),
            this_update: Time::from_unix(1_800_000_000),
            next_update: Time::from_unix(2_600_000_000),
            number: 300,
            authority_key_id: key_id,
            entries,
        }
    }

    fn signed<E>(key: &TestKey, contents: CrlContents<'_, E>) -> Vec<u8>
    where
        E: IntoIterator,
        E::Item: Borrow<CrlEntry>,
    {
        let planned = plan_crl(contents).unwrap();
        let signature = key.sign(planned.octets());
        let whole =
            x509::seal_with_signature(planned.octets(), planned.algorithm(), &signature).unwrap();
        let finished = planned.finish(&signature).unwrap();
        assert_eq!(finished, whole);
        finished
    }

    /// Serial number, time and reason of one entry for each reason, in no order.
    fn one_of_each() -> Vec<CrlEntry> {
        let of_reason = |(at, reason): (usize, Reason)| {
            entry(&[0, 0xf0 - at as u8], 1_700_000_000 + at as i64, reason)
        };
        let mut entries: Vec<CrlEntry> =
            Reason::ALL.into_iter().enumerate().map(of_reason).collect();
        entries.push(entry(&[0x7f; 64], 2_600_000_000, Reason::KeyCompromise));
        entries
    }

    #[test]
    fn what_is_written_reads_back() {
        let (key, issuer) = (
            TestKey::p256(),
            Name::parse("CN=Issuing,O=Example").unwrap(),
        );
        for entries in [vec![], one_of_each()] {
            let der = signed(&key, contents(&issuer, &key, &[1, 2, 3], &entries));
            let facts = read_crl(&der).unwrap();
            assert_eq!((&facts.issuer, facts.number), (&issuer, Some(300)));
            assert_eq!(facts.authority_key_id.as_deref(), Some(&[1, 2, 3][..]));
            assert_eq!(facts.this_update, Time::from_unix(1_800_000_000));
            assert_eq!(facts.next_update, Some(Time::from_unix(2_600_000_000)));
            assert_eq!(facts.revoked, entries);
            assert!(verify_crl(&der, &key.public) && !verify_crl(&der, &TestKey::p256().public));
            // Entries that come one by one make the same list.
            let octets =
                |planned: Result<PlannedCrl, WriteError>| planned.unwrap().octets().to_vec();
            let streamed = octets(plan_crl(contents(
                &issuer,
                &key,
                &[1, 2, 3],
                entries.iter().cloned(),
            )));
            assert_eq!(
                streamed,
                octets(plan_crl(contents(&issuer, &key, &[1, 2, 3], &entries)))
            );
        }
    }

    #[test]
    fn openssl_reads_every_entry() {
        let (key, issuer) = (
            TestKey::p256(),
            Name::parse("CN=Issuing,O=Example").unwrap(),
        );
        let der = signed(
            &key,
            contents(&issuer, &key, &key.public.key_id(), one_of_each()),
        );
        let openssl = OpenSsl::new();
        openssl.write("crl", &der);
        let text = openssl.run("crl -inform der -in crl -noout -text");
        let text = squeezed(&text);
        let id: Vec<String> = key
            .public
            .key_id()
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect();
        for line in [
            "Version 2 (0x1) Signature Algorithm: ecdsa-with-SHA256 Issuer: O = Example, CN = Issuing",
            "Last Update: Jan 15 08:00:00 2027 GMT Next Update: May 22 14:13:20 2052 GMT",
            &format!(
                "X509v3 Authority Key Identifier: {} X509v3 CRL Number: 300",
                id.join(":")
            ),
            "Serial Number: F0 Revocation Date: Nov 14 22:13:20 2023 GMT Serial Number: EF",
            "Serial Number: EF Revocation Date: Nov 14 22:13:21 2023 GMT CRL entry extensions: X509v3 CRL Reason Code: \
             Key Compromise Serial Number: EE",
            "CA Compromise",
            "Affiliation Changed",
            "Superseded",
            "Cessation Of Operation",
            "Certificate Hold",
            "Privilege Withdrawn",
            "AA Compromise",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }

        let der = signed(
            &key,
            contents(&issuer, &key, &key.public.key_id(), Vec::<CrlEntry>::new()),
        );
        openssl.write("crl", &der);
        let text = openssl.run("crl -inform der -in crl -noout -text");
        assert!(text.contains("No Revoked Certificates."), "{text}");
        // RFC 5280, section 5.1.2.6: the field is left out, and an empty SEQUENCE is not there instead.
        let parts = openssl.run("asn1parse -inform der -in crl");
        assert!(!parts.contains("l=   0 cons"), "{parts}");
    }

    /// What counts in the end: a relying party sees a revoked certificate, and only that, as revoked.
    #[test]
    fn openssl_refuses_what_is_revoked() {
        for algorithm in [
            KeyAlgorithm::P256,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa(2048),
        ] {
            let (key, issuer) = (TestKey::new(algorithm), Name::parse("CN=Root").unwrap());
            let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
            let extensions = vec![
                Extension::subject_key_id(&key.public.key_id()).unwrap(),
                Extension::key_usage(usage).unwrap(),
                Extension::basic_constraints(true, None).unwrap(),
            ];
            let root = key.certify(&issuer, &issuer, &key.public, extensions);
            let leaf = key.certify(
                &issuer,
                &Name::parse("CN=x").unwrap(),
                &TestKey::p256().public,
                vec![],
            );
            let openssl = OpenSsl::new();
            openssl.write("root", pem::encode("CERTIFICATE", &root).as_bytes());
            openssl.write("leaf", pem::encode("CERTIFICATE", &leaf).as_bytes());
            for (serial, revoked) in [([0x5a; 16], true), ([0x5b; 16], false)] {
                let entries = [entry(&serial, 1_700_000_000, Reason::Superseded)];
                let mut contents = contents(&issuer, &key, &[], &entries);
                let id = key.public.key_id();
                (contents.this_update, contents.authority_key_id) =
                    (Time::from_unix(1_700_000_000), &id);
                let crl = pem::encode("X509 CRL", &signed(&key, contents));
                openssl.write("crl", crl.as_bytes());
                let (good, said) =
                    openssl.try_run("verify -crl_check -CRLfile crl -CAfile root leaf");
                assert_eq!(
                    (!good, said.contains("certificate revoked")),
                    (revoked, revoked),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn what_no_list_can_hold_is_not_written() {
        let (key, issuer) = (TestKey::p256(), Name::parse("CN=a").unwrap());
        let long = CrlEntry {
            serial: Serial::from_magnitude(&[1; 65]),
            revoked: Time::from_unix(0),
            reason: Reason::Unspecified,
        };
        assert_eq!(
            plan_crl(contents(&issuer, &key, &[1], [&long])).err(),
            Some(WriteError::Serial)
        );
        let early = entry(&[1], -1, Reason::Unspecified);
        assert_eq!(
            plan_crl(contents(&issuer, &key, &[1], [early])).err(),
            Some(WriteError::Time(Time::from_unix(-1)))
        );
    }

    #[test]
    fn large_lists_are_whole() {
        let (key, issuer) = (TestKey::p256(), Name::parse("CN=a").unwrap());
        let number = |n: u32| {
            entry(
                &[&[1; 12][..], &n.to_be_bytes()].concat(),
                1_700_000_000,
                Reason::Superseded,
            )
        };
        let entries: Vec<CrlEntry> = (0..100_000).map(number).collect();
        let facts = read_crl(&signed(&key, contents(&issuer, &key, &[1], &entries))).unwrap();
        assert!(facts.revoked == entries);
    }

    /// Lists of others, part by part: version, what follows the issuer, and whether it is read.
    #[test]
    fn lists_of_others_are_read() {
        let signature = tlv(0x30, &[b"\x06\x03\x2b\x65\x70"]);
        let time = tlv(0x17, &[b"200101000000Z"]);
        let bare = tlv(0x30, &[&tlv(0x30, &[&[2, 1, 5], &time])]);
        let unknown = tlv(0x30, &[&[6, 3, 0x55, 0x1d, 21], &tlv(4, &[&[0x0a, 1, 7]])]);
        let unknown = tlv(
            0x30,
            &[&tlv(0x30, &[&[2, 1, 5], &time, &tlv(0x30, &[&unknown])])],
        );
        let huge_number = tlv(
            0x30,
            &[&[6, 3, 0x55, 0x1d, 20], &tlv(4, &[&tlv(2, &[&[1; 20]])])],
        );
        let huge_number = tlv(0xa0, &[&tlv(0x30, &[&huge_number])]);
        for (what, version, fields, count) in [
            ("version 1", &[][..], vec![&time], Some(0)),
            ("next update", &[2, 1, 1], vec![&time, &time], Some(0)),
            (
                "entry without reason",
                &[2, 1, 1],
                vec![&time, &time, &bare],
                Some(1),
            ),
            (
                "entry with unknown reason",
                &[2, 1, 1],
                vec![&time, &unknown],
                Some(1),
            ),
            (
                "number of 20 octets",
                &[2, 1, 1],
                vec![&time, &huge_number],
                Some(0),
            ),
            ("version 3", &[2, 1, 2], vec![&time], None),
            ("no time", &[2, 1, 1], vec![], None),
            ("entries twice", &[2, 1, 1], vec![&time, &bare, &bare], None),
            (
                "entries before the time",
                &[2, 1, 1],
                vec![&bare, &time],
                None,
            ),
        ] {
            let fields = fields
                .iter()
                .map(|field| &field[..])
                .collect::<Vec<_>>()
                .concat();
            let tbs = tlv(0x30, &[version, &signature, &[0x30, 0], &fields]);
            let der = tlv(0x30, &[&tbs, &signature, &[3, 2, 0, 0]]);
            assert_eq!(
                read_crl(&der).ok().map(|facts| facts.revoked.len()),
                count,
                "{what}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn damaged_lists_never_panic(
            changes in proptest::collection::vec(any::<(usize, u8)>(), 0..4),
            keep in any::<usize>(),
            cut in any::<bool>(),
        ) {
            static SOUND: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                let key = TestKey::p256();
                signed(&key, contents(&Name::parse("CN=a").unwrap(), &key, &[1], one_of_each()))
            });
            let _ = read_crl(&changed(&SOUND, &changes, if cut { keep } else { 0 }));
        }
    }
}
