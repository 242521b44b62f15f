//! Choosing between JSON and XML from the Accept and Content-Type headers (RFC 9110, sections 8.3 and 12.5.1).
//!
//! Lenient, as clients are sloppy: what cannot be read is passed over. Must not know which API prefers what.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};

use crate::kit::header::single;

/// A form in which an answer can be written or a request read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Representation {
    /// JSON (RFC 8259).
    Json,
    /// XML 1.0.
    Xml,
}

/// What a Content-Type header says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MediaType {
    /// Type and subtype in lower case: `application/json`.
    pub(crate) essence: String,
    /// The charset parameter in lower case, without quotes.
    pub(crate) charset: Option<String>,
}

/// Which of the two the Accept header prefers: the greater weight, at equal weights what it names first. None if it is
/// missing, wants neither, or leaves the choice to us (`*/*`).
pub(crate) fn accepted(headers: &HeaderMap) -> Option<Representation> {
    let ranges = ranges(headers);
    let json = weight(&ranges, Representation::Json);
    let xml = weight(&ranges, Representation::Xml);
    match json.cmp(&xml) {
        std::cmp::Ordering::Greater => Some(Representation::Json),
        std::cmp::Ordering::Less => Some(Representation::Xml),
        std::cmp::Ordering::Equal if json == 0 => None,
        std::cmp::Ordering::Equal => ranges
            .iter()
            .find_map(|(essence, _)| representation(essence)),
    }
}

/// Does the Accept header leave room for `wanted`? It does if it is missing or says nothing that can be read.
pub(crate) fn accepts(headers: &HeaderMap, wanted: Representation) -> bool {
    let ranges = ranges(headers);
    ranges.is_empty() || weight(&ranges, wanted) > 0
}

/// What the Content-Type header says, if there is one that can be read.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<MediaType> {
    media_type(single(headers, CONTENT_TYPE.as_str())?)
}

/// Is the body's text UTF-8, as far as the Content-Type says? If that stands there twice, both must say so.
pub(crate) fn says_utf8(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_TYPE)
        .iter()
        .filter_map(media_type)
        .all(|media_type| media_type.is_utf8())
}

fn media_type(value: &HeaderValue) -> Option<MediaType> {
    let mut parts = value.to_str().ok()?.split(';');
    let essence = parts.next()?.trim().to_ascii_lowercase();
    let charset = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let charset = charset.map(|(_, value)| value.trim().trim_matches('"').to_ascii_lowercase());
    essence
        .contains('/')
        .then_some(MediaType { essence, charset })
}

impl MediaType {
    /// Which of the two it is, if it is one of them.
    pub(crate) fn representation(&self) -> Option<Representation> {
        representation(&self.essence)
    }

    /// Is its text UTF-8, as far as it says?
    pub(crate) fn is_utf8(&self) -> bool {
        self.charset
            .as_deref()
            .is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii"))
    }
}

impl Representation {
    /// What a body is that does not say so, as curl sends it without a Content-Type of its own.
    pub(crate) fn looked_at(body: &[u8]) -> Representation {
        if body.trim_ascii_start().first() == Some(&b'<') {
            Representation::Xml
        } else {
            Representation::Json
        }
    }
}

/// Of vendors' own types (`application/vnd.x+xml`) the ending tells; other types with such an ending (XHTML, Atom, SVG)
/// are something else.
fn representation(essence: &str) -> Option<Representation> {
    let vendor = essence.starts_with("application/vnd.");
    match essence {
        "application/json" | "text/json" => Some(Representation::Json),
        "application/xml" | "text/xml" => Some(Representation::Xml),
        _ if vendor && essence.ends_with("+json") => Some(Representation::Json),
        _ if vendor && essence.ends_with("+xml") => Some(Representation::Xml),
        _ => None,
    }
}

/// The media ranges of the Accept header, in order.
fn ranges(headers: &HeaderMap) -> Vec<(String, u16)> {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(range)
        .collect()
}

/// A media range in lower case with its weight in thousandths.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';');
    let essence = parts.next()?.trim().to_ascii_lowercase();
    let q = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let weight = match q {
        None => 1000,
        Some((_, value)) => thousandths(value.trim())?,
    };
    essence.contains('/').then_some((essence, weight))
}

/// `0.85` as 850; at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

/// The weight of the most specific range that covers the representation, 0 if none does; of equally specific ones the
/// greatest.
fn weight(ranges: &[(String, u16)], wanted: Representation) -> u16 {
    let greatest = |covers: &dyn Fn(&str) -> bool| {
        ranges
            .iter()
            .filter(|(essence, _)| covers(essence))
            .map(|(_, weight)| *weight)
            .max()
    };
    let exact = greatest(&|essence| representation(essence) == Some(wanted));
    exact
        .or_else(|| greatest(&|essence| essence == "application/*"))
        .or_else(|| greatest(&|essence| essence == "*/*"))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&str], want: Option<Representation>) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, value.parse().unwrap());
        }
        assert_eq!(accepted(&headers), want, "{accept:?}");
    }

    #[test]
    fn accept_is_weighed() {
        let (json, xml) = (Some(Representation::Json), Some(Representation::Xml));
        check(&[], None);
        check(&["application/json"], json);
        check(&["application/xml"], xml);
        check(&["text/xml; charset=utf-8"], xml);
        check(&["APPLICATION/JSON"], json);
        check(&["*/*"], None);
        check(&["application/*;q=0.5"], None);
        check(&["text/html"], None);
        check(&["application/xml, application/json"], xml);
        check(&["application/json, application/xml"], json);
        check(&["application/json;q=0.5, application/xml;q=0.9"], xml);
        check(&["application/json;q=0.5", "application/xml;q=0.9"], xml);
        check(&["application/xml;q=0, */*"], json);
        check(&["application/json;q=0, application/*"], xml);
        check(&["application/xml;q=0"], None);
        check(&["application/json;q=2, application/xml;q=0.1"], xml);
        check(&["application/json;q=0.1234"], None);
        check(&["application/vnd.openstack.identity-v2.0+xml"], xml);
        check(&["application/atom+xml, application/json;q=0.1"], json);
        check(&[";;;,,, q=, /"], None);
        // Firefox, Chrome; curl and Python's requests say */*.
        check(
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            xml,
        );
        check(
            &[
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            ],
            xml,
        );
    }

    #[test]
    fn what_is_not_accepted_is_told() {
        for (accept, xml) in [
            ("application/xml", true),
            ("text/xml;q=0.1, application/json", true),
            ("*/*", true),
            ("application/*", true),
            (";;;,", true),
            ("application/json", false),
            ("text/html", false),
            ("application/xml;q=0", false),
            ("application/xml;q=0, */*", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts(&headers, Representation::Xml), xml, "{accept}");
        }
        assert!(accepts(&HeaderMap::new(), Representation::Xml));
    }

    #[test]
    fn content_types_are_read() {
        for (value, essence, representation, utf8) in [
            (
                "application/json",
                "application/json",
                Some(Representation::Json),
                true,
            ),
            (
                "Application/XML; Charset=\"UTF-8\"",
                "application/xml",
                Some(Representation::Xml),
                true,
            ),
            (
                "text/xml;charset=iso-8859-1",
                "text/xml",
                Some(Representation::Xml),
                false,
            ),
            (
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded",
                None,
                true,
            ),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
            let read = content_type(&headers).unwrap();
            assert_eq!(
                (read.essence.as_str(), read.representation(), read.is_utf8()),
                (essence, representation, utf8)
            );
        }
        assert_eq!(content_type(&HeaderMap::new()), None);
        assert_eq!(
            content_type(&HeaderMap::from_iter([(
                CONTENT_TYPE,
                "json".parse().unwrap()
            )])),
            None
        );
    }
}
