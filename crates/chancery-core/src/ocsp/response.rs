//! Writing answers (RFC 6960, section 4.2): the basic one, signed, and those that only say what went wrong.

use std::fmt;

use super::{BASIC_RESPONSE, CertId, CertStatus, EXTENDED_REVOKE, NONCE};
use crate::key::{KeyId, SignatureAlgorithm};
use crate::plan::sealed::Sealed;
use crate::plan::{Message, ToBeSigned};
use crate::revocation::Reason;
use crate::time::Time;
use crate::x509::tlv::{
    ENUMERATED, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context,
    context_constructed, element,
};
use crate::x509::{self, Extension, WriteError};

/// What goes into an answer, all decided already.
#[derive(Clone, Debug)]
pub struct OcspContents<'a> {
    /// SHA-1 of the public key that signs, by which clients find its certificate.
    pub responder: KeyId,
    /// How it will be signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// When it is made.
    pub produced_at: Time,
    /// Until when clients may rely on it.
    pub next_update: Time,
    /// What is said of each certificate, in the client's order.
    pub answers: Vec<SingleAnswer<'a>>,
    /// The client's nonce.
    pub nonce: Option<&'a [u8]>,
    /// The certificate by which clients check the signature, DER: that of a delegated responder.
    pub certificate: Option<&'a [u8]>,
}

/// What is said of one certificate.
#[derive(Clone, Copy, Debug)]
pub struct SingleAnswer<'a> {
    /// Which.
    pub id: &'a CertId,
    /// What is known of it.
    pub status: CertStatus,
}

/// An answer decided and encoded, waiting for its signature.
pub struct PlannedOcspResponse<'a> {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    certificate: Option<&'a [u8]>,
}

/// Why a client gets no answer (section 4.2.1). Nobody signs these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OcspError {
    /// The request cannot be understood, or goes beyond a limit.
    MalformedRequest,
    /// Something failed here.
    InternalError,
    /// Too much waits here: ask again.
    TryLater,
    /// The certificates are not all of one issuer for which answers are given here (RFC 5019, section 2.2.3).
    Unauthorized,
}

impl OcspError {
    /// The whole answer, DER.
    pub fn to_der(self) -> Vec<u8> {
        let code = match self {
            OcspError::MalformedRequest => 1,
            OcspError::InternalError => 2,
            OcspError::TryLater => 3,
            OcspError::Unauthorized => 6,
        };
        vec![SEQUENCE, 3, ENUMERATED, 1, code]
    }
}

/// Encodes an answer. `thisUpdate` and `producedAt` are the same moment. One that tells of a certificate as
/// [`CertStatus::NotIssued`] says that it may (section 4.4.8).
///
/// # Errors
/// A time before 1970 or after 9999.
pub fn plan_ocsp_response(
    contents: OcspContents<'_>,
) -> Result<PlannedOcspResponse<'_>, WriteError> {
    let responder = element(OCTET_STRING, &[&contents.responder]);
    let produced = generalized(contents.produced_at)?;
    let next_update = element(
        context_constructed(0),
        &[&generalized(contents.next_update)?],
    );
    let mut answers = Vec::new();
    for answer in &contents.answers {
        let parts = [
            answer.id.to_der(),
            status_der(answer.status)?,
            produced.clone(),
            next_update.clone(),
        ];
        answers.extend(element(SEQUENCE, &[&parts.concat()]));
    }
    let mut fields = element(context_constructed(2), &[&responder]);
    fields.extend(&produced);
    fields.extend(element(SEQUENCE, &[&answers]));
    let extensions = extensions(&contents);
    if !extensions.is_empty() {
        let extensions = x509::write_extensions(&extensions)?;
        fields.extend(element(context_constructed(1), &[&extensions]));
    }
    Ok(PlannedOcspResponse {
        tbs: element(SEQUENCE, &[&fields]),
        algorithm: contents.signature_algorithm,
        certificate: contents.certificate,
    })
}

/// Those of the whole answer.
fn extensions(contents: &OcspContents<'_>) -> Vec<Extension> {
    let nonce = contents.nonce.map(|nonce| Extension {
        oid: NONCE,
        critical: false,
        value: element(OCTET_STRING, &[nonce]),
    });
    let mut answers = contents.answers.iter();
    let is_extended = answers.any(|answer| answer.status == CertStatus::NotIssued);
    let extended = is_extended.then(|| Extension {
        oid: EXTENDED_REVOKE,
        critical: false,
        value: vec![NULL, 0],
    });
    nonce.into_iter().chain(extended).collect()
}

impl CertId {
    /// Its DER.
    pub fn to_der(&self) -> Vec<u8> {
        let parameters = if self.null_parameters {
            vec![NULL, 0]
        } else {
            Vec::new()
        };
        let oid = element(OBJECT_IDENTIFIER, &[self.hash.oid().as_bytes()]);
        let parts = [
            element(SEQUENCE, &[&oid, &parameters]),
            element(OCTET_STRING, &[&self.name_hash]),
            element(OCTET_STRING, &[&self.key_hash]),
            element(INTEGER, &[self.serial.content()]),
        ];
        element(SEQUENCE, &[&parts.concat()])
    }
}

fn status_der(status: CertStatus) -> Result<Vec<u8>, WriteError> {
    Ok(match status {
        CertStatus::Good => element(context(0), &[]),
        CertStatus::Revoked { at, reason } => {
            let reason = match reason {
                Reason::Unspecified => Vec::new(),
                reason => element(context_constructed(0), &[&[ENUMERATED, 1, reason.code()]]),
            };
            element(context_constructed(1), &[&generalized(at)?, &reason])
        }
        // As section 2.2 has it.
        CertStatus::NotIssued => status_der(CertStatus::Revoked {
            at: Time::from_unix(0),
            reason: Reason::CertificateHold,
        })?,
        CertStatus::Unknown => element(context(2), &[]),
    })
}

fn generalized(time: Time) -> Result<Vec<u8>, WriteError> {
    let mut der = Vec::with_capacity(17);
    x509::push_generalized_time(&mut der, time)?;
    Ok(der)
}

impl Sealed for PlannedOcspResponse<'_> {}

impl ToBeSigned for PlannedOcspResponse<'_> {
    fn message(&self) -> Message<'_> {
        Message::Octets(&self.tbs)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl PlannedOcspResponse<'_> {
    /// The whole answer's DER, with the signature that a signer made over [`ToBeSigned::message`].
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, WriteError> {
        let mut parts = self.tbs;
        x509::push_signature(&mut parts, self.algorithm, signature)?;
        if let Some(certificate) = self.certificate {
            let list = element(SEQUENCE, &[certificate]);
            parts.extend(element(context_constructed(0), &[&list]));
        }
        let basic = element(SEQUENCE, &[&parts]);
        let kind = element(OBJECT_IDENTIFIER, &[BASIC_RESPONSE.as_bytes()]);
        let octets = element(OCTET_STRING, &[&basic]);
        let answer = element(SEQUENCE, &[&kind, &octets]);
        let answer = element(context_constructed(0), &[&answer]);
        Ok(element(SEQUENCE, &[&[ENUMERATED, 1, 0], &answer]))
    }
}

impl fmt::Debug for PlannedOcspResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PlannedOcspResponse({} octets, {:?})",
            self.tbs.len(),
            self.algorithm
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyAlgorithm;
    use crate::ocsp::HashAlgorithm;
    use crate::serial::Serial;
    use crate::x509::testing::{OpenSsl, TestKey, squeezed};

    fn id(serial: u8) -> CertId {
        CertId {
            hash: HashAlgorithm::Sha256,
            null_parameters: false,
            name_hash: vec![0xab; 32],
            key_hash: vec![0xcd; 32],
            serial: Serial::from_content(&[serial]).unwrap(),
        }
    }

    /// What openssl reads in an answer about these, signed by that key.
    fn text(key: &TestKey, answers: Vec<SingleAnswer<'_>>, nonce: Option<&[u8]>) -> String {
        let planned = plan_ocsp_response(OcspContents {
            responder: key.public.key_id(),
            signature_algorithm: key.algorithm(),
            produced_at: Time::from_unix(1_800_000_000),
            next_update: Time::from_unix(2_600_000_000),
            answers,
            nonce,
            certificate: None,
        })
        .unwrap();
        let signature = key.sign_planned(&planned);
        let openssl = OpenSsl::new();
        openssl.write("answer", &planned.finish(&signature).unwrap());
        squeezed(&openssl.run("ocsp -respin answer -noverify -text"))
    }

    #[test]
    fn openssl_reads_every_status_and_reason() {
        let key = TestKey::p256();
        for reason in Reason::ALL {
            let at = Time::from_unix(1_700_000_000);
            let (good, gone, unknown) = (id(1), id(2), id(3));
            let said = text(
                &key,
                vec![
                    SingleAnswer {
                        id: &good,
                        status: CertStatus::Good,
                    },
                    SingleAnswer {
                        id: &gone,
                        status: CertStatus::Revoked { at, reason },
                    },
                    SingleAnswer {
                        id: &unknown,
                        status: CertStatus::Unknown,
                    },
                ],
                Some(&[7; 3]),
            );
            let told = match reason {
                Reason::Unspecified => String::new(),
                _ => format!("(0x{:x})", reason.code()),
            };
            for line in [
                "OCSP Response Status: successful (0x0) Response Type: Basic OCSP Response Version: 1 (0x0)",
                "Produced At: Jan 15 08:00:00 2027 GMT",
                "Hash Algorithm: sha256 Issuer Name Hash: ABABAB",
                "Serial Number: 01 Cert Status: good This Update: Jan 15 08:00:00 2027 GMT Next Update: May 22",
                "Serial Number: 02 Cert Status: revoked Revocation Time: Nov 14 22:13:20 2023 GMT",
                "Serial Number: 03 Cert Status: unknown",
                "OCSP Nonce: 0403070707",
                &told,
            ] {
                assert!(said.contains(line), "{reason}: {line}: {said}");
            }
            assert_eq!(
                said.contains("Revocation Reason"),
                reason != Reason::Unspecified
            );
        }
    }

    #[test]
    fn what_was_never_issued_is_revoked_with_the_extension() {
        let key = TestKey::p256();
        let (good, strange) = (id(1), id(2));
        let good = SingleAnswer {
            id: &good,
            status: CertStatus::Good,
        };
        let strange = SingleAnswer {
            id: &strange,
            status: CertStatus::NotIssued,
        };
        let said = text(&key, vec![good, strange], Some(&[7; 3]));
        for line in [
            "Serial Number: 02 Cert Status: revoked Revocation Time: Jan 1 00:00:00 1970 GMT",
            "Revocation Reason: certificateHold (0x6)",
            "OCSP Nonce: 0403070707",
            // openssl has another name for it.
            "valid:",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let said = text(&key, vec![good], None);
        assert!(!said.contains("valid:"), "{said}");
    }

    #[test]
    fn every_kind_of_key_signs() {
        let good = id(1);
        for algorithm in [
            KeyAlgorithm::P256,
            KeyAlgorithm::P384,
            KeyAlgorithm::P521,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa(2048),
        ] {
            let answer = SingleAnswer {
                id: &good,
                status: CertStatus::Good,
            };
            let said = text(&TestKey::new(algorithm), vec![answer], None);
            assert!(said.contains("Cert Status: good"), "{algorithm}: {said}");
            assert!(!said.contains("Nonce"), "{algorithm}");
        }
    }

    #[test]
    fn openssl_reads_every_refusal() {
        let openssl = OpenSsl::new();
        for (error, word) in [
            (OcspError::MalformedRequest, "malformedrequest (1)"),
            (OcspError::InternalError, "internalerror (2)"),
            (OcspError::TryLater, "trylater (3)"),
            (OcspError::Unauthorized, "unauthorized (6)"),
        ] {
            openssl.write("answer", &error.to_der());
            let (_, said) = openssl.try_run("ocsp -respin answer -noverify");
            assert!(said.contains(word), "{word}: {said}");
        }
    }

    #[test]
    fn times_beyond_der_are_refused() {
        let key = TestKey::p256();
        let planned = plan_ocsp_response(OcspContents {
            responder: key.public.key_id(),
            signature_algorithm: key.algorithm(),
            produced_at: Time::from_unix(-1),
            next_update: Time::from_unix(1),
            answers: Vec::new(),
            nonce: None,
            certificate: None,
        });
        assert!(planned.is_err());
    }
}
