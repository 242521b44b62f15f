//! Pages as Tastypie reads them, in the engine's words, and the way from one page to the next.

use chancery_app::CertificateFilter;
use chancery_core::time::Time;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::errors::Fault;
use super::super::wire::Meta;
use super::filter::{order, subject};
use super::schema::Resource;
use crate::kit::query::Query;

/// Objects of a page when nothing is said.
pub(crate) const USUAL_LIMIT: u64 = 20;
/// Most objects of a page; none at all asks for these.
const LARGEST_LIMIT: u64 = 1000;
/// What is not encoded in an address: what Python leaves as it is.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~');

/// A page that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) filter: CertificateFilter,
    pub(crate) offset: u64,
    pub(crate) limit: u64,
}

/// A page of a resource that is filtered by subject.
pub(crate) fn listing(query: &Query, resource: Resource, now: Time) -> Result<Listing, Fault> {
    let filter = CertificateFilter {
        subject: subject(query, resource)?,
        order: order(query, resource)?,
        ..CertificateFilter::all(now)
    };
    let (limit, offset) = (limit(query)?, offset(query)?);
    Ok(Listing {
        filter,
        offset,
        limit,
    })
}

impl Listing {
    /// The most certificates of the page.
    pub(crate) fn at_most(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// Where the page stands, and where its neighbours are: from the server's root on, with every other parameter kept.
    pub(crate) fn meta(&self, path: &str, query: &Query, total_count: u64) -> Meta {
        let (limit, offset) = (self.limit, self.offset);
        let at = |offset| address(path, query, limit, offset);
        let next = offset.saturating_add(limit);
        Meta {
            limit,
            next: (next < total_count).then(|| at(next)),
            offset,
            previous: offset.checked_sub(limit).map(at),
            total_count,
        }
    }
}

fn address(path: &str, query: &Query, limit: u64, offset: u64) -> String {
    let encoded = |text: &str| {
        let text = utf8_percent_encode(text, &ENCODED).to_string();
        text.replace("%20", "+")
    };
    let kept = query
        .pairs()
        .filter(|(name, _)| !matches!(*name, "limit" | "offset"))
        .map(|(name, value)| format!("{}={}&", encoded(name), encoded(value)));
    let kept: String = kept.collect();
    format!("{path}?{kept}limit={limit}&offset={offset}")
}

fn limit(query: &Query) -> Result<u64, Fault> {
    let Some(text) = query.values("limit").last() else {
        return Ok(USUAL_LIMIT);
    };
    let bad = |what: &str| {
        Fault::bad(format!(
            "Invalid limit '{text}' provided. Please provide a positive integer{what}."
        ))
    };
    match integer(text) {
        None => Err(bad("")),
        Some(limit) if limit < 0 => Err(bad(" >= 0")),
        Some(limit) => Ok(match u64::try_from(limit) {
            Ok(limit @ 1..=LARGEST_LIMIT) => limit,
            _ => LARGEST_LIMIT,
        }),
    }
}

fn offset(query: &Query) -> Result<u64, Fault> {
    let Some(text) = query.values("offset").last() else {
        return Ok(0);
    };
    let bad = |what: &str| {
        Fault::bad(format!(
            "Invalid offset '{text}' provided. Please provide {what}."
        ))
    };
    let offset = integer(text).ok_or_else(|| bad("an integer"))?;
    let offset = u64::try_from(offset).map_err(|_| bad("a positive integer >= 0"))?;
    if offset > i64::MAX.unsigned_abs() {
        return Err(bad("an integer of 64 bits"));
    }
    Ok(offset)
}

/// A whole number as Python reads one, white space around it and all; what is too large is the largest.
fn integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i128::MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_700_000_000);

    fn read(query: &str) -> Result<Listing, Fault> {
        listing(&Query::read(query).unwrap(), Resource::UserCerts, NOW)
    }

    #[track_caller]
    fn refused(query: &str, want: &str) {
        let fault = read(query).map(drop).unwrap_err();
        assert_eq!(fault, Fault::bad(want), "{query}");
    }

    #[test]
    fn pages_have_tastypies_bounds() {
        for (query, limit, offset) in [
            ("", 20, 0),
            ("limit=0", 1000, 0),
            ("limit=1&offset=5", 1, 5),
            ("limit=1000", 1000, 0),
            ("limit=1001", 1000, 0),
            (
                "limit=99999999999999999999999999999999999999999999",
                1000,
                0,
            ),
            ("limit=%20+7+&offset=%2B3", 7, 3),
            ("limit=1&limit=2&offset=1&offset=2", 2, 2),
            ("limit=-0", 1000, 0),
        ] {
            let page = read(query).unwrap();
            assert_eq!((page.limit, page.offset), (limit, offset), "{query}");
        }
        for text in ["abc", "", "1.5", "1e3", "- 1", "%D9%A1"] {
            let limit = format!("limit={text}");
            let fault = read(&limit).map(drop).unwrap_err();
            assert!(
                fault.text.ends_with("Please provide a positive integer."),
                "{text}"
            );
            let fault = read(&limit.replace("limit", "offset"))
                .map(drop)
                .unwrap_err();
            assert!(fault.text.ends_with("Please provide an integer."), "{text}");
        }
        refused(
            "limit=-1",
            "Invalid limit '-1' provided. Please provide a positive integer >= 0.",
        );
        refused(
            "offset=-1",
            "Invalid offset '-1' provided. Please provide a positive integer >= 0.",
        );
        assert!(read("offset=9223372036854775808").is_err());
    }

    #[test]
    fn neighbours_keep_the_other_parameters() {
        let text = "subject__icontains=a%26b%20c%C3%BC&format=json&limit=2&x=1&offset=2&x=2~";
        let query = Query::read(text).unwrap();
        let page = listing(&query, Resource::UserCerts, NOW).unwrap();
        let kept = "/p/?subject__icontains=a%26b+c%C3%BC&format=json&x=1&x=2~&limit=2&offset=";
        let meta = page.meta("/p/", &query, 5);
        assert_eq!(meta.next, Some(format!("{kept}4")));
        assert_eq!(meta.previous, Some(format!("{kept}0")));
        let meta = page.meta("/p/", &query, 4);
        assert_eq!((meta.next, meta.total_count), (None, 4));
        let first = read("limit=3&offset=2").unwrap();
        assert_eq!(first.meta("/p/", &query, 9).previous, None);
    }
}
