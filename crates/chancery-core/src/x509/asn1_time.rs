//! Dates and times in DER: UTCTime and GeneralizedTime (RFC 5280, section 4.1.2.5).

use std::time::Duration;

use der::DateTime;

use super::WriteError;
use super::tlv::{Element, GENERALIZED_TIME, UTC_TIME};
use crate::time::{DAY, Time};

/// Appends the DER of a time: UTCTime through 2049, GeneralizedTime from 2050. Years 1970 to 9999 can be written.
pub(crate) fn push_time(out: &mut Vec<u8>, time: Time) -> Result<(), WriteError> {
    push(out, time, 2050)
}

/// Appends the DER of a time as GeneralizedTime, whatever its year (RFC 6960, section 4.2.2.1).
pub(crate) fn push_generalized_time(out: &mut Vec<u8>, time: Time) -> Result<(), WriteError> {
    push(out, time, 0)
}

/// Writes a GeneralizedTime from that year on, a UTCTime before.
fn push(out: &mut Vec<u8>, time: Time, generalized_from: u16) -> Result<(), WriteError> {
    let seconds = u64::try_from(time.unix()).map_err(|_| WriteError::Time(time))?;
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds))
        .map_err(|_| WriteError::Time(time))?;
    let two = |number: u8| [b'0' + number / 10, b'0' + number % 10];
    // Both are below 100: the year ends in 9999.
    let (century, year) = ((date.year() / 100) as u8, (date.year() % 100) as u8);
    if date.year() < generalized_from {
        out.extend_from_slice(&[UTC_TIME, 13]);
    } else {
        out.extend_from_slice(&[GENERALIZED_TIME, 15]);
        out.extend_from_slice(&two(century));
    }
    for number in [
        year,
        date.month(),
        date.day(),
        date.hour(),
        date.minutes(),
        date.seconds(),
    ] {
        out.extend_from_slice(&two(number));
    }
    out.push(b'Z');
    Ok(())
}

/// Reads a time in either type, for any year from 0 to 9999. Lenient where certificates of others are odd: seconds left
/// out, fractions of seconds (dropped), offsets from UTC, either type for any year.
pub(crate) fn read_time(time: Element<'_>) -> Option<Time> {
    let text = std::str::from_utf8(time.content).ok()?;
    let (digits, zone) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (year, rest) = match time.tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year >= 50 { 1900 + year } else { 2000 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    if !matches!(rest.len(), 8 | 10) {
        return None;
    }
    let field = |at: usize| {
        rest.get(at..at + 2)
            .map_or(Some(0), |pair| pair.parse::<i64>().ok())
    };
    let [month, day, hour, minute, second] =
        [field(0)?, field(2)?, field(4)?, field(6)?, field(8)?];
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    // A leap second may be written; it counts as the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let day_seconds = hour * 3600 + minute * 60 + second;
    Some(Time::from_unix(
        days_since_epoch(year, month, day) * DAY + day_seconds - offset(zone)?,
    ))
}

/// Seconds by which local time is ahead of UTC, from what follows the digits: `Z`, `+0100`, `.25Z`.
fn offset(zone: &str) -> Option<i64> {
    let zone = match zone.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => zone,
    };
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('+') { 1 } else { -1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, in years that begin with March, so that the leap day is the
/// last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719468 days lie between 1 March of year 0 and the epoch.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::tlv::Reader;

    fn read(tag: u8, text: &str) -> Option<i64> {
        read_time(Element {
            tag,
            content: text.as_bytes(),
            der: &[],
        })
        .map(Time::unix)
    }

    /// Figures from GNU date.
    #[test]
    fn times_are_read_in_every_form() {
        for (tag, text, want) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "110913172424Z", Some(1_315_934_664)),
            (UTC_TIME, "1109131724Z", Some(1_315_934_640)),
            (UTC_TIME, "110913102424-0700", Some(1_315_934_664)),
            (UTC_TIME, "110913182424+0100", Some(1_315_934_664)),
            (UTC_TIME, "500101000000Z", Some(-631_152_000)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "000229000000Z", Some(951_782_400)),
            (GENERALIZED_TIME, "20110913172424Z", Some(1_315_934_664)),
            (GENERALIZED_TIME, "20110913172424.999Z", Some(1_315_934_664)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "00000101000000Z", Some(-62_167_219_200)),
            (GENERALIZED_TIME, "20161231235960Z", Some(1_483_228_800)),
            (GENERALIZED_TIME, "20110913172424", None),
            (GENERALIZED_TIME, "20110913172424+01", None),
            (GENERALIZED_TIME, "20110230000000Z", None),
            (GENERALIZED_TIME, "21000229000000Z", None),
            (UTC_TIME, "111313172424Z", None),
            (UTC_TIME, "110013172424Z", None),
            (UTC_TIME, "110900172424Z", None),
            (UTC_TIME, "110913242424Z", None),
            (UTC_TIME, "110913236024Z", None),
            (UTC_TIME, "11091323602Z", None),
            (UTC_TIME, "1109132360\u{661}Z", None),
            (UTC_TIME, "", None),
            (UTC_TIME, "Z", None),
            (0x0c, "110913172424Z", None),
        ] {
            assert_eq!(read(tag, text), want, "{tag:x} {text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for (unix, want) in [
            (0, "\x17\x0d700101000000Z"),
            (951_782_400, "\x17\x0d000229000000Z"),
            (2_524_607_999, "\x17\x0d491231235959Z"),
            (2_524_608_000, "\x18\x0f20500101000000Z"),
            (253_402_300_799, "\x18\x0f99991231235959Z"),
        ] {
            let mut out = Vec::new();
            push_time(&mut out, Time::from_unix(unix)).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), want);
            assert_eq!(
                read_time(Reader::new(&out).any().unwrap()),
                Some(Time::from_unix(unix))
            );
        }
        for unix in [-1, 253_402_300_800] {
            let time = Time::from_unix(unix);
            assert_eq!(
                push_time(&mut Vec::new(), time),
                Err(WriteError::Time(time))
            );
        }
    }
}
