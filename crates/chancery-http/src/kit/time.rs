//! Printing points in time the way APIs do.

use chancery_core::time::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How a certificate without an end says so (RFC 5280, section 4.1.2.5). The date library ends a day before.
const NO_END: &str = "9999-12-31T23:59:59Z";

/// RFC 3339 in UTC with whole seconds: `2026-11-22T11:34:00Z`.
pub(crate) fn rfc3339(time: Time) -> String {
    if time == Time::MAX {
        return NO_END.to_owned();
    }
    stamp(time).to_string()
}

/// Reads RFC 3339 with any offset, to whole seconds.
pub(crate) fn parse_rfc3339(text: &str) -> Option<Time> {
    if text == NO_END {
        return Some(Time::MAX);
    }
    text.parse::<Timestamp>()
        .ok()
        .map(|stamp| Time::from_unix(stamp.as_second()))
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
    stamp(time)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// The nearest time that can be printed: certificates name years up to 9999.
fn stamp(time: Time) -> Timestamp {
    let least = Timestamp::MIN.as_second();
    let most = Timestamp::MAX.as_second();
    Timestamp::from_second(time.unix().clamp(least, most)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_and_read_back() {
        let time = Time::from_unix(1_315_877_523);
        assert_eq!(rfc3339(time), "2011-09-13T01:32:03Z");
        assert_eq!(parse_rfc3339("2011-09-12T18:32:03-07:00"), Some(time));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(http_date(time), "Tue, 13 Sep 2011 01:32:03 GMT");
        assert_eq!(rfc3339(Time::MAX), NO_END);
        assert_eq!(parse_rfc3339(NO_END), Some(Time::MAX));
    }
}
