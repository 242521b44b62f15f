//! Authorities between this API's words and the engine's. Pure.

use chancery_app::{
    AuthorityEntry, AuthorityView, AwaitedAuthority, NewAuthority, Rollover, SignedBy,
};
use chancery_core::key::KeyAlgorithm;
use chancery_core::x509::pem;

use super::{certificate_pem, key, name};
use crate::apis::native::errors::Fault;
use crate::apis::native::wire;
use crate::kit::time::rfc3339;

/// What the state of an awaited authority is called.
const AWAITING: &str = "awaiting";

/// An authority.
pub(in crate::apis::native) fn authority(entry: &AuthorityEntry) -> wire::Authority {
    match entry {
        AuthorityEntry::There(view) => there(view),
        AuthorityEntry::Awaited(awaited) => awaiting(awaited),
    }
}

fn there(view: &AuthorityView) -> wire::Authority {
    let (authority, facts) = (&view.authority, &view.authority.facts);
    let above = view.chain.iter().skip(1);
    wire::Authority {
        name: authority.name.clone(),
        state: view.state.word(),
        key_here: view.key_here,
        successor: view.successor.clone(),
        predecessor: None,
        subject: authority.subject().to_rfc4514(),
        parent: authority.parent.clone(),
        key: facts.public_key.algorithm().word(),
        not_before: Some(rfc3339(facts.not_before)),
        not_after: Some(rfc3339(facts.not_after)),
        subject_key_id: Some(hex::encode(authority.key_id())),
        certificate_id: view.certificate_id.map(|id| id.to_string()),
        crl_url: Some(view.crl_url.clone()),
        certificate_url: Some(view.certificate_url.clone()),
        certificate: Some(certificate_pem(&authority.certificate)),
        chain: above.map(|der| certificate_pem(der)).collect(),
        csr: None,
    }
}

fn awaiting(awaited: &AwaitedAuthority) -> wire::Authority {
    wire::Authority {
        name: awaited.name.clone(),
        state: AWAITING,
        key_here: true,
        successor: None,
        predecessor: awaited.predecessor.clone(),
        subject: awaited.subject.to_rfc4514(),
        parent: None,
        key: awaited.key.word(),
        not_before: None,
        not_after: None,
        subject_key_id: None,
        certificate_id: None,
        crl_url: None,
        certificate_url: None,
        certificate: None,
        chain: Vec::new(),
        csr: Some(request_pem(&awaited.csr)),
    }
}

/// A PKCS#10 request as PEM.
pub(in crate::apis::native) fn request_pem(der: &[u8]) -> String {
    pem::encode("CERTIFICATE REQUEST", der)
}

/// An authority to be made.
pub(in crate::apis::native) fn new_authority(
    body: wire::NewAuthority,
) -> Result<NewAuthority, Fault> {
    let signed_by = match (body.parent, body.self_signed, body.offline) {
        (Some(parent), false, false) => SignedBy::Authority(parent),
        (None, true, false) => SignedBy::Itself,
        (None, false, true) => SignedBy::Elsewhere,
        _ => {
            return Err(Fault::invalid(
                "say who signs it: give one of parent, self_signed and offline",
            ));
        }
    };
    let made = body.key.as_deref().map(key).transpose()?;
    Ok(NewAuthority {
        name: body.name,
        subject: name("subject", &body.subject)?,
        key: made.unwrap_or(KeyAlgorithm::P256),
        signed_by,
        days: body.days,
        path_length: body.path_length,
    })
}

/// How an authority is succeeded.
pub(in crate::apis::native) fn rollover(body: wire::Rollover) -> Result<Rollover, Fault> {
    let subject = body.subject.map(|text| name("subject", &text));
    Ok(Rollover {
        name: body.name,
        subject: subject.transpose()?,
        key: body.key.as_deref().map(key).transpose()?,
        days: body.days,
        elsewhere: body.offline,
    })
}

/// Certificates, DER.
pub(in crate::apis::native) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, Fault> {
    pem::certificates_der(text.as_bytes())
        .map_err(|error| Fault::invalid(format!("certificates: {error}")))
}

/// A CRL, DER.
pub(in crate::apis::native) fn crl(text: &str) -> Result<Vec<u8>, Fault> {
    pem::crl_der(text.as_bytes()).map_err(|error| Fault::invalid(format!("crl: {error}")))
}
