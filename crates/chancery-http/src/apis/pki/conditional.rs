//! Conditional and partial requests (RFC 9110, sections 13 and 14): how much of a thing a request wants to be sent. Pure;
//! must not know what the thing is.

use std::ops::RangeInclusive;

use axum::http::header::{
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use axum::http::{HeaderMap, Method};
use chancery_core::time::Time;
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition};

use crate::kit::time::parse_http_date;

/// What there is to send.
pub(super) struct Selected<'a> {
    /// Its strong entity tag, with its quotes.
    pub(super) tag: &'a str,
    /// When it was made; none if other things may bear that second too.
    pub(super) modified: Option<Time>,
    /// Octets of the whole.
    pub(super) length: u64,
}

/// How much of it is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// All.
    Whole,
    /// Its octets from the first to the last of these, counted from 0.
    Part(RangeInclusive<u64>),
    /// Nothing: the client holds it (304).
    Nothing,
    /// Nothing: it is not what the client took it for (412).
    Another,
    /// Octets beyond its end (416).
    Beyond,
}

/// Weighs the conditions in the order of section 13.2.2. What cannot be read counts as not sent; so do dates in the future,
/// as no copy was made then, and ranges of other methods than GET (section 14.2).
pub(super) fn wanted(
    method: &Method,
    headers: &HeaderMap,
    selected: &Selected<'_>,
    now: Time,
) -> Wanted {
    let date = |name: HeaderName| {
        let date = parse_http_date(headers.get(name)?.to_str().ok()?)?;
        Some((date, selected.modified?)).filter(|_| date <= now)
    };
    if headers.contains_key(IF_MATCH) {
        if !names(headers, IF_MATCH, selected.tag, Comparison::Strong) {
            return Wanted::Another;
        }
    } else if date(IF_UNMODIFIED_SINCE).is_some_and(|(date, modified)| modified > date) {
        return Wanted::Another;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if is_known(headers, selected.tag) {
            return Wanted::Nothing;
        }
    } else if date(IF_MODIFIED_SINCE).is_some_and(|(date, modified)| modified <= date) {
        return Wanted::Nothing;
    }
    if *method != Method::GET || !range_holds(headers, selected.tag) {
        return Wanted::Whole;
    }
    part(headers, selected.length)
}

/// Does the caller hold the thing with that tag already (If-None-Match, section 13.1.2)?
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    names(headers, IF_NONE_MATCH, tag, Comparison::Weak)
}

/// How tags are compared (section 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Is the tag in a header's list, or is that `*`? Tags may hold any octet but quotes and white space; ours have no comma.
fn names(headers: &HeaderMap, header: HeaderName, tag: &str, comparison: Comparison) -> bool {
    headers.get_all(header).iter().any(|value| {
        let mut tags = value.as_bytes().split(|octet| *octet == b',');
        let is_this = |listed: &[u8]| {
            let listed = listed.trim_ascii();
            let opaque = match comparison {
                Comparison::Strong => listed,
                Comparison::Weak => listed.strip_prefix(b"W/").unwrap_or(listed),
            };
            opaque == tag.as_bytes()
        };
        value.as_bytes() == b"*" || tags.any(is_this)
    })
}

/// Is the range to be honoured? Without If-Range yes; with one only if it has the very tag. A date never will do: two things
/// of one second would be put together (sections 8.8.2.2 and 13.1.5).
fn range_holds(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get(IF_RANGE)
        .is_none_or(|asked| asked.as_bytes() == tag.as_bytes())
}

/// The one range that is asked for, cut at the end (section 14.1.2). Several at once are answered with the whole.
fn part(headers: &HeaderMap, length: u64) -> Wanted {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Wanted::Whole;
    };
    let Ok(text) = value.to_str() else {
        return Wanted::Whole;
    };
    let ranges = match http_range_header::parse_range_header(text) {
        Ok(parsed) => parsed.ranges,
        // None of its octets can be sent. Beside others it is one of several.
        Err(RangeUnsatisfiableError::ZeroSuffix) if !text.contains(',') => return Wanted::Beyond,
        Err(_) => return Wanted::Whole,
    };
    let [range] = ranges.as_slice() else {
        return Wanted::Whole;
    };
    let Some(end) = length.checked_sub(1) else {
        return Wanted::Beyond;
    };
    let first = match range.start {
        StartPosition::Index(first) => first,
        StartPosition::FromLast(count) => length.saturating_sub(count),
    };
    let last = match range.end {
        EndPosition::Index(last) if last < first => return Wanted::Whole,
        EndPosition::Index(last) => last.min(end),
        EndPosition::LastByte => end,
    };
    if first > end {
        return Wanted::Beyond;
    }
    Wanted::Part(first..=last)
}

/// For the fuzz targets: whatever a client sends as all of these headers, what is given to it can be cut out of the thing.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_every_condition(value: &axum::http::HeaderValue) {
    const CONDITIONS: [HeaderName; 4] = [
        IF_MATCH,
        IF_NONE_MATCH,
        IF_MODIFIED_SINCE,
        IF_UNMODIFIED_SINCE,
    ];
    for length in [0, 1, 1000, u64::MAX] {
        let selected = Selected {
            tag: "\"5\"",
            modified: Some(Time::from_unix(784_111_777)),
            length,
        };
        let asked = |names: &[HeaderName]| {
            let headers = names.iter().map(|name| (name.clone(), value.clone()));
            let headers: HeaderMap = headers.collect();
            wanted(&Method::GET, &headers, &selected, Time::MAX)
        };
        for wanted in [asked(&[RANGE]), asked(&[RANGE, IF_RANGE])] {
            assert!(!matches!(wanted, Wanted::Nothing | Wanted::Another));
            if let Wanted::Part(part) = wanted {
                assert!(!part.is_empty() && *part.end() < length);
            }
        }
        for name in CONDITIONS {
            let wanted = asked(&[name]);
            assert!(!matches!(wanted, Wanted::Part(_) | Wanted::Beyond));
        }
        // What is the same by the strong comparison is so by the weak one.
        let [any, none] = [IF_MATCH, IF_NONE_MATCH].map(|name| asked(&[name]));
        assert!(any == Wanted::Another || none == Wanted::Nothing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made on 6 November 1994 at 08:49:37, asked for a day later.
    const MADE: i64 = 784_111_777;
    const SELECTED: Selected<'_> = Selected {
        tag: "\"5\"",
        modified: Some(Time::from_unix(MADE)),
        length: 1000,
    };
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const SINCE: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const FUTURE: &str = "Tue, 08 Nov 1994 08:49:37 GMT";

    #[track_caller]
    fn check(method: &Method, asked: &[(HeaderName, &str)], want: &Wanted) {
        let got = of(method, asked, &SELECTED);
        assert_eq!(&got, want, "{method} {asked:?}");
    }

    fn of(method: &Method, asked: &[(HeaderName, &str)], selected: &Selected<'_>) -> Wanted {
        let mut headers = HeaderMap::new();
        for (name, value) in asked {
            headers.append(name, value.parse().unwrap());
        }
        let now = Time::from_unix(MADE + 86_400);
        wanted(method, &headers, selected, now)
    }

    #[test]
    fn tags_and_dates_are_conditions() {
        use Wanted::{Another, Nothing, Whole};
        for (name, value, want) in [
            (IF_NONE_MATCH, "\"5\"", Nothing),
            (IF_NONE_MATCH, "W/\"5\"", Nothing),
            (IF_NONE_MATCH, "\"4\", \"5\"", Nothing),
            (IF_NONE_MATCH, "*", Nothing),
            (IF_NONE_MATCH, "\"4\"", Whole),
            (IF_NONE_MATCH, "5", Whole),
            (IF_NONE_MATCH, "\"5", Whole),
            (IF_NONE_MATCH, "", Whole),
            (IF_NONE_MATCH, "\"4,*,5\"", Whole),
            (IF_NONE_MATCH, "\"4\", *", Whole),
            (IF_NONE_MATCH, "\"\u{e4}\", \"5\"", Nothing),
            (IF_MODIFIED_SINCE, THEN, Nothing),
            (IF_MODIFIED_SINCE, SINCE, Nothing),
            (IF_MODIFIED_SINCE, BEFORE, Whole),
            (IF_MODIFIED_SINCE, FUTURE, Whole),
            (IF_MODIFIED_SINCE, "yesterday", Whole),
            (IF_MATCH, "\"5\"", Whole),
            (IF_MATCH, "*", Whole),
            (IF_MATCH, "\"4\"", Another),
            (IF_MATCH, "W/\"5\"", Another),
            (IF_MATCH, "\"4\",*", Another),
            (IF_MATCH, "\"\u{e4}\",\"5\"", Whole),
            (IF_UNMODIFIED_SINCE, THEN, Whole),
            (IF_UNMODIFIED_SINCE, BEFORE, Another),
            (IF_UNMODIFIED_SINCE, "never", Whole),
        ] {
            for method in [Method::GET, Method::HEAD] {
                check(&method, &[(name.clone(), value)], &want);
            }
        }
        // A tag that was sent is all that counts.
        for (asked, want) in [
            (
                [(IF_NONE_MATCH, "\"4\""), (IF_MODIFIED_SINCE, SINCE)],
                Whole,
            ),
            ([(IF_MATCH, "\"5\""), (IF_UNMODIFIED_SINCE, BEFORE)], Whole),
            ([(IF_MATCH, "\"5\""), (IF_NONE_MATCH, "\"5\"")], Nothing),
            (
                [(IF_NONE_MATCH, "\"4\""), (IF_NONE_MATCH, "\"5\"")],
                Nothing,
            ),
        ] {
            check(&Method::GET, &asked, &want);
        }
    }

    /// In the second in which a thing was made its date says nothing.
    #[test]
    fn a_date_that_others_may_bear_is_no_condition() {
        let young = Selected {
            modified: None,
            ..SELECTED
        };
        for asked in [
            (IF_MODIFIED_SINCE, THEN),
            (IF_MODIFIED_SINCE, SINCE),
            (IF_UNMODIFIED_SINCE, BEFORE),
        ] {
            assert_eq!(of(&Method::GET, &[asked], &young), Wanted::Whole);
        }
    }

    #[test]
    fn one_range_is_cut_out() {
        use Wanted::{Beyond, Part, Whole};
        for (range, want) in [
            ("bytes=0-0", Part(0..=0)),
            ("bytes=10-19", Part(10..=19)),
            ("bytes=990-", Part(990..=999)),
            ("bytes=990-5000", Part(990..=999)),
            ("bytes=-10", Part(990..=999)),
            ("bytes=-5000", Part(0..=999)),
            ("bytes=999-", Part(999..=999)),
            ("bytes=1000-", Beyond),
            ("bytes=1000-2000", Beyond),
            ("bytes=-0", Beyond),
            // Others than one range of octets are passed over.
            ("bytes=0-1,3-4", Whole),
            ("bytes=0-1,-0", Whole),
            ("bytes=a-b,-0", Whole),
            ("bytes=19-10", Whole),
            ("bytes=2000-1000", Whole),
            ("bytes=a-b", Whole),
            ("bytes=-", Whole),
            ("bytes=", Whole),
            ("bytes=--5", Whole),
            ("bytes=99999999999999999999999-", Whole),
            ("lines=0-1", Whole),
            ("0-1", Whole),
            ("", Whole),
        ] {
            check(&Method::GET, &[(RANGE, range)], &want);
            check(&Method::HEAD, &[(RANGE, range)], &Whole);
        }
        let twice = [(RANGE, "bytes=0-1"), (RANGE, "bytes=2-3")];
        check(&Method::GET, &twice, &Whole);
        let empty = Selected {
            length: 0,
            ..SELECTED
        };
        let asked = [(RANGE, "bytes=0-")];
        assert_eq!(of(&Method::GET, &asked, &empty), Beyond);
    }

    #[test]
    fn a_range_may_depend_on_the_tag() {
        use Wanted::{Nothing, Part, Whole};
        let range = (RANGE, "bytes=0-1");
        for (asked, want) in [
            ((IF_RANGE, "\"5\""), Part(0..=1)),
            ((IF_RANGE, "\"4\""), Whole),
            ((IF_RANGE, "W/\"5\""), Whole),
            ((IF_RANGE, THEN), Whole),
            ((IF_RANGE, "nonsense"), Whole),
            ((IF_NONE_MATCH, "\"5\""), Nothing),
            ((IF_NONE_MATCH, "\"4\""), Part(0..=1)),
        ] {
            check(&Method::GET, &[range.clone(), asked], &want);
        }
    }
}
