//! What a request to create a certificate asks of the engine.

use chancery_app::{IssueBy, IssueRequest, KeySource};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, Oid, attribute};
use chancery_core::san::GeneralName;
use serde_json::Value;

use super::super::errors::{Fault, Kind};
use super::super::wire::ask::Format;
use super::super::wire::create::{Create, CsrParameters, Validity};
use super::csr;

/// A certificate to be created.
#[derive(Debug)]
pub(crate) struct Creation {
    /// What to issue.
    pub(crate) issue: IssueRequest,
    /// The group in which it is to lie; the caller's own if left out.
    pub(crate) group: Option<String>,
    /// The file that a client wants that waits.
    pub(crate) file: Format,
}

/// The product's own authority, by the names that clients know: whichever is configured to issue here.
const OUR_OWN: [&str; 2] = ["appviewx", "appviewx ca"];
/// The profile of certificates of the category `Code Signing`.
const CODE_SIGNING: &str = "code-signing";

/// Reads a request to create.
///
/// # Errors
/// 400 in the document's words for a missing field or a source of CSRs that we have not, with more words for the rest.
pub(crate) fn creation(body: &Value) -> Result<Creation, Fault> {
    let asked = Create::read(body).map_err(Fault::payload)?;
    let uploaded = match asked
        .source
        .as_deref()
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("appviewx") => false,
        Some("uploadcsr") => true,
        Some("hsm" | "endpoint") => {
            return Err(Fault::because(
                Kind::CsrSource,
                "keys are made here (appviewx) or brought as a CSR (uploadCSR)",
            ));
        }
        Some(_) => return Err(Fault::new(Kind::CsrSource)),
    };
    let connector = asked
        .connector
        .ok_or(Fault::new(Kind::Missing("caConnectorInfo")))?;
    let mut issue = if uploaded {
        let text = asked.csr.ok_or(Fault::new(Kind::Missing("csrContent")))?;
        IssueRequest::new(KeySource::Csr(csr(&text)?))
    } else {
        let parameters = connector
            .parameters
            .as_ref()
            .ok_or(Fault::new(Kind::Missing("csrParameters")))?;
        let mut issue = IssueRequest::new(KeySource::Make(key(parameters)?));
        issue.subject = Some(subject(parameters)?);
        issue.names = Some(names(parameters)?);
        issue
    };
    let categories = connector
        .parameters
        .as_ref()
        .map(|one| one.categories.as_slice());
    if categories
        .unwrap_or_default()
        .iter()
        .any(|category| is_code_signing(category))
    {
        issue.profile = Some(CODE_SIGNING.to_owned());
    }
    issue.issuer = issuer(connector.setting.as_deref(), connector.authority.as_deref());
    issue.days = days(&connector.validity)?;
    Ok(Creation {
        issue,
        group: asked.group,
        file: asked.file,
    })
}

fn is_code_signing(category: &str) -> bool {
    category
        .replace(' ', "")
        .eq_ignore_ascii_case("codesigning")
}

/// The authority that the connector's setting names, else the one that its kind names.
fn issuer(setting: Option<&str>, authority: Option<&str>) -> IssueBy {
    match setting.or(authority) {
        Some(name) if !OUR_OWN.contains(&name.to_ascii_lowercase().as_str()) => {
            IssueBy::Authority(name.to_owned())
        }
        _ => IssueBy::Default,
    }
}

/// RSA of 2048 bits unless said otherwise.
fn key(parameters: &CsrParameters) -> Result<KeyAlgorithm, Fault> {
    let kind = parameters
        .key_type
        .as_deref()
        .unwrap_or("RSA")
        .to_ascii_lowercase();
    let bits = parameters.bits.as_deref().map(str::trim);
    let word = match kind.as_str() {
        "rsa" => format!("rsa-{}", bits.unwrap_or("2048")),
        "ec" | "ecc" | "ecdsa" => format!("ec-p{}", bits.unwrap_or("256")),
        "ed25519" => kind,
        other => other.to_owned(),
    };
    KeyAlgorithm::parse(&word).ok_or_else(|| {
        Fault::invalid(format!(
            "keyType, bitLength: no key is made like {word:?}: take RSA of 2048, 3072 or 4096 bits, EC of 256, 384 or \
             521, or Ed25519"
        ))
    })
}

fn subject(parameters: &CsrParameters) -> Result<Name, Fault> {
    let common_name = parameters
        .common_name
        .as_deref()
        .ok_or(Fault::new(Kind::Missing("commonName")))?;
    let attributes: [(Oid, Option<&str>); 7] = [
        (attribute::COUNTRY, parameters.country.as_deref()),
        (attribute::STATE_OR_PROVINCE, parameters.state.as_deref()),
        (attribute::LOCALITY, parameters.locality.as_deref()),
        (attribute::ORGANIZATION, parameters.organization.as_deref()),
        (
            attribute::ORGANIZATIONAL_UNIT,
            parameters.organizational_unit.as_deref(),
        ),
        (attribute::COMMON_NAME, Some(common_name)),
        (attribute::EMAIL_ADDRESS, parameters.mail_address.as_deref()),
    ];
    let mut name = Name::build();
    for (oid, text) in attributes {
        if let Some(text) = text {
            name = name.push(oid, text);
        }
    }
    let refused = |error| Fault::invalid(format!("csrParameters: {error}"));
    let name = name.finish().map_err(refused)?;
    name.check_issuable().map_err(refused)?;
    Ok(name)
}

fn names(parameters: &CsrParameters) -> Result<Vec<GeneralName>, Fault> {
    let forms = [
        (&parameters.dns, GeneralName::dns as fn(&str) -> _),
        (&parameters.ip, GeneralName::ip),
        (&parameters.mail, GeneralName::email),
        (&parameters.uri, GeneralName::uri),
    ];
    // A certificate without a name that was asked for would be worse than none.
    if let Some(name) = parameters.other_names.first() {
        return Err(Fault::invalid(format!(
            "enhancedSANTypes: {name:?} is of a kind that is not issued here: take dNSNames, iPAddresses, rfc822Names or \
             uniformResourceIdentifiers"
        )));
    }
    let mut names = Vec::new();
    for (texts, read) in forms {
        for text in texts {
            let name = read(text.trim());
            names.push(name.map_err(|error| Fault::invalid(format!("enhancedSANTypes: {error}")))?);
        }
    }
    Ok(names)
}

/// Days of validity; a month has 30 of them, a year 365.
fn days(validity: &Validity) -> Result<Option<u32>, Fault> {
    let number = |text: &str| {
        let number: Option<u32> = text.trim().parse().ok();
        let number = number.filter(|number| *number > 0);
        number.ok_or_else(|| Fault::invalid(format!("validity: {text:?} is no number above 0")))
    };
    if let (Some(unit), Some(value)) = (&validity.unit, &validity.value) {
        let days = match unit.trim().to_ascii_lowercase().trim_end_matches('s') {
            "day" => 1,
            "month" => 30,
            "year" => 365,
            other => {
                return Err(Fault::invalid(format!(
                    "validityUnit: {other:?} is none of days, months, years"
                )));
            }
        };
        return Ok(Some(number(value)?.saturating_mul(days)));
    }
    validity.days.as_deref().map(number).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(parameters: Value) -> Value {
        json!({"caConnectorInfo": {"csrParameters": parameters, "validityInDays": 30}})
    }

    #[test]
    fn requests_are_read() {
        let body = asked(json!({
            "commonName": "a.example", "organization": "Acme", "country": "US", "keyType": "EC", "bitLength": "384",
            "enhancedSANTypes": {"dNSNames": ["a.example"], "iPAddresses": ["192.0.2.1"]},
            "certificateCategories": ["Server"],
        }));
        let made = creation(&body).unwrap();
        assert_eq!(made.issue.key, KeySource::Make(KeyAlgorithm::P384));
        assert_eq!(
            made.issue.subject.unwrap().to_rfc4514(),
            "CN=a.example,O=Acme,C=US"
        );
        assert_eq!(made.issue.names.unwrap().len(), 2);
        assert_eq!(
            (made.issue.days, made.issue.issuer),
            (Some(30), IssueBy::Default)
        );
        assert_eq!(made.issue.profile, None);
        let signing = creation(&asked(
            json!({"commonName": "a", "certificateCategories": ["Code Signing"]}),
        ));
        assert_eq!(
            signing.unwrap().issue.profile.as_deref(),
            Some(CODE_SIGNING)
        );
    }

    #[test]
    fn authorities_are_named_by_setting_or_kind() {
        for (setting, kind, want) in [
            (None, None, IssueBy::Default),
            (None, Some("AppViewX"), IssueBy::Default),
            (
                Some("issuing"),
                Some("AppViewX"),
                IssueBy::Authority("issuing".to_owned()),
            ),
            (
                None,
                Some("DigiCert"),
                IssueBy::Authority("DigiCert".to_owned()),
            ),
            (Some("AppViewX CA"), Some("AppViewX"), IssueBy::Default),
        ] {
            assert_eq!(issuer(setting, kind), want);
        }
    }

    #[test]
    fn validity_is_read_in_every_unit() {
        let of = |days: Option<&str>, unit: Option<&str>, value: Option<&str>| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            super::days(&Validity {
                days: text(days),
                unit: text(unit),
                value: text(value),
            })
        };
        assert_eq!(of(None, None, None), Ok(None));
        assert_eq!(of(Some("30"), None, None), Ok(Some(30)));
        assert_eq!(of(Some("30"), Some("Years"), Some("2")), Ok(Some(730)));
        assert_eq!(of(None, Some("month"), Some("3")), Ok(Some(90)));
        for (days, unit, value) in [
            (Some("0"), None, None),
            (Some("x"), None, None),
            (None, Some("week"), Some("1")),
        ] {
            assert!(of(days, unit, value).is_err());
        }
    }

    #[test]
    fn empty_words_for_a_key_are_no_words() {
        let made = creation(&asked(
            json!({"commonName": "a", "keyType": "", "bitLength": " "}),
        ));
        assert_eq!(
            made.unwrap().issue.key,
            KeySource::Make(KeyAlgorithm::Rsa(2048))
        );
    }

    #[test]
    fn names_of_a_kind_that_is_not_issued_are_refused_and_not_left_out() {
        let refused = |names: Value| {
            let body = asked(json!({"commonName": "a", "enhancedSANTypes": names}));
            creation(&body).map(|_| ()).map_err(|fault| fault.kind)
        };
        for kind in ["otherNames", "directoryNames", "registeredIDs"] {
            assert_eq!(refused(json!({kind: []})), Ok(()));
            assert_eq!(refused(json!({kind: ["x"]})), Err(Kind::Invalid));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let kind = |body: &Value| creation(body).map(|_| ()).map_err(|fault| fault.kind);
        let missing = |field| Err(Kind::Missing(field));
        assert_eq!(kind(&json!({})), missing("caConnectorInfo"));
        assert_eq!(
            kind(&json!({"caConnectorInfo": {}})),
            missing("csrParameters")
        );
        assert_eq!(kind(&asked(json!({}))), missing("commonName"));
        let upload = json!({"csrGenerationSource": "uploadCSR", "caConnectorInfo": {}});
        assert_eq!(kind(&upload), missing("csrContent"));
        assert_eq!(
            kind(&json!({"csrGenerationSource": "HSM"})),
            Err(Kind::CsrSource)
        );
        assert_eq!(
            kind(&json!({"csrGenerationSource": "thin air"})),
            Err(Kind::CsrSource)
        );
        assert_eq!(kind(&json!({"caConnectorInfo": []})), Err(Kind::Payload));
    }
}
