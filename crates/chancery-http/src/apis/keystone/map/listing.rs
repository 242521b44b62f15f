//! The parameters of a list, into a filter.

use chancery_app::{CertificateFilter, Order, StatusFilter, User};
use chancery_core::identity::DomainId;
use chancery_core::time::Time;

use super::super::errors::{Fault, Kind};
use super::super::extract::Query;
use super::{domain_id, key_id, name, serial, user_id};

/// Certificates or tenants of a page if the request does not say.
const DEFAULT_LIMIT: usize = 100;

/// What a list asks for.
pub(crate) struct Listing {
    pub(crate) filter: CertificateFilter,
    pub(crate) limit: usize,
    pub(crate) export: bool,
}

/// A list of certificates, as `caller` asks for it.
pub(crate) fn certificates(query: &Query, caller: &User, now: Time) -> Result<Listing, Fault> {
    let issuer = query
        .value("issuerName")?
        .map(|text| name("issuerName", text))
        .transpose()?;
    let serial = query.value("serialNumber")?.map(serial).transpose()?;
    if serial.is_some() && issuer.is_none() {
        return Err(Fault::bad("issuerName must be given with serialNumber"));
    }
    let marker = query
        .value("marker")?
        .map(|text| key_id("marker", text))
        .transpose()?;
    let domain = query.value("domainId")?.map(domain_id).transpose()?;
    let owner = match query.value("userId")?.map(user_id).transpose()? {
        Some(user) => Some(user),
        // Who asks for a domain asks for more than what is its own.
        None if domain.is_some() => None,
        None => Some(caller.id.clone()),
    };
    let filter = CertificateFilter {
        owner,
        domain,
        issuer,
        serial,
        subject_key_id: query
            .value("subjectKeyId")?
            .map(|text| key_id("subjectKeyId", text))
            .transpose()?,
        status: Some(match query.value("status")? {
            Some(text) => status(text)?,
            // What is not signed yet does not exist in this API.
            None => StatusFilter::Signed,
        }),
        order: Order::SubjectKeyId(marker.map(|key| (key, None))),
        ..CertificateFilter::all(now)
    };
    Ok(Listing {
        filter,
        limit: limit(query)?,
        export: export(query)?,
    })
}

/// A list of tenants: after which, and how many.
pub(crate) fn tenants(query: &Query) -> Result<(Option<DomainId>, usize), Fault> {
    let marker = query
        .value("marker")?
        .map(|text| DomainId::parse(text).map_err(|error| Fault::bad(format!("marker: {error}"))));
    Ok((marker.transpose()?, limit(query)?))
}

/// Is the certificate's file wanted?
pub(crate) fn export(query: &Query) -> Result<bool, Fault> {
    match query.value("export")? {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Fault::bad("export must be true or false")),
    }
}

fn status(text: &str) -> Result<StatusFilter, Fault> {
    match text {
        "active" => Ok(StatusFilter::Active),
        "inactive" => Ok(StatusFilter::OnHold),
        "expired" => Ok(StatusFilter::Expired),
        "revoked" => Ok(StatusFilter::Revoked),
        "deleted" => Ok(StatusFilter::Deleted),
        "purged" => Ok(StatusFilter::Purged),
        _ => Err(Fault::bad(
            "status must be one of active, inactive, expired, revoked, deleted, purged",
        )),
    }
}

/// HP's documents answer 413 to a limit beyond the server's.
fn limit(query: &Query) -> Result<usize, Fault> {
    let Some(text) = query.value("limit")? else {
        return Ok(DEFAULT_LIMIT);
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::bad("limit must be a number"));
    }
    match text.parse() {
        Ok(0) => Err(Fault::bad("limit must be at least 1")),
        Ok(limit) if limit <= chancery_app::LARGEST_PAGE => Ok(limit),
        _ => Err(Fault::new(
            Kind::OverLimit,
            format!("limit must be at most {}", chancery_app::LARGEST_PAGE),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::joe;

    const KEY: &str = "326dd2ab79ddc98cf4620b7df0f557501fdd3dd4";

    fn listing(text: &str) -> Result<Listing, Fault> {
        certificates(
            &Query::read(text).map_err(drop).unwrap(),
            &joe(),
            Time::from_unix(0),
        )
    }

    fn owner(text: &str) -> Option<String> {
        listing(text)
            .map_err(drop)
            .unwrap()
            .filter
            .owner
            .map(|owner| owner.to_string())
    }

    #[test]
    fn the_owner_is_the_requester_unless_a_domain_is_asked_for() {
        assert_eq!(owner(""), Some("joe".to_owned()));
        assert_eq!(
            owner("issuerName=CN%3Da&serialNumber=01"),
            Some("joe".to_owned())
        );
        assert_eq!(owner("userId=ann"), Some("ann".to_owned()));
        assert_eq!(owner("domainId=home"), None);
        assert_eq!(owner("domainId=home&userId=ann"), Some("ann".to_owned()));
    }

    #[test]
    fn pages_follow_the_subject_key_id() {
        let first = listing("").map_err(drop).unwrap();
        assert_eq!(
            (first.limit, first.export, first.filter.order),
            (100, false, Order::SubjectKeyId(None))
        );
        let next = listing(&format!("limit=1000&export=true&marker={KEY}"))
            .map_err(drop)
            .unwrap();
        let Order::SubjectKeyId(Some((key, None))) = next.filter.order else {
            panic!()
        };
        assert_eq!(
            (hex::encode(key).as_str(), next.limit, next.export),
            (KEY, 1000, true)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let bad = [
            "status=foo",
            "status=",
            "export=maybe",
            "export=",
            "export=TRUE",
            "limit=-1",
            "limit=0",
            "limit=",
            "limit=1.5",
            "limit=%2B1",
            "marker=x",
            "marker=",
            "subjectKeyId=12",
            "serialNumber=01",
            "issuerName=",
            "issuerName=Joe",
            "issuerName=CN%3Da&serialNumber=x",
            "userId=",
            "userId=a+b",
            "domainId=%00",
            "limit=1&limit=2",
        ];
        for text in bad {
            assert_eq!(
                listing(text).map(drop).unwrap_err().kind,
                Kind::BadRequest,
                "{text}"
            );
        }
        for text in ["limit=1001", "limit=1000000000000000000000000000000"] {
            assert_eq!(
                listing(text).map(drop).unwrap_err().kind,
                Kind::OverLimit,
                "{text}"
            );
        }
    }
}
