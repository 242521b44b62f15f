//! A second opinion on what is about to be signed: the encoded TBSCertificate read back and held against RFC 5280.
//!
//! One rule, one function. A finding is a fault of ours, never of the caller: the profile's rules run before.

use x509_parser::certificate::TbsCertificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::plan::Issuer;
use crate::serial::Serial;

type Rule = fn(&TbsCertificate<'_>, Issuer<'_>) -> Option<&'static str>;

/// Every rule, in the order of RFC 5280's sections.
const RULES: [Rule; 13] = [
    version_is_3,
    serial_is_positive_and_16_to_20_octets,
    algorithms_agree,
    validity_is_ordered_and_well_encoded,
    validity_lies_inside_the_issuers,
    issuer_is_named,
    empty_subject_has_critical_names,
    subject_key_id_is_there_and_not_critical,
    authority_key_id_matches_the_issuer,
    key_usage_is_critical_and_fits,
    basic_constraints_are_critical_for_authorities,
    crl_addresses_are_those_of_the_serial,
    no_extension_is_empty_or_doubled,
];

/// Reads `tbs` back and runs every rule; the first broken one is named.
pub(crate) fn check_tbs(tbs: &[u8], issuer: Issuer<'_>) -> Result<(), String> {
    let (rest, parsed) =
        TbsCertificate::from_der(tbs).map_err(|_| "it cannot be read back (4.1)".to_owned())?;
    if !rest.is_empty() {
        return Err("octets follow it (4.1)".to_owned());
    }
    RULES
        .iter()
        .find_map(|rule| rule(&parsed, issuer))
        .map_or(Ok(()), |finding| Err(finding.to_owned()))
}

fn version_is_3(tbs: &TbsCertificate<'_>, _: Issuer<'_>) -> Option<&'static str> {
    (tbs.version().0 != 2).then_some("extensions need version 3 (4.1.2.1)")
}

fn serial_is_positive_and_16_to_20_octets(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    let octets = tbs.raw_serial();
    let positive =
        octets.first().is_some_and(|first| *first < 0x80) && octets.iter().any(|o| *o != 0);
    (!positive || !(16..=20).contains(&octets.len()))
        .then_some("the serial number is not 16 to 20 positive octets (4.1.2.2)")
}

fn algorithms_agree(tbs: &TbsCertificate<'_>, issuer: Issuer<'_>) -> Option<&'static str> {
    let Issuer::Authority(authority, _) = issuer else {
        return None;
    };
    let fits = tbs.signature.algorithm.to_id_string() == authority.signs_with().oid().to_string();
    (!fits).then_some("the signature algorithm is not the authority's (4.1.2.3)")
}

fn validity_is_ordered_and_well_encoded(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    let well = |time: &ASN1Time| time.is_utctime() == (time.to_datetime().year() < 2050);
    let validity = tbs.validity();
    if validity.not_after <= validity.not_before {
        return Some("the validity ends before it starts (4.1.2.5)");
    }
    (!well(&validity.not_before) || !well(&validity.not_after))
        .then_some("dates through 2049 must be UTCTime, later ones GeneralizedTime (4.1.2.5)")
}

fn validity_lies_inside_the_issuers(
    tbs: &TbsCertificate<'_>,
    issuer: Issuer<'_>,
) -> Option<&'static str> {
    let Issuer::Authority(authority, _) = issuer else {
        return None;
    };
    let inside = tbs.validity().not_after.timestamp() <= authority.not_after().unix()
        && tbs.validity().not_before.timestamp() >= authority.facts.not_before.unix();
    (!inside).then_some("the validity does not lie inside the authority's")
}

fn issuer_is_named(tbs: &TbsCertificate<'_>, issuer: Issuer<'_>) -> Option<&'static str> {
    if tbs.issuer().iter_rdn().next().is_none() {
        return Some("the issuer is empty (4.1.2.4)");
    }
    let Issuer::Authority(authority, _) = issuer else {
        return None;
    };
    (tbs.issuer().as_raw() != authority.subject().der())
        .then_some("the issuer is not the authority's subject (4.1.2.4)")
}

fn empty_subject_has_critical_names(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    if tbs.subject().iter_rdn().next().is_some() {
        return None;
    }
    let named = tbs
        .subject_alternative_name()
        .ok()
        .flatten()
        .is_some_and(|names| names.critical);
    (!named).then_some("an empty subject needs critical alternative names (4.1.2.6)")
}

fn subject_key_id_is_there_and_not_critical(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    let found = tbs
        .extensions()
        .iter()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => {
                Some(!extension.critical && !id.0.is_empty())
            }
            _ => None,
        });
    (found != Some(true)).then_some("the subject key id is missing, empty or critical (4.2.1.2)")
}

fn authority_key_id_matches_the_issuer(
    tbs: &TbsCertificate<'_>,
    issuer: Issuer<'_>,
) -> Option<&'static str> {
    let Issuer::Authority(authority, _) = issuer else {
        return None;
    };
    let key_id = authority.key_id();
    let found = tbs
        .extensions()
        .iter()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) if !extension.critical => {
                id.key_identifier.as_ref()
            }
            _ => None,
        });
    (found.is_none_or(|id| id.0 != key_id))
        .then_some("the authority key id is not the authority's (4.2.1.1)")
}

fn key_usage_is_critical_and_fits(tbs: &TbsCertificate<'_>, _: Issuer<'_>) -> Option<&'static str> {
    let Ok(usage) = tbs.key_usage() else {
        return Some("the key usage cannot be read (4.2.1.3)");
    };
    let Some(usage) = usage else {
        return Some("the key usage is missing (4.2.1.3)");
    };
    if !usage.critical || usage.value.flags == 0 {
        return Some("the key usage is not critical or empty (4.2.1.3)");
    }
    (usage.value.key_cert_sign() != tbs.is_ca())
        .then_some("certificate signing is for authorities, and all of them (4.2.1.3, 4.2.1.9)")
}

fn basic_constraints_are_critical_for_authorities(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    let Ok(constraints) = tbs.basic_constraints() else {
        return Some("the basic constraints cannot be read (4.2.1.9)");
    };
    constraints
        .is_some_and(|constraints| constraints.value.ca && !constraints.critical)
        .then_some("an authority's basic constraints must be critical (4.2.1.9)")
}

/// A list is found by what the certificate says, and covers it by its serial number: a wrong shard would hide a
/// revocation for ever.
fn crl_addresses_are_those_of_the_serial(
    tbs: &TbsCertificate<'_>,
    issuer: Issuer<'_>,
) -> Option<&'static str> {
    let Issuer::Authority(_, addresses) = issuer else {
        return None;
    };
    let points =
        tbs.extensions()
            .iter()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::CRLDistributionPoints(points) => Some(points),
                _ => None,
            })?;
    let found = points
        .iter()
        .flat_map(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => names.as_slice(),
            _ => &[],
        });
    let serial = Serial::from_content(tbs.raw_serial()).ok()?;
    let wanted = addresses.crl.iter().map(|address| address.of(&serial));
    let same = found
        .map(|name| match name {
            GeneralName::URI(uri) => (*uri).to_owned(),
            other => other.to_string(),
        })
        .eq(wanted);
    (!same).then_some("its CRL is not found where it says (4.2.1.13)")
}

fn no_extension_is_empty_or_doubled(
    tbs: &TbsCertificate<'_>,
    _: Issuer<'_>,
) -> Option<&'static str> {
    let Ok(map) = tbs.extensions_map() else {
        return Some("an extension stands twice (4.2)");
    };
    let empty = map
        .values()
        .any(|extension| match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } | ParsedExtension::Unparsed => true,
            ParsedExtension::SubjectAlternativeName(names) => {
                names.general_names.is_empty()
                    || names.general_names.iter().any(|name| {
                        matches!(name, GeneralName::DNSName("") | GeneralName::RFC822Name(""))
                    })
            }
            ParsedExtension::CRLDistributionPoints(points) => points.points.is_empty(),
            ParsedExtension::AuthorityInfoAccess(access) => access.accessdescs.is_empty(),
            _ => false,
        });
    empty.then_some("an extension is empty or cannot be read (4.2)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;
    use crate::crl::{CrlAddress, Shards};
    use crate::name::Name;
    use crate::plan::Addresses;
    use crate::time::Time;
    use crate::x509::testing::TestKey;
    use crate::x509::{Contents, Extension, KeyUsage, write_tbs};

    fn authority(key: &TestKey, name: &Name) -> Authority {
        let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        let extensions = vec![
            Extension::subject_key_id(&key.public.key_id()).unwrap(),
            Extension::key_usage(usage).unwrap(),
            Extension::basic_constraints(true, None).unwrap(),
        ];
        let der = key.certify(name, name, &key.public, extensions);
        Authority::new(1, "issuing".to_owned(), der, None).unwrap()
    }

    /// What is found in a certificate whose serial number ends with 0x8000 and that says these addresses.
    fn finding(addresses: &Addresses, said: &[&str]) -> Result<(), String> {
        let (key, name) = (TestKey::p256(), Name::parse("CN=Issuing").unwrap());
        let authority = authority(&key, &name);
        let mut octets = [0x41; 16];
        (octets[14], octets[15]) = (0x80, 0);
        let said: Vec<String> = said.iter().map(|uri| (*uri).to_owned()).collect();
        let mut extensions = vec![
            Extension::subject_key_id(&key.public.key_id()).unwrap(),
            Extension::authority_key_id(&authority.key_id()).unwrap(),
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE).unwrap(),
        ];
        if !said.is_empty() {
            extensions.push(Extension::crl_distribution_points(&said).unwrap());
        }
        let tbs = write_tbs(&Contents {
            serial: &Serial::from_random(octets),
            signature_algorithm: key.algorithm(),
            issuer: &name,
            not_before: Time::from_unix(1_750_000_000),
            not_after: Time::from_unix(1_760_000_000),
            subject: &Name::parse("CN=leaf").unwrap(),
            public_key: &key.public,
            extensions,
        });
        check_tbs(&tbs.unwrap(), Issuer::Authority(&authority, addresses))
    }

    #[test]
    fn the_crl_is_found_where_the_serial_says() {
        let sharded = |count| CrlAddress::Sharded {
            prefix: "http://a.example/b".to_owned(),
            shards: Shards::new(count).unwrap(),
        };
        let whole = CrlAddress::At("http://a.example/b.crl".to_owned());
        let (right, wrong) = (
            "http://a.example/b/64/32.crl",
            "http://a.example/b/64/31.crl",
        );
        for (crl, said, good) in [
            (vec![], &[][..], true),
            (vec![sharded(64)], &[], true),
            (vec![sharded(64)], &[right], true),
            (vec![sharded(64)], &[wrong], false),
            (vec![sharded(64)], &[right, wrong], false),
            (vec![sharded(32)], &[right], false),
            (vec![whole.clone()], &["http://a.example/b.crl"], true),
            (vec![whole.clone()], &[right], false),
            (vec![], &[right], false),
            (
                vec![sharded(64), whole],
                &[right, "http://a.example/b.crl"],
                true,
            ),
        ] {
            let addresses = Addresses {
                crl,
                ..Addresses::default()
            };
            let want = match good {
                true => Ok(()),
                false => Err("its CRL is not found where it says (4.2.1.13)".to_owned()),
            };
            assert_eq!(finding(&addresses, said), want, "{addresses:?} {said:?}");
        }
    }
}
