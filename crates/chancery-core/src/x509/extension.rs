//! Certificate extensions, one constructor for each kind that we write (RFC 5280, section 4.2).

use der::asn1::{Any, BitStringRef, OctetStringRef};
use der::oid::ObjectIdentifier;
use der::{Encode, Sequence, Tag, TagNumber};

use super::general_name::write_general_name;
use super::{KeyUsage, WriteError};
use crate::key::KeyId;
use crate::san::GeneralName;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(super) const SUBJECT_KEY_ID: ObjectIdentifier = oid("2.5.29.14");
pub(crate) const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
pub(crate) const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = oid("2.5.29.17");
pub(crate) const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
pub(crate) const CRL_NUMBER: ObjectIdentifier = oid("2.5.29.20");
pub(crate) const CRL_REASON: ObjectIdentifier = oid("2.5.29.21");
pub(crate) const DELTA_CRL_INDICATOR: ObjectIdentifier = oid("2.5.29.27");
pub(crate) const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = oid("2.5.29.28");
pub(super) const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = oid("2.5.29.31");
const CERTIFICATE_POLICIES: ObjectIdentifier = oid("2.5.29.32");
pub(crate) const AUTHORITY_KEY_ID: ObjectIdentifier = oid("2.5.29.35");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
pub(crate) const FRESHEST_CRL: ObjectIdentifier = oid("2.5.29.46");
pub(super) const AUTHORITY_INFO_ACCESS: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.1");
pub(super) const CA_ISSUERS: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.2");
pub(super) const OCSP: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1");
const OCSP_NOCHECK: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1.5");

/// An extension to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// Its kind.
    pub oid: ObjectIdentifier,
    /// Must relying parties that do not know it refuse the certificate?
    pub critical: bool,
    /// The DER inside its OCTET STRING.
    pub value: Vec<u8>,
}

#[derive(Sequence)]
struct Encoded<'a> {
    oid: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    critical: bool,
    value: &'a OctetStringRef,
}

#[derive(Sequence)]
struct BasicConstraints {
    #[asn1(default = "Default::default")]
    is_authority: bool,
    path_length: Option<u8>,
}

impl Extension {
    /// Subject key identifier (4.2.1.2).
    pub fn subject_key_id(id: &KeyId) -> Result<Extension, WriteError> {
        Ok(Extension {
            oid: SUBJECT_KEY_ID,
            critical: false,
            value: OctetStringRef::new(id)?.to_der()?,
        })
    }

    /// Authority key identifier (4.2.1.1): the subject key identifier of the signing certificate.
    pub fn authority_key_id(id: &[u8]) -> Result<Extension, WriteError> {
        let id = Any::new(context(0, false), id)?;
        Ok(Extension {
            oid: AUTHORITY_KEY_ID,
            critical: false,
            value: vec![id].to_der()?,
        })
    }

    /// Key usage (4.2.1.3), critical. An empty set is refused: RFC 5280 wants at least one bit.
    pub fn key_usage(usage: KeyUsage) -> Result<Extension, WriteError> {
        let (octets, unused) = usage.to_bits();
        if octets.is_empty() {
            return Err(WriteError::Empty("key usage"));
        }
        Ok(Extension {
            oid: KEY_USAGE,
            critical: true,
            value: BitStringRef::new(unused, &octets)?.to_der()?,
        })
    }

    /// Extended key usage (4.2.1.12), in the order given.
    pub fn extended_key_usage(
        purposes: &[ObjectIdentifier],
        critical: bool,
    ) -> Result<Extension, WriteError> {
        sequence_of(
            EXTENDED_KEY_USAGE,
            critical,
            "extended key usage",
            purposes.to_vec(),
        )
    }

    /// Basic constraints (4.2.1.9), critical.
    pub fn basic_constraints(
        is_authority: bool,
        path_length: Option<u8>,
    ) -> Result<Extension, WriteError> {
        let value = BasicConstraints {
            is_authority,
            path_length,
        }
        .to_der()?;
        Ok(Extension {
            oid: BASIC_CONSTRAINTS,
            critical: true,
            value,
        })
    }

    /// Subject alternative name (4.2.1.6). It must be critical if, and only if, the subject is empty.
    pub fn subject_alternative_name(
        names: &[GeneralName],
        critical: bool,
    ) -> Result<Extension, WriteError> {
        let names = names
            .iter()
            .map(write_general_name)
            .collect::<Result<Vec<_>, _>>()?;
        sequence_of(
            SUBJECT_ALTERNATIVE_NAME,
            critical,
            "subject alternative name",
            names,
        )
    }

    /// CRL distribution points (4.2.1.13): one point, whose CRL is found at each of the URIs.
    pub fn crl_distribution_points(uris: &[String]) -> Result<Extension, WriteError> {
        let point = distribution_point(uris, "CRL distribution points")?;
        Ok(Extension {
            oid: CRL_DISTRIBUTION_POINTS,
            critical: false,
            value: vec![vec![point]].to_der()?,
        })
    }

    /// Freshest CRL (5.2.6), written as CRL distribution points are: one point, whose delta is found at each of the URIs.
    pub fn freshest_crl(uris: &[String]) -> Result<Extension, WriteError> {
        let point = distribution_point(uris, "freshest CRL")?;
        Ok(Extension {
            oid: FRESHEST_CRL,
            critical: false,
            value: vec![vec![point]].to_der()?,
        })
    }

    /// Issuing distribution point (5.2.5), critical: the list covers the certificates whose distribution point has one of
    /// these URIs, of every kind and for every reason.
    pub fn issuing_distribution_point(uris: &[String]) -> Result<Extension, WriteError> {
        let point = distribution_point(uris, "issuing distribution point")?;
        Ok(Extension {
            oid: ISSUING_DISTRIBUTION_POINT,
            critical: true,
            value: vec![point].to_der()?,
        })
    }

    /// CRL number (5.2.3).
    pub fn crl_number(number: u64) -> Result<Extension, WriteError> {
        Ok(Extension {
            oid: CRL_NUMBER,
            critical: false,
            value: number.to_der()?,
        })
    }

    /// Delta CRL indicator (5.2.4), critical: the number of the list that a delta builds on.
    pub fn delta_crl_indicator(base: u64) -> Result<Extension, WriteError> {
        Ok(Extension {
            oid: DELTA_CRL_INDICATOR,
            critical: true,
            value: base.to_der()?,
        })
    }

    /// Authority information access (4.2.2.1): URIs of the issuer's certificate and of OCSP responders.
    pub fn authority_info_access(
        ca_issuers: &[String],
        ocsp: &[String],
    ) -> Result<Extension, WriteError> {
        let ocsp = ocsp.iter().map(|uri| (OCSP, uri));
        let issuers = ca_issuers.iter().map(|uri| (CA_ISSUERS, uri));
        let descriptions = ocsp
            .chain(issuers)
            .map(|(method, uri)| Ok(vec![Any::encode_from(&method)?, address(uri)?]))
            .collect::<Result<Vec<_>, WriteError>>()?;
        sequence_of(
            AUTHORITY_INFO_ACCESS,
            false,
            "authority information access",
            descriptions,
        )
    }

    /// Certificate policies (4.2.1.4), without qualifiers.
    pub fn certificate_policies(policies: &[ObjectIdentifier]) -> Result<Extension, WriteError> {
        let policies = policies.iter().map(|policy| vec![*policy]).collect();
        sequence_of(
            CERTIFICATE_POLICIES,
            false,
            "certificate policies",
            policies,
        )
    }

    /// On an OCSP responder's certificate: do not ask for its own status (RFC 6960, section 4.2.2.2.1).
    pub fn ocsp_nocheck() -> Result<Extension, WriteError> {
        Ok(Extension {
            oid: OCSP_NOCHECK,
            critical: false,
            value: Any::null().to_der()?,
        })
    }
}

/// The DER of `Extensions`, in the order given.
pub(crate) fn write_extensions(list: &[Extension]) -> Result<Vec<u8>, WriteError> {
    let mut encoded = Vec::with_capacity(list.len());
    for Extension {
        oid,
        critical,
        value,
    } in list
    {
        encoded.push(Encoded {
            oid: *oid,
            critical: *critical,
            value: OctetStringRef::new(value)?,
        });
    }
    Ok(encoded.to_der()?)
}

/// An extension whose value is a SEQUENCE OF, which must not be empty.
fn sequence_of<T>(
    oid: ObjectIdentifier,
    critical: bool,
    what: &'static str,
    items: Vec<T>,
) -> Result<Extension, WriteError>
where
    Vec<T>: Encode,
{
    if items.is_empty() {
        Err(WriteError::Empty(what))
    } else {
        Ok(Extension {
            oid,
            critical,
            value: items.to_der()?,
        })
    }
}

/// The field `distributionPoint`: a full name of URIs (4.2.1.13). Both of its tags are context-specific 0, the outer one
/// around the CHOICE of names, the inner one that of the full name.
fn distribution_point(uris: &[String], what: &'static str) -> Result<Any, WriteError> {
    if uris.is_empty() {
        return Err(WriteError::Empty(what));
    }
    let mut names = Vec::new();
    for uri in uris {
        address(uri)?.encode_to_vec(&mut names)?;
    }
    let full_name = Any::new(context(0, true), names)?;
    Ok(Any::new(context(0, true), full_name.to_der()?)?)
}

/// A URI as a general name.
fn address(uri: &str) -> Result<Any, WriteError> {
    write_general_name(&GeneralName::Uri(uri.to_owned()))
}

fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(what: &str, extension: Result<Extension, WriteError>, critical: bool, value: &str) {
        let extension = extension.unwrap();
        assert_eq!(
            (hex::encode(&extension.value).as_str(), extension.critical),
            (value, critical),
            "{what}"
        );
    }

    /// Values as OpenSSL 3.0 writes them (`openssl x509 -text` reads the rest in the tests of `write.rs`).
    #[test]
    fn values_are_der() {
        let uri = |text: &str| vec![text.to_owned()];
        check(
            "subject key id",
            Extension::subject_key_id(&[7; 20]),
            false,
            &format!("0414{}", "07".repeat(20)),
        );
        check(
            "authority key id",
            Extension::authority_key_id(&[1, 2]),
            false,
            "300480020102",
        );
        check(
            "digitalSignature",
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE),
            true,
            "03020780",
        );
        let sign = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        check(
            "keyCertSign, cRLSign",
            Extension::key_usage(sign),
            true,
            "03020106",
        );
        check(
            "decipherOnly",
            Extension::key_usage(KeyUsage::DECIPHER_ONLY),
            true,
            "0303070080",
        );
        check(
            "CA:FALSE",
            Extension::basic_constraints(false, None),
            true,
            "3000",
        );
        check(
            "CA:TRUE",
            Extension::basic_constraints(true, None),
            true,
            "30030101ff",
        );
        check(
            "CA:TRUE, pathlen:0",
            Extension::basic_constraints(true, Some(0)),
            true,
            "30060101ff020100",
        );
        check(
            "CA:TRUE, pathlen:200",
            Extension::basic_constraints(true, Some(200)),
            true,
            "30070101ff020200c8",
        );
        check(
            "CRL",
            Extension::crl_distribution_points(&uri("u:x")),
            false,
            "300b3009a007a0058603753a78",
        );
        check(
            "policy",
            Extension::certificate_policies(&[oid("1.2.3")]),
            false,
            "3006300406022a03",
        );
        check("no check", Extension::ocsp_nocheck(), false, "0500");
        let access = Extension::authority_info_access(&uri("u:x"), &uri("u:y"));
        let want = "3022300f06082b060105050730018603753a79300f06082b060105050730028603753a78";
        check("access", access, false, want);
    }

    /// RFC 5280, sections 5.2.3 to 5.2.6. OpenSSL and GnuTLS read them in whole lists in the tests of `crl`.
    #[test]
    fn values_of_lists_are_der() {
        let two = ["u:x".to_owned(), "u:y".to_owned()];
        check(
            "freshest CRL",
            Extension::freshest_crl(&two[..1]),
            false,
            "300b3009a007a0058603753a78",
        );
        check(
            "issuing distribution point",
            Extension::issuing_distribution_point(&two),
            true,
            "300ea00ca00a8603753a788603753a79",
        );
        check("CRL number", Extension::crl_number(0), false, "020100");
        check(
            "largest CRL number",
            Extension::crl_number(u64::MAX),
            false,
            "020900ffffffffffffffff",
        );
        check(
            "delta",
            Extension::delta_crl_indicator(128),
            true,
            "02020080",
        );
    }

    #[test]
    fn nothing_empty_and_nothing_beyond_ascii_is_written() {
        assert!(Extension::key_usage(KeyUsage::default()).is_err());
        assert!(Extension::extended_key_usage(&[], false).is_err());
        assert!(Extension::subject_alternative_name(&[], true).is_err());
        assert!(Extension::crl_distribution_points(&[]).is_err());
        assert!(Extension::freshest_crl(&[]).is_err());
        assert!(Extension::issuing_distribution_point(&[]).is_err());
        assert!(Extension::authority_info_access(&[], &[]).is_err());
        assert!(Extension::certificate_policies(&[]).is_err());
        assert!(Extension::crl_distribution_points(&["http://\u{e4}/".to_owned()]).is_err());
    }
}
