//! What a request asks to be created or imported, in the engine's words.

use chancery_app::{Error, ImportItem, ImportedStatus, IssueBy, IssueRequest, KeySource};
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::time::Time;
use chancery_core::x509::{pem, read_certificate};

use super::super::errors::Fault;
use super::super::wire::certificate::{Asked, AskedFile};
use super::certificate::{CERTIFICATE_FORMAT, KEY_FORMAT};
use super::{domain_id, name, user_id};
use crate::config::KeystoneConfig;
use crate::kit::time::parse_rfc3339;

/// A certificate to be created.
pub(crate) struct Creation {
    pub(crate) request: IssueRequest,
    pub(crate) claim: Claim,
}

/// Certificates to be imported.
pub(crate) struct Import {
    pub(crate) items: Vec<ImportItem>,
    pub(crate) claims: Vec<Claim>,
    /// The files' data as it came, to be given back so.
    pub(crate) data: Vec<String>,
}

/// A user, with the domain to which the request says that it belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) user: UserId,
    pub(crate) domain: Option<DomainId>,
}

/// A certificate to be created, under the configured profile and issuer.
pub(crate) fn creation(asked: &Asked, config: &KeystoneConfig) -> Result<Creation, Fault> {
    let claim = claim(asked)?;
    let Some(subject) = &asked.subject else {
        return Err(Fault::bad("subject is required"));
    };
    let subject = name("subject", subject)?;
    let inactive = match asked.status.as_deref() {
        None | Some("active") => false,
        Some("inactive") => true,
        Some(_) => {
            return Err(Fault::bad(
                "a certificate is created active or inactive: status is something else",
            ));
        }
    };
    let key = key(
        asked.public_key_algorithm.as_deref(),
        asked.public_key_length.as_deref(),
        &config.key,
    )?;
    let issuer = if config.issuer == "self" {
        IssueBy::Itself
    } else {
        IssueBy::Authority(config.issuer.clone())
    };
    let request = IssueRequest {
        subject: Some(subject),
        profile: Some(config.profile.clone()),
        issuer,
        not_before: asked
            .valid_from
            .as_deref()
            .map(|text| time("validFrom", text))
            .transpose()?,
        not_after: asked
            .valid_to
            .as_deref()
            .map(|text| time("validTo", text))
            .transpose()?,
        owner: Some(claim.user.clone()),
        on_hold: inactive,
        wants_private_key: true,
        ..IssueRequest::new(KeySource::Make(key))
    };
    Ok(Creation { request, claim })
}

/// Certificates to be imported. Every one that cannot be is named.
pub(crate) fn import(asked: Vec<Asked>) -> Result<Import, Fault> {
    let mut import = Import {
        items: Vec::new(),
        claims: Vec::new(),
        data: Vec::new(),
    };
    let mut bad = Vec::new();
    for (place, one) in asked.into_iter().enumerate() {
        match import_one(one) {
            Ok((item, claim, data)) => {
                import.items.push(item);
                import.claims.push(claim);
                import.data.push(data);
            }
            Err(fault) => bad.push((place, fault.details)),
        }
    }
    if bad.is_empty() {
        Ok(import)
    } else {
        Err(Error::InvalidItems(bad).into())
    }
}

fn import_one(asked: Asked) -> Result<(ImportItem, Claim, String), Fault> {
    let claim = claim(&asked)?;
    let status = match asked.status.as_deref() {
        None | Some("active") => ImportedStatus::Active,
        Some("inactive") => ImportedStatus::OnHold,
        Some(_) => {
            return Err(Fault::bad(
                "a certificate is imported active or inactive: status is something else",
            ));
        }
    };
    let Some(file) = asked.certificate_file else {
        return Err(Fault::bad("certificateFile is required"));
    };
    let data = data_of("certificateFile", file, CERTIFICATE_FORMAT)?;
    let unreadable =
        |error: &dyn std::fmt::Display| Fault::bad(format!("certificateFile: {error}"));
    let der = pem::certificate_der(data.as_bytes()).map_err(|error| unreadable(&error))?;
    read_certificate(&der).map_err(|error| unreadable(&error))?;
    let key = asked
        .private_key_file
        .map(|file| data_of("privateKeyFile", file, KEY_FORMAT))
        .transpose()?;
    let private_key = key.map(|text| pkcs8(&text)).transpose()?.map(Into::into);
    Ok((
        ImportItem {
            der,
            owner: Some(claim.user.clone()),
            status,
            private_key,
            name: None,
        },
        claim,
        data,
    ))
}

fn claim(asked: &Asked) -> Result<Claim, Fault> {
    let Some(user) = &asked.user_id else {
        return Err(Fault::bad("userId is required"));
    };
    Ok(Claim {
        user: user_id(user)?,
        domain: asked.domain_id.as_deref().map(domain_id).transpose()?,
    })
}

fn data_of(what: &str, file: AskedFile, format: &str) -> Result<String, Fault> {
    if file.format.is_some_and(|said| said.trim() != format) {
        return Err(Fault::bad(format!("{what}: the format must be {format}")));
    }
    file.data
        .ok_or_else(|| Fault::bad(format!("{what}: data is required")))
}

/// The DER of an unencrypted PKCS#8 key in PEM. The text of an error holds nothing of it.
fn pkcs8(text: &str) -> Result<Vec<u8>, Fault> {
    let blocks = pem::decode_all(text).unwrap_or_default();
    match <[pem::PemBlock; 1]>::try_from(blocks) {
        Ok([block]) if block.label == "PRIVATE KEY" => Ok(block.der),
        _ => Err(Fault::bad(
            "privateKeyFile: send one unencrypted PKCS#8 key as PEM",
        )),
    }
}

/// The key to make. What is left out comes from the configured key, as far as it is of the family asked for.
fn key(
    family: Option<&str>,
    length: Option<&str>,
    configured: &str,
) -> Result<KeyAlgorithm, Fault> {
    let default = KeyAlgorithm::parse(configured).unwrap_or(KeyAlgorithm::Rsa(2048));
    let length = match length.map(str::parse::<u32>) {
        None => None,
        Some(Ok(bits)) => Some(bits),
        Some(Err(_)) => return Err(Fault::bad("publicKeyLength must be a number")),
    };
    let family = family
        .map_or_else(|| default.family(), str::to_owned)
        .to_ascii_uppercase();
    let same = family == default.family().to_ascii_uppercase();
    let word = match (family.as_str(), length) {
        (_, None) if same => default.word(),
        ("RSA", length) => format!("rsa-{}", length.unwrap_or(2048)),
        ("EC" | "ECDSA", length) => format!("ec-p{}", length.unwrap_or(256)),
        ("ED25519", None | Some(256)) => "ed25519".to_owned(),
        _ => String::new(),
    };
    KeyAlgorithm::parse(&word).ok_or_else(|| {
        Fault::bad("no such key is made: take RSA with 2048, 3072 or 4096 bits, or EC with 256, 384 or 521")
    })
}

/// `YYYY-MM-DDThh:mm:ss` in UTC, or with an offset, or milliseconds since 1970 as the JSON answers have them.
fn time(what: &str, text: &str) -> Result<Time, Fault> {
    if let Ok(milliseconds) = text.parse::<i64>() {
        return Ok(Time::from_unix(milliseconds.div_euclid(1000)));
    }
    let read = parse_rfc3339(text).or_else(|| parse_rfc3339(&format!("{text}Z")));
    read.ok_or_else(|| {
        Fault::bad(format!(
            "{what} must be a time as 2026-11-22T11:34:00, perhaps with Z or an offset"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::certificate::AskedOne;
    use super::super::super::wire::read_json;
    use super::*;

    fn asked(json: &str) -> Asked {
        let body = format!(r#"{{"certificate":{json}}}"#);
        read_json(body.as_bytes())
            .map(|one: AskedOne| one.certificate)
            .unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    fn create(json: &str) -> Result<Creation, Fault> {
        creation(&asked(json), &KeystoneConfig::default())
    }

    #[test]
    fn the_documents_creation_is_self_signed_with_a_modern_key() {
        let body = include_str!("../golden/08-create-json.request.http")
            .split_once("\n\n")
            .unwrap()
            .1;
        let inner = &body[body.find(":{").unwrap() + 1..body.len() - 1];
        let creation = create(inner).map_err(|fault| fault.details).unwrap();
        assert_eq!(
            creation.request.key,
            KeySource::Make(KeyAlgorithm::Rsa(2048))
        );
        assert_eq!(creation.request.issuer, IssueBy::Itself);
        assert_eq!(creation.request.profile.as_deref(), Some("keystone-user"));
        assert_eq!(creation.request.subject.unwrap().to_java(), "CN=Joe Test1");
        assert_eq!(creation.claim.user.as_str(), "00000000003002");
        assert_eq!(creation.claim.domain.unwrap().as_str(), "00000000001001");
        assert!(!creation.request.on_hold);
    }

    #[test]
    fn keys_are_what_is_asked_for() {
        let table = [
            (None, None, "rsa-2048", Some("rsa-2048")),
            (None, None, "ec-p384", Some("ec-p384")),
            (Some("RSA"), None, "rsa-4096", Some("rsa-4096")),
            (Some("rsa"), None, "ec-p256", Some("rsa-2048")),
            (None, Some("3072"), "rsa-2048", Some("rsa-3072")),
            (Some("EC"), Some("384"), "rsa-2048", Some("ec-p384")),
            (Some("EC"), None, "rsa-2048", Some("ec-p256")),
            (Some("Ed25519"), None, "rsa-2048", Some("ed25519")),
            (Some("DSA"), None, "rsa-2048", None),
            (Some("RSA"), Some("512"), "rsa-2048", None),
            (Some("RSA"), Some("1024"), "rsa-2048", None),
            (Some("RSA"), Some("99999999999999999999"), "rsa-2048", None),
            (Some("RSA"), Some("-1"), "rsa-2048", None),
            (Some("EC"), Some("257"), "rsa-2048", None),
            (Some(""), None, "rsa-2048", None),
        ];
        for (family, length, configured, want) in table {
            let made = key(family, length, configured).map(KeyAlgorithm::word).ok();
            assert_eq!(made.as_deref(), want, "{family:?} {length:?} {configured}");
        }
    }

    #[test]
    fn times_are_read_as_clients_write_them() {
        for text in [
            "2011-09-23T01:11:14",
            "2011-09-23T01:11:14Z",
            "2011-09-22T18:11:14.000-07:00",
            "1316740274000",
            "1316740274999",
        ] {
            assert_eq!(
                time("validFrom", text).map(Time::unix),
                Ok(1_316_740_274),
                "{text}"
            );
        }
        for text in [
            "",
            "now",
            "2011-13-01T00:00:00",
            "2011-09-23",
            "99999999999999999999999",
        ] {
            assert!(time("validFrom", text).is_err(), "{text}");
        }
    }

    #[test]
    fn creations_that_lack_something_are_refused() {
        for json in [
            "{}",
            r#"{"userId":"a"}"#,
            r#"{"subject":"CN=a"}"#,
            r#"{"userId":"","subject":"CN=a"}"#,
            r#"{"userId":"a","subject":""}"#,
            r#"{"userId":"a","subject":"a"}"#,
            r#"{"userId":"a","subject":"CN=a","status":"revoked"}"#,
            r#"{"userId":"a","subject":"CN=a","domainId":""}"#,
            r#"{"userId":"a","subject":"CN=a","validTo":"soon"}"#,
        ] {
            assert!(create(json).is_err(), "{json}");
        }
    }

    #[test]
    fn imports_name_every_bad_one() {
        let body = include_str!("../golden/04-import-json.request.http");
        let data = body
            .split("\"data\" : \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let file = |data: &str| {
            format!(
                r#"{{"userId":"a","certificateFile":{{"format":"BASE64_DER","data":"{data}"}}}}"#
            )
        };
        let broken = data.replacen("MII", "MIJ", 1);
        let several = [
            file(data),
            file("!"),
            file(&broken),
            r#"{"userId":"a"}"#.to_owned(),
            r#"{"certificateFile":{"data":""}}"#.to_owned(),
            file(&format!("{data}{data}")),
            file(data).replace("BASE64_DER", "PEM"),
            file(data).replace(
                "\"userId\"",
                "\"privateKeyFile\":{\"data\":\"secret\"},\"userId\"",
            ),
            file(data).replace("\"userId\"", "\"status\":\"expired\",\"userId\""),
        ];
        let details = import(several.iter().map(|json| asked(json)).collect())
            .map(drop)
            .unwrap_err()
            .details;
        for place in 2..=several.len() {
            assert!(
                details.contains(&format!("item {place}: ")),
                "{place}: {details}"
            );
        }
        assert!(
            !details.contains("item 1:") && !details.contains("secret"),
            "{details}"
        );
        let good = import(vec![asked(&file(data))]).map_err(drop).unwrap();
        assert_eq!((good.items.len(), good.data[0].as_str()), (1, data));
    }
}
