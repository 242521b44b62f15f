//! What a search asks of the engine.
//!
//! One condition on the subject goes to the store, which has an index for it; whatever else is asked is looked at in the
//! certificates that this one finds.

use chancery_app::{CertificateFilter, Order, StatusFilter, SubjectCondition};
use chancery_core::certificate::{Certificate, Status};
use chancery_core::identity::CertificateId;
use chancery_core::name::{Name, Oid, attribute};
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::x509;

use super::super::errors::Fault;
use super::super::wire::record::Search;
use super::record::is_monitored;

/// Records of a page when a request names no number of them.
const USUAL_PAGE: u64 = 100;
/// Most records of a page.
const LARGEST_PAGE: u64 = 1000;

/// A search.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The one record that is asked for.
    pub(crate) id: Option<CertificateId>,
    /// The one serial number that is asked for.
    pub(crate) serial: Option<Serial>,
    /// The one common name that is asked for.
    pub(crate) common_name: Option<String>,
    /// What goes to the store.
    pub(crate) filter: CertificateFilter,
    /// What else must hold.
    rest: Vec<Condition>,
    /// Records before the first of the page.
    pub(crate) offset: u64,
    /// Most records of the page.
    pub(crate) limit: u64,
}

/// A condition on one certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Condition {
    /// The line of its subject holds this.
    Subject(SubjectCondition),
    /// One of its subject's attributes of that kind holds this, whatever its case.
    Attribute(Oid, String),
    /// The line of its issuer holds this.
    Issuer(SubjectCondition),
    /// One of its alternative names holds this, whatever its case.
    AlternativeName(String),
    /// Only watched, or not.
    Monitored(bool),
    /// No record can be what was asked for.
    Nothing,
}

impl Wanted {
    /// Does every condition hold that the store does not look at?
    pub(crate) fn holds(&self, certificate: &Certificate) -> bool {
        let id = self.id.is_none_or(|id| certificate.id == id);
        let serial = self
            .serial
            .as_ref()
            .is_none_or(|serial| certificate.serial.magnitude() == serial.magnitude());
        let name = self.common_name.as_deref();
        let named = name.is_none_or(|name| certificate.subject.common_name() == Some(name));
        id && serial
            && named
            && self.rest.iter().all(|condition| match condition {
                Condition::Subject(subject) => {
                    subject.holds(&certificate.subject.to_openssl_oneline())
                }
                Condition::Attribute(oid, text) => has_attribute(&certificate.subject, oid, text),
                Condition::Issuer(issuer) => issuer.holds(&certificate.issuer.to_openssl_oneline()),
                Condition::AlternativeName(text) => has_name(certificate, text),
                Condition::Monitored(watched) => is_monitored(certificate) == *watched,
                Condition::Nothing => false,
            })
    }

    /// Does the store look at everything?
    pub(crate) fn is_simple(&self) -> bool {
        self.rest.is_empty() && self.common_name.is_none()
    }
}

/// Reads a search as of `now`.
pub(crate) fn wanted(search: &Search, now: Time) -> Result<Wanted, Fault> {
    let mut wanted = Wanted {
        id: None,
        serial: search.serial_number.as_deref().map(serial).transpose()?,
        common_name: search.common_name.clone(),
        filter: CertificateFilter {
            order: order(search)?,
            ..CertificateFilter::all(now)
        },
        rest: Vec::new(),
        offset: number("start", search.start.as_deref(), 1)?.saturating_sub(1),
        limit: number("max", search.max.as_deref(), USUAL_PAGE)?.min(LARGEST_PAGE),
    };
    match search.resource_id.as_deref().map(CertificateId::parse) {
        Some(Ok(id)) => wanted.id = Some(id),
        // No record has such an id.
        Some(Err(_)) => wanted.rest.push(Condition::Nothing),
        None => {}
    }
    if search.category.as_deref().is_some_and(only_authorities) {
        wanted.rest.push(Condition::Nothing);
    }
    if let Some(text) = &search.free_text {
        wanted.rest.push(Condition::Subject(in_line(text)));
    }
    for (keyword, text) in &search.keywords {
        keyword_condition(&mut wanted, keyword, text)?;
    }
    // The whole common name is the narrowest that the index can look for, then any other text of the subject.
    if let Some(name) = &wanted.common_name {
        wanted.filter.subject = Some(SubjectCondition::Contains(common_name_in_line(name)));
    } else if let Some(at) = wanted
        .rest
        .iter()
        .position(|one| matches!(one, Condition::Subject(_)))
        && let Condition::Subject(condition) = wanted.rest.swap_remove(at)
    {
        wanted.filter.subject = Some(condition);
    }
    Ok(wanted)
}

fn keyword_condition(wanted: &mut Wanted, keyword: &str, text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let key = keyword.to_ascii_lowercase();
    let part = key.strip_prefix("subject:").unwrap_or(&key);
    match part {
        "certserialno" | "serialnumber" => {
            let asked = serial(text)?;
            let known = wanted.serial.get_or_insert_with(|| asked.clone());
            if known.magnitude() != asked.magnitude() {
                wanted.rest.push(Condition::Nothing);
            }
        }
        "commonname" => {
            let known = wanted.common_name.get_or_insert_with(|| text.to_owned());
            if known != text {
                wanted.rest.push(Condition::Nothing);
            }
        }
        "certcn" | "cn" => attribute_condition(wanted, attribute::COMMON_NAME, text),
        "o" => attribute_condition(wanted, attribute::ORGANIZATION, text),
        "ou" => attribute_condition(wanted, attribute::ORGANIZATIONAL_UNIT, text),
        "l" => attribute_condition(wanted, attribute::LOCALITY, text),
        "st" => attribute_condition(wanted, attribute::STATE_OR_PROVINCE, text),
        "c" => attribute_condition(wanted, attribute::COUNTRY, text),
        "certsan" => wanted
            .rest
            .push(Condition::AlternativeName(text.to_owned())),
        "certissuer" => wanted.rest.push(Condition::Issuer(in_line(text))),
        "certstatus" => {
            wanted.filter.status = Some(status(text)?);
            match text.trim().to_ascii_lowercase().as_str() {
                "managed" => wanted.rest.push(Condition::Monitored(false)),
                "monitored" => wanted.rest.push(Condition::Monitored(true)),
                _ => {}
            }
        }
        other => {
            return Err(Fault::invalid(format!(
                "keywordSearch: {other:?} cannot be searched for: take subject:cn, subject:o, subject:ou, subject:l, \
                 subject:st, subject:c, commonName, certcn, certserialno, certsan, certissuer or certstatus"
            )));
        }
    }
    Ok(())
}

/// What is in an attribute is in the subject's line, for which there is an index, unless the line has it escaped.
fn attribute_condition(wanted: &mut Wanted, oid: Oid, text: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || " .-_*@".contains(c);
    if text.chars().all(plain) {
        wanted.rest.push(Condition::Subject(in_line(text)));
    }
    wanted.rest.push(Condition::Attribute(oid, text.to_owned()));
}

/// The line of a name holds this text, whatever its case; what is not ASCII stands in a line escaped.
fn in_line(text: &str) -> SubjectCondition {
    SubjectCondition::ContainsIgnoringCase(Name::openssl_oneline_part(text))
}

fn has_attribute(name: &Name, oid: &Oid, text: &str) -> bool {
    let text = text.to_lowercase();
    let mut attributes = name.attributes().filter(|attribute| attribute.oid() == oid);
    attributes.any(|attribute| {
        let value = attribute.text().unwrap_or_default();
        value.to_lowercase().contains(&text)
    })
}

fn has_name(certificate: &Certificate, text: &str) -> bool {
    let facts = certificate
        .der
        .as_ref()
        .map(|der| x509::read_certificate(der));
    let Some(Ok(facts)) = facts else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    let mut names = facts.names.iter();
    names.any(|name| name.to_string().to_ascii_lowercase().contains(&text))
}

fn serial(text: &str) -> Result<Serial, Fault> {
    Serial::parse_hex(text).map_err(|_| {
        Fault::invalid("serialNumber: give hexadecimal digits, with or without colons")
    })
}

fn status(word: &str) -> Result<StatusFilter, Fault> {
    let word: String = word
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase();
    match word.as_str() {
        "newcertificate" | "pending" => Ok(StatusFilter::Pending),
        "managed" | "monitored" | "valid" | "active" => Ok(StatusFilter::Active),
        "suspended" => Ok(StatusFilter::OnHold),
        "revoked" => Ok(StatusFilter::Revoked),
        "expired" => Ok(StatusFilter::Expired),
        other => Err(Fault::invalid(format!(
            "certstatus: {other:?} is none of New Certificate, Valid, Suspended, Revoked, Expired"
        ))),
    }
}

/// Certificates of authorities are no records here.
fn only_authorities(categories: &str) -> bool {
    let mut named = categories
        .split(',')
        .map(str::trim)
        .filter(|category| !category.is_empty())
        .peekable();
    named.peek().is_some()
        && named.all(|category| {
            ["root ca", "rootca", "intermediate ca", "intermediateca"]
                .contains(&category.to_ascii_lowercase().as_str())
        })
}

/// Newest first unless oldest are asked for; another column than the age is passed over.
fn order(search: &Search) -> Result<Order, Fault> {
    match search.sort_order.as_deref() {
        None => Ok(Order::NumberDescending(None)),
        Some(word) if word.eq_ignore_ascii_case("desc") => Ok(Order::NumberDescending(None)),
        Some(word) if word.eq_ignore_ascii_case("asc") => Ok(Order::Number(None)),
        Some(_) => Err(Fault::invalid("sortOrder: take asc or desc")),
    }
}

fn number(name: &str, text: Option<&str>, otherwise: u64) -> Result<u64, Fault> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|_| Fault::invalid(format!("{name} must be a number"))),
    }
}

/// `/CN=name`, with what a line escapes escaped.
fn common_name_in_line(name: &str) -> String {
    let named = Name::build().push(attribute::COMMON_NAME, name).finish();
    named.map_or_else(
        |_| format!("/CN={name}"),
        |named| named.to_openssl_oneline(),
    )
}

/// Is it a record at all? What was deleted is none.
pub(crate) fn is_record(certificate: &Certificate, now: Time) -> bool {
    !matches!(certificate.status(now), Status::Deleted | Status::Purged)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value) -> Result<Wanted, Fault> {
        wanted(&Search::read(body).unwrap(), Time::from_unix(0))
    }

    #[test]
    fn searches_are_read() {
        let one = read(&json!({"input": {"category": "Server", "commonName": "a.example"}, "filter": {"start": 11, "max": "5"}})).unwrap();
        assert_eq!((one.offset, one.limit), (10, 5));
        assert_eq!(
            one.filter.subject,
            Some(SubjectCondition::Contains("/CN=a.example".to_owned()))
        );
        assert!(!one.is_simple());
        let all = read(&json!({})).unwrap();
        assert_eq!((all.offset, all.limit, all.is_simple()), (0, 100, true));
        let keywords = read(
            &json!({"input": {"keywordSearch": {"subject:o": "Acme", "certstatus": "Revoked"}}}),
        )
        .unwrap();
        assert_eq!(keywords.filter.status, Some(StatusFilter::Revoked));
        assert_eq!(
            keywords.filter.subject,
            Some(SubjectCondition::ContainsIgnoringCase("Acme".to_owned()))
        );
        assert!(!keywords.is_simple());
        let status = read(&json!({"input": {"keywordSearch": {"certstatus": "Valid"}}})).unwrap();
        assert!(status.is_simple());
        assert_eq!(
            read(&json!({"filter": {"start": 0, "max": 99999}}))
                .unwrap()
                .limit,
            1000
        );
    }

    #[test]
    fn free_searches_find_what_is_not_ascii() {
        let named = |name: &str| {
            Name::parse(&format!("CN={name}"))
                .unwrap()
                .to_openssl_oneline()
        };
        for (text, name, found) in [
            ("Jörg", "jörg", true),
            ("JöRG", "Jörg Müller", true),
            ("Jorg", "Jörg", false),
            ("/CN=日本", "日本語", true),
            ("本日", "日本語", false),
        ] {
            let read = read(&json!({"input": {"freeSearch": text}})).unwrap();
            let condition = read.filter.subject.unwrap();
            assert_eq!(condition.holds(&named(name)), found, "{text} in {name}");
            assert_eq!(in_line(text), condition);
        }
    }

    #[test]
    fn managed_and_monitored_are_told_apart() {
        for (word, watched) in [("Managed", false), ("monitored ", true)] {
            let body = json!({"input": {"keywordSearch": {"certstatus": word}}});
            let read = read(&body).unwrap();
            assert_eq!(read.filter.status, Some(StatusFilter::Active));
            assert_eq!(read.rest, [Condition::Monitored(watched)]);
        }
    }

    #[test]
    fn conditions_that_contradict_each_other_find_nothing() {
        let finds_nothing = |input: Value| {
            let read = read(&json!({"input": input})).unwrap();
            read.rest.contains(&Condition::Nothing)
        };
        for (first, second) in [
            ("serialNumber", "certserialno"),
            ("commonName", "commonName"),
        ] {
            assert!(finds_nothing(
                json!({first: "1", "keywordSearch": {second: "2"}})
            ));
            assert!(!finds_nothing(
                json!({first: "1", "keywordSearch": {second: "1"}})
            ));
        }
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        for body in [
            json!({"input": {"serialNumber": "x"}}),
            json!({"input": {"keywordSearch": {"certcolour": "a"}}}),
            json!({"input": {"keywordSearch": {"certstatus": "lost"}}}),
            json!({"filter": {"start": -1}}),
            json!({"filter": {"max": "many"}}),
            json!({"filter": {"sortOrder": "up"}}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn authorities_are_no_records() {
        for (categories, only) in [
            ("Server", false),
            (",", false),
            ("Root CA,Intermediate CA", true),
            ("Root CA, Client", false),
        ] {
            assert_eq!(only_authorities(categories), only, "{categories}");
        }
    }
}
