//! The native API over real TLS: every route, every way in and out, every right. Certificates' lives are in `lifecycle`.

mod accounts;
mod credentials;
pub(crate) mod importing;
mod issuing;
mod listing;
mod people;
mod policy;
mod records;
mod rights;
mod surface;

use serde_json::Value;

use crate::server::run;
use crate::wire::Answer;

/// It is refused with that status and kind, in an RFC 9457 problem; gives what the problem says.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        format!("urn:chancery:problem:{kind}"),
        "{problem}"
    );
    assert_eq!(problem["status"], status, "{problem}");
    assert!(
        problem["title"]
            .as_str()
            .is_some_and(|title| !title.is_empty()),
        "{problem}"
    );
    problem["detail"].as_str().unwrap().to_owned()
}

/// A member that is text.
#[track_caller]
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is no text in {object}"))
}

/// The texts of one member of every object in a list.
#[track_caller]
pub(crate) fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|object| text(object, member).to_owned())
        .collect()
}

/// Seconds since 1970 of an RFC 3339 time.
fn unix(time: &str) -> i64 {
    run("date", &["--utc", "--date", time, "+%s"])
        .trim()
        .parse()
        .unwrap()
}

/// An RFC 3339 time that far from now: `+3 days`.
pub(crate) fn from_now(offset: &str) -> String {
    run("date", &["--utc", "--date", offset, "+%Y-%m-%dT%H:%M:%SZ"])
        .trim()
        .to_owned()
}

/// What is made of certificates that end in a moment, before they do: `make` is given that moment, and once more a later
/// one where the machine was too slow.
#[track_caller]
pub(crate) fn before_they_end<T>(make: impl Fn(&str) -> Result<T, String>) -> T {
    let mut failed = String::new();
    for seconds in [2, 4, 8, 16, 32, 64] {
        match make(&from_now(&format!("+{seconds} seconds"))) {
            Ok(made) => return made,
            Err(said) => failed = said,
        }
    }
    panic!("{failed}")
}
