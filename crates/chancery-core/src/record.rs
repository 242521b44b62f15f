//! Certificate records: a named place for one key, the request made with it, and the certificate that came back.
//!
//! Here stands what such a request says, and which certificate answers it. How a device words a record's attributes is
//! its API's business.

use crate::csr::{self, PlannedRequest};
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::name::{Name, Oid};
use crate::plan::Refusal;
use crate::san::GeneralName;
use crate::x509::{Extension, Facts, KeyUsage};

/// What a record says of the request that is made for it: exactly this is asked for, no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordRequest {
    /// Whom to name.
    pub subject: Name,
    /// Alternative names.
    pub names: Vec<GeneralName>,
    /// The key to be made, if none of that kind is there.
    pub key: KeyAlgorithm,
    /// What RSA keys sign with; other keys have a hash of their own.
    pub digest: Digest,
    /// Key usage to ask for; an empty one is left out.
    pub key_usage: KeyUsage,
    /// Extended key usage to ask for; an empty one is left out.
    pub extended_key_usage: Vec<Oid>,
}

/// What an RSA key signs a request with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Digest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Decides whether a record's key may ask for this, and encodes what is to be signed with that key.
///
/// The wishes for key usage and extended key usage are not critical and stand before the alternative names, as the
/// devices write them. What key usage an algorithm cannot have is asked for all the same: whoever signs decides.
///
/// # Errors
/// As [`csr::plan_request`].
pub fn plan_record_request(
    request: &RecordRequest,
    public_key: &PublicKey,
) -> Result<PlannedRequest, Refusal> {
    let key = public_key.algorithm();
    let algorithm = match (key, request.digest) {
        (KeyAlgorithm::Rsa(_), Digest::Sha384) => SignatureAlgorithm::RsaSha384,
        (KeyAlgorithm::Rsa(_), Digest::Sha512) => SignatureAlgorithm::RsaSha512,
        _ => key.signs_with().ok_or(Refusal::KeyNotAllowed(key))?,
    };
    let mut extensions = Vec::new();
    if !request.key_usage.is_empty() {
        let wish = Extension::key_usage(request.key_usage).map_err(csr::broken)?;
        extensions.push(Extension {
            critical: false,
            ..wish
        });
    }
    if !request.extended_key_usage.is_empty() {
        let wish = Extension::extended_key_usage(&request.extended_key_usage, false);
        extensions.push(wish.map_err(csr::broken)?);
    }
    csr::plan_extended_request(
        &request.subject,
        &request.names,
        public_key,
        algorithm,
        extensions,
    )
}

/// Which of these certificates, by its place, is the one for a key: that which starts last, if there are several; none, if
/// none is.
pub fn certificate_for<'a>(
    key: &PublicKey,
    certificates: impl IntoIterator<Item = &'a Facts>,
) -> Option<usize> {
    certificates
        .into_iter()
        .enumerate()
        .filter(|(_, facts)| facts.public_key.spki_der() == key.spki_der())
        .max_by_key(|(_, facts)| facts.not_before)
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::csr::Csr;
    use crate::name::attribute;
    use crate::plan::{Message, ToBeSigned};
    use crate::x509::eku;
    use crate::x509::testing::{OpenSsl, TestKey, squeezed};

    /// The defaults of a record, for the name of the document's sample.
    fn request() -> RecordRequest {
        let subject = Name::build()
            .push(attribute::COUNTRY, "US")
            .push(attribute::STATE_OR_PROVINCE, "MA")
            .push(attribute::LOCALITY, "Burlington")
            .push(attribute::ORGANIZATION, "Engineering")
            .push(attribute::COMMON_NAME, "AcmeRestServer");
        RecordRequest {
            subject: subject.finish_printable().unwrap(),
            names: Vec::new(),
            key: KeyAlgorithm::Rsa(2048),
            digest: Digest::Sha256,
            key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
            extended_key_usage: vec![eku::SERVER_AUTH],
        }
    }

    /// The octets before and behind the key in the sample of the vendor's document, whose lines stand there in disorder:
    /// its first two lines and a part of the third, and a part of two lines further down.
    const BEFORE_KEY: &str = "MIIC1jCCAb4CAQAwXjELMAkGA1UEBhMCVVMxCzAJBgNVBAgTAk1BMRMwEQYDVQQH\
        EwpCdXJsaW5ndG9uMRQwEgYDVQQKEwtFbmdpbmVlcmluZzEXMBUGA1UEAxMOQWNtZVJlc3RTZXJ2ZXIw";
    const BEHIND_KEY: &str =
        "oDMwMQYJKoZIhvcNAQkOMSQwIjALBgNVHQ8EBAMCBaAwEwYDVR0lBAwwCgYIKwYBBQUHAwEw";

    #[test]
    fn the_defaults_ask_for_exactly_what_the_vendors_sample_asks_for() {
        let key = TestKey::new(KeyAlgorithm::Rsa(2048));
        let planned = plan_record_request(&request(), &key.public).unwrap();
        // The sample's first eight octets begin request and info; the last one of both parts begins what follows.
        let before = &STANDARD.decode(BEFORE_KEY).unwrap()[8..];
        let before = &before[..before.len() - 1];
        let behind = STANDARD.decode(BEHIND_KEY).unwrap();
        let behind = &behind[..behind.len() - 1];
        let want = [before, key.public.spki_der(), behind].concat();
        let Message::Octets(signed) = planned.message() else {
            panic!("requests are signed whole");
        };
        assert_eq!(hex::encode(&signed[4..]), hex::encode(&want));
        assert_eq!(planned.algorithm(), SignatureAlgorithm::RsaSha256);

        let der = planned.finish(&key.sign_planned(&planned)).unwrap();
        let openssl = OpenSsl::new();
        openssl.write("csr", &der);
        let text = squeezed(
            &openssl.run("req -inform der -in csr -noout -verify -text -nameopt oneline,show_type"),
        );
        for line in [
            "verify OK",
            "Subject: C = PRINTABLESTRING:US, ST = PRINTABLESTRING:MA, L = PRINTABLESTRING:Burlington, \
             O = PRINTABLESTRING:Engineering, CN = PRINTABLESTRING:AcmeRestServer Subject Public Key Info",
            "Public-Key: (2048 bit)",
            "Requested Extensions: X509v3 Key Usage: Digital Signature, Key Encipherment \
             X509v3 Extended Key Usage: TLS Web Server Authentication Signature Algorithm: sha256WithRSAEncryption",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut RecordRequest), key: KeyAlgorithm, lines: &[&str]) {
        let mut request = request();
        change(&mut request);
        let key = TestKey::new(key);
        let planned = plan_record_request(&request, &key.public).unwrap();
        // The test's keys sign with their natural hash alone.
        if planned.algorithm() == key.algorithm() {
            let der = planned.finish(&key.sign_planned(&planned)).unwrap();
            assert_eq!(Csr::read(&der).unwrap().names, request.names);
        }
        let openssl = OpenSsl::new();
        openssl.write("csr", &planned.finish(&[0; 8]).unwrap());
        let text = squeezed(&openssl.run("req -inform der -in csr -noout -text"));
        for line in lines {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn requests_say_what_the_record_says() {
        check(
            |request| {
                request.names = [
                    "ip:192.0.2.1",
                    "dns:sbc.example.com",
                    "email:noc@example.com",
                ]
                .map(|name| GeneralName::parse(name).unwrap())
                .to_vec();
            },
            KeyAlgorithm::Rsa(2048),
            &[
                "X509v3 Subject Alternative Name: IP Address:192.0.2.1, DNS:sbc.example.com, email:noc@example.com",
            ],
        );
        check(
            |request| {
                request.key_usage = KeyUsage::default();
                request.extended_key_usage = Vec::new();
            },
            KeyAlgorithm::P256,
            &[
                "Attributes: (none)",
                "Signature Algorithm: ecdsa-with-SHA256",
            ],
        );
        check(
            |request| {
                request.digest = Digest::Sha384;
                request.extended_key_usage = vec![eku::CLIENT_AUTH, eku::SERVER_AUTH];
            },
            KeyAlgorithm::Rsa(2048),
            &[
                "TLS Web Client Authentication, TLS Web Server Authentication",
                "Signature Algorithm: sha384WithRSAEncryption",
            ],
        );
        check(
            |request| request.digest = Digest::Sha512,
            KeyAlgorithm::P384,
            &["Signature Algorithm: ecdsa-with-SHA384"],
        );
    }

    #[test]
    fn what_nobody_could_be_issued_is_not_asked_for() {
        let key = TestKey::p256();
        let mut nobody = request();
        nobody.subject = Name::build().finish().unwrap();
        assert_eq!(
            plan_record_request(&nobody, &key.public).err(),
            Some(Refusal::SubjectEmpty)
        );
        let mut odd = request();
        odd.subject = Name::parse("C=USA,CN=a").unwrap();
        assert!(matches!(
            plan_record_request(&odd, &key.public),
            Err(Refusal::Subject(_))
        ));
    }

    #[test]
    fn what_a_printable_string_cannot_hold_stays_utf8() {
        let build = || Name::build().push(attribute::ORGANIZATION, "Übersee & Co");
        assert_eq!(
            build().finish_printable().unwrap(),
            build().finish().unwrap()
        );
        let plain = Name::build().push(attribute::ORGANIZATION, "Example");
        let name = plain.finish_printable().unwrap();
        assert_eq!(
            hex::encode(name.der()),
            "30123110300e060355040a13074578616d706c65"
        );
    }
}
