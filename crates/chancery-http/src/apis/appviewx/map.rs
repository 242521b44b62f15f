//! From this API's words to the engine's, and back.

pub(super) mod creation;
pub(super) mod format;
pub(super) mod order;
pub(super) mod record;
pub(super) mod search;

use chancery_app::{CertificateRef, OrderRequest};
use chancery_core::identity::CertificateId;
use chancery_core::revocation::Reason;
use chancery_core::serial::Serial;
use chancery_core::workorder::{OrderKind, WorkOrder};
use chancery_core::x509::pem;

use super::errors::{Fault, Kind};
use super::wire::ask::{Action, Named};
use super::wire::said::Triggered;

/// One of the six actions, by its documented word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Renew,
    Regenerate,
    Reissue,
    Revoke,
    Suspend,
    Reinstate,
}

/// How a certificate is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Which {
    pub(super) id: Option<CertificateId>,
    /// With it stands a common name, but for code-signing certificates.
    pub(super) serial: Option<Serial>,
    pub(super) common_name: Option<String>,
}

impl Wanted {
    const ALL: [Wanted; 6] = [
        Wanted::Renew,
        Wanted::Regenerate,
        Wanted::Reissue,
        Wanted::Revoke,
        Wanted::Suspend,
        Wanted::Reinstate,
    ];

    /// The document's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Wanted::Renew => "Renew",
            Wanted::Regenerate => "Regenerate",
            Wanted::Reissue => "Reissue",
            Wanted::Revoke => "Revoke",
            Wanted::Suspend => "Suspend",
            Wanted::Reinstate => "Reinstate",
        }
    }

    /// The action with that word, whatever its case.
    pub(super) fn parse(word: &str) -> Option<Wanted> {
        Wanted::ALL
            .into_iter()
            .find(|wanted| wanted.word().eq_ignore_ascii_case(word.trim()))
    }

    /// Must a reason be given?
    const fn needs_reason(self) -> bool {
        match self {
            Wanted::Renew => false,
            Wanted::Regenerate
            | Wanted::Reissue
            | Wanted::Revoke
            | Wanted::Suspend
            | Wanted::Reinstate => true,
        }
    }

    fn kind(self, reason: &str) -> OrderKind {
        match self {
            Wanted::Renew => OrderKind::Renew,
            Wanted::Regenerate => OrderKind::Regenerate,
            Wanted::Reissue => OrderKind::Reissue,
            Wanted::Revoke => OrderKind::Revoke(revocation(reason)),
            Wanted::Suspend => OrderKind::Suspend,
            Wanted::Reinstate => OrderKind::Reinstate,
        }
    }
}

/// The action that a body of `certificate/action` names.
pub(super) fn wanted(asked: &Action) -> Result<Wanted, Fault> {
    let word = asked
        .action
        .as_deref()
        .ok_or(Fault::new(Kind::Missing("action")))?;
    Wanted::parse(word).ok_or(Fault::new(Kind::UnknownAction))
}

/// The certificate that a request names: by its id, or by serial number and mostly common name. If both are given, both
/// must be true of it.
pub(super) fn which(named: &Named) -> Result<Which, Fault> {
    let bad = |_| Fault::new(Kind::NoIdentifier);
    let id = named.resource_id.as_deref().map(str::trim);
    let id = id.map(CertificateId::parse).transpose().map_err(bad)?;
    let serial = named.serial_number.as_deref().map(Serial::parse_hex);
    let serial = serial
        .transpose()
        .map_err(|_| Fault::new(Kind::NoIdentifier))?;
    if id.is_none() && serial.is_none() {
        return Err(Fault::new(Kind::NoIdentifier));
    }
    Ok(Which {
        id,
        serial,
        common_name: named.common_name.clone(),
    })
}

/// Checks what else an action needs, in the documented order: the certificate's name, then the reason. The order is not
/// about that certificate yet: it has still to be looked up.
pub(super) fn action(
    asked: &Action,
    wanted: Wanted,
    auto_approve: bool,
) -> Result<(Which, OrderRequest), Fault> {
    let which = which(&asked.named)?;
    if wanted.needs_reason() && asked.reason.is_none() {
        return Err(Fault::new(Kind::Missing("reason")));
    }
    let mut reason = asked.reason.clone().unwrap_or_default();
    let kind = wanted.kind(&reason);
    if let Some(comments) = &asked.comments {
        let separator = if reason.is_empty() { "" } else { ": " };
        reason = format!("{reason}{separator}{comments}");
    }
    let csr = asked.csr.as_deref().map(csr).transpose()?;
    let order = OrderRequest {
        kind,
        certificate: None,
        csr,
        issue: None,
        days: None,
        reason,
        auto_approve,
    };
    Ok((which, order))
}

/// A CSR as PEM or bare base64.
pub(super) fn csr(text: &str) -> Result<Vec<u8>, Fault> {
    pem::request_der(text.as_bytes())
        .map_err(|error| Fault::invalid(format!("csrContent: {error}")))
}

/// The reason of a revocation out of free text: one of RFC 5280's by any spelling, else what its words tell.
fn revocation(text: &str) -> Reason {
    if let Some(reason) = Reason::parse(text) {
        return reason;
    }
    let letters: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let told = [
        ("cacompromis", Reason::CaCompromise),
        ("keycompromis", Reason::KeyCompromise),
        ("compromisedkey", Reason::KeyCompromise),
        ("supersed", Reason::Superseded),
        ("affiliation", Reason::AffiliationChanged),
        ("cessation", Reason::CessationOfOperation),
    ];
    told.into_iter()
        .find(|(words, _)| letters.contains(words))
        .map_or(Reason::Unspecified, |(_, reason)| reason)
}

/// What is answered when an action is on its way: the record that it makes, else the one that it is about.
pub(super) fn triggered(order: &WorkOrder, words: &str) -> Triggered {
    Triggered {
        resource_id: resource(order),
        message: format!("{words} triggered successfully."),
        request_id: order.number.to_string(),
    }
}

/// The record that an order makes, else the one that it is about.
pub(super) fn resource(order: &WorkOrder) -> String {
    let id = order.made.or(order.certificate);
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// The reference that the engine is asked for, where the id says it all.
pub(super) fn by_id(id: CertificateId) -> CertificateRef {
    CertificateRef::Id(id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value) -> Action {
        Action::read(body).unwrap()
    }

    #[track_caller]
    fn refused(body: &Value, kind: Kind) {
        let asked = read(body);
        let result = wanted(&asked).and_then(|wanted| action(&asked, wanted, true));
        assert_eq!(result.map(|_| ()), Err(Fault::new(kind)), "{body}");
    }

    #[test]
    fn the_documents_request_is_read() {
        let body = serde_json::from_str(include_str!("golden/01-regenerate.request.json")).unwrap();
        let asked = read(&body);
        let (which, order) = action(&asked, wanted(&asked).unwrap(), false).unwrap();
        let id = which.id.unwrap().to_string();
        assert_eq!(id, "5f5641a7e74e187a7e3d5266");
        assert_eq!(
            which.common_name.as_deref(),
            Some("testcert8g.appviewx.plus")
        );
        assert_eq!(
            which.serial.unwrap().to_hex(),
            "08bd5435fd81aca4452bfc9f7756fe2c"
        );
        assert_eq!(
            (order.kind, order.auto_approve),
            (OrderKind::Regenerate, false)
        );
        assert_eq!(order.reason, "Key compromised");
    }

    #[test]
    fn what_is_wrong_is_told_in_the_stated_order() {
        refused(&json!({}), Kind::Missing("action"));
        refused(
            &json!({"action": 5, "reason": "x"}),
            Kind::Missing("action"),
        );
        refused(&json!({"action": "  "}), Kind::Missing("action"));
        refused(&json!({"action": "Delete"}), Kind::UnknownAction);
        refused(&json!({"action": "Renew"}), Kind::NoIdentifier);
        for named in [
            json!({"resourceId": "xyz"}),
            json!({"resourceId": 5}),
            json!({"resourceId": ""}),
            json!({"commonName": "a"}),
            json!({"commonName": "a", "serialNumber": "xyz"}),
            json!({"resourceId": "5f5641a7e74e187a7e3d5266", "serialNumber": "-"}),
        ] {
            let mut body = named;
            body["action"] = json!("Revoke");
            refused(&body, Kind::NoIdentifier);
        }
        for word in ["Regenerate", "reissue", "REVOKE", "Suspend", "Reinstate"] {
            refused(
                &json!({"action": word, "serialNumber": "1"}),
                Kind::Missing("reason"),
            );
            refused(
                &json!({"action": word, "serialNumber": "1", "reason": 1}),
                Kind::Missing("reason"),
            );
        }
        let renew = read(&json!({"action": "renew", "serialNumber": "1"}));
        assert!(action(&renew, Wanted::Renew, true).is_ok());
    }

    #[test]
    fn reasons_are_found_in_words() {
        for (text, want) in [
            ("Key compromised", Reason::KeyCompromise),
            ("Key compromise", Reason::KeyCompromise),
            ("CA compromise", Reason::CaCompromise),
            ("Affiliation Changed", Reason::AffiliationChanged),
            ("it was superseded", Reason::Superseded),
            ("Cessation of operation", Reason::CessationOfOperation),
            ("Unspecified", Reason::Unspecified),
            ("no longer wanted", Reason::Unspecified),
        ] {
            assert_eq!(revocation(text), want, "{text}");
        }
    }
}
