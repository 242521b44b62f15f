//! Printing points in time the way APIs do.

use chancery_core::time::Time;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// RFC 3339 in UTC with whole seconds: `2026-11-22T11:34:00Z`.
pub(crate) fn rfc3339(time: Time) -> String {
    format!("{}Z", utc(time))
}

/// Reads RFC 3339 with any offset, to whole seconds.
pub(crate) fn parse_rfc3339(text: &str) -> Option<Time> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(Time::from_unix(stamp.as_second()));
    }
    // The library's points in time end a day before the last year does, its dates do not.
    let text = text.strip_suffix('Z').filter(|text| text.contains('T'))?;
    let date: DateTime = text.parse().ok()?;
    let since = date.duration_since(EPOCH);
    (since > SignedDuration::ZERO).then(|| Time::from_unix(since.as_secs()))
}

/// XML Schema dateTime with milliseconds and the server's local offset: `2011-09-12T18:32:03.000-07:00`.
pub(crate) fn xml_local(time: Time) -> String {
    stamp(time)
        .to_zoned(TimeZone::system())
        .strftime("%Y-%m-%dT%H:%M:%S.000%:z")
        .to_string()
}

/// RFC 9110 date: `Sun, 22 Nov 2026 11:34:00 GMT`.
pub(crate) fn http_date(time: Time) -> String {
    utc(time).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads an RFC 9110 date in each of the three forms that senders may use (section 5.6.7).
pub(crate) fn parse_http_date(text: &str) -> Option<Time> {
    let forms = [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    ];
    let date = forms
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok())?;
    Some(Time::from_unix(date.duration_since(EPOCH).as_secs()))
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Date and time of day in UTC. Certificates name years up to 9999, and so does the library.
fn utc(time: Time) -> DateTime {
    EPOCH.saturating_add(SignedDuration::from_secs(time.unix()))
}

/// The nearest point in time that can be shown with an offset: the last day of 9999 cannot.
fn stamp(time: Time) -> Timestamp {
    let least = Timestamp::MIN.as_second();
    let most = Timestamp::MAX.as_second();
    Timestamp::from_second(time.unix().clamp(least, most)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read_in_every_form() {
        let time = Some(Time::from_unix(784_111_777));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_http_date(text), time, "{text}");
        }
        for text in [
            "",
            "0",
            "yesterday",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 +0100",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn times_print_and_read_back() {
        let time = Time::from_unix(1_315_877_523);
        assert_eq!(rfc3339(time), "2011-09-13T01:32:03Z");
        assert_eq!(parse_rfc3339("2011-09-12T18:32:03-07:00"), Some(time));
        for text in [
            "yesterday",
            "2011-09-23",
            "2011-09-23Z",
            "2011-09-23T01:11:14",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
        assert_eq!(http_date(time), "Tue, 13 Sep 2011 01:32:03 GMT");
        // How a certificate without an end says so (RFC 5280, section 4.1.2.5), and a second before.
        for (unix, text) in [
            (Time::MAX.unix(), "9999-12-31T23:59:59Z"),
            (Time::MAX.unix() - 1, "9999-12-31T23:59:58Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(Time::from_unix(unix)), text);
            assert_eq!(parse_rfc3339(text), Some(Time::from_unix(unix)));
        }
    }
}
