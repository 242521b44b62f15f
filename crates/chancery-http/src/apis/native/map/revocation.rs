//! Revocations of many certificates between this API's words and the core's. Pure.

use chancery_app::{BulkAction, BulkFilter, BulkPreview, BulkRequest, BulkRevocation};
use chancery_core::revocation::Reason;
use chancery_core::time::Time;

use super::{certificate, domain_id, reason, time, user_id};
use crate::apis::native::errors::Fault;
use crate::apis::native::wire;
use crate::kit::time::rfc3339;

/// What is asked for.
pub(in crate::apis::native) fn new_revocation(
    body: wire::NewRevocation,
) -> Result<BulkRequest, Fault> {
    let moment = |member, text: Option<String>| text.map(|text| time(member, &text)).transpose();
    Ok(BulkRequest {
        reason: reason(&body.reason)?,
        up_to: body.up_to,
        filter: BulkFilter {
            authority: body.authority,
            profile: body.profile,
            owner: body.owner.map(|text| user_id(&text)).transpose()?,
            domain: body.domain.map(|text| domain_id(&text)).transpose()?,
            subject: body.subject,
            issued_after: moment("issued_after", body.issued_after)?,
            issued_before: moment("issued_before", body.issued_before)?,
            on_hold: body.on_hold,
        },
    })
}

/// What would be revoked or released.
pub(in crate::apis::native) fn preview(
    preview: &BulkPreview,
    now: Time,
) -> wire::RevocationPreview {
    wire::RevocationPreview {
        total: preview.total,
        on_hold: preview.on_hold,
        up_to: preview.up_to,
        first: preview
            .first
            .iter()
            .map(|one| certificate(one, now))
            .collect(),
    }
}

/// A revocation of many certificates.
pub(in crate::apis::native) fn revocation(one: &BulkRevocation) -> wire::Revocation {
    let filter = &one.filter;
    let (revoked, released) = match one.action {
        BulkAction::Revoke(_) => (one.moved, 0),
        BulkAction::Release(_) => (0, one.moved),
    };
    wire::Revocation {
        number: one.number,
        state: one.state.word(),
        action: one.action.word(),
        reason: one.action.reason().map(Reason::word),
        releases: one.action.releases(),
        total: one.total,
        revoked,
        released,
        skipped: one.skipped(),
        asked_by: one.asked_by.to_string(),
        asked: rfc3339(one.asked_at),
        changed: rfc3339(one.changed_at),
        responsible: one.responsible.to_string(),
        stopped_because: one.stopped_because.clone(),
        up_to: one.up_to,
        authority: filter.authority.clone(),
        profile: filter.profile.clone(),
        owner: filter.owner.as_ref().map(ToString::to_string),
        domain: filter.domain.as_ref().map(ToString::to_string),
        subject: filter.subject.clone(),
        issued_after: filter.issued_after.map(rfc3339),
        issued_before: filter.issued_before.map(rfc3339),
        on_hold: filter.on_hold,
    }
}

#[cfg(test)]
mod tests {
    use chancery_core::identity::UserId;

    use super::*;

    fn read(json: &str) -> Result<BulkRequest, Fault> {
        new_revocation(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn requests_are_read() {
        let all = r#"{"reason": "key-compromise", "up_to": 7, "authority": "issuing", "profile": "general",
            "owner": "joe", "domain": "d1", "subject": "x", "issued_after": "1970-01-01T00:00:05Z",
            "issued_before": "1970-01-01T00:00:09Z", "on_hold": true}"#;
        let request = read(all).unwrap();
        assert_eq!(
            (request.reason, request.up_to),
            (Reason::KeyCompromise, Some(7))
        );
        let filter = request.filter;
        assert_eq!(filter.owner, UserId::parse("joe").ok());
        assert_eq!(filter.issued_after, Some(Time::from_unix(5)));
        assert_eq!(filter.issued_before, Some(Time::from_unix(9)));
        assert!(filter.on_hold);
        for wrong in [
            r#"{"reason": "because", "owner": "joe"}"#,
            r#"{"reason": "superseded", "owner": ""}"#,
            r#"{"reason": "superseded", "issued_after": "yesterday"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
