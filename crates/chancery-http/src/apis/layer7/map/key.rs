//! Private keys: those of certificates that the server holds, by the certificates' readable names, and those of issuing
//! authorities, by the authorities' names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chancery_app::{
    AuthorityView, HeldKeyRequest, IssueBy, IssueRequest, KeySource, PropertyValue,
};
use chancery_core::certificate::Certificate;
use chancery_core::key::{KeyAlgorithm, SignatureAlgorithm};
use chancery_core::name::Name;
use chancery_core::san::GeneralName;
use chancery_core::x509::{self, pem};

use super::super::errors::Fault;
use super::super::extract::Query;
use super::super::wire::{Item, key};
use super::segment;
use crate::kit::node::Node;

/// The only keystore: the one that a gateway calls its software keystore.
pub(crate) const KEYSTORE: &str = "00000000000000000000000000000002";

/// The alias in `{keystore}:{alias}`; none if the keystore is another.
pub(crate) fn alias(id: &str) -> Option<&str> {
    let (keystore, alias) = id.split_once(':')?;
    (keystore == KEYSTORE && !alias.is_empty()).then_some(alias)
}

/// A key whose certificate has that chain above it.
pub(crate) fn held(certificate: &Certificate, above: Vec<Vec<u8>>) -> Item {
    let mut chain: Vec<Vec<u8>> = certificate.der.clone().into_iter().collect();
    chain.extend(above);
    item(&certificate.name, &chain, "")
}

/// An authority's key.
pub(crate) fn authority(view: &AuthorityView) -> Item {
    item(&view.authority.name, &view.chain, "Default CA Key")
}

fn item(alias: &str, chain: &[Vec<u8>], purposes: &str) -> Item {
    let id = format!("{KEYSTORE}:{alias}");
    let algorithm = chain.first().and_then(|der| key_algorithm(der));
    let text = |key: &str, text: String| (key.to_owned(), PropertyValue::Text(text));
    let algorithm = algorithm.map(|algorithm| text("keyAlgorithm", algorithm.family()));
    let purposes = (!purposes.is_empty()).then(|| text("specialPurposes", purposes.to_owned()));
    let shown = key::Key {
        id: &id,
        keystore: KEYSTORE,
        alias,
        chain,
        properties: algorithm.into_iter().chain(purposes).collect(),
    };
    Item {
        name: alias.to_owned(),
        path: format!("privateKeys/{}", segment(&id)),
        resource: shown.node(),
        id: Some(id),
        kind: "SSG_KEY_ENTRY",
    }
}

fn key_algorithm(der: &[u8]) -> Option<KeyAlgorithm> {
    let facts = x509::read_certificate(der).ok()?;
    Some(facts.public_key.algorithm())
}

/// A key taken out: a PKCS#12 file in base64, in the element that an import reads it from.
pub(crate) fn exported(alias: &str, file: &[u8]) -> Item {
    let id = format!("{KEYSTORE}:{alias}");
    Item {
        name: alias.to_owned(),
        path: format!("privateKeys/{}/export", segment(&id)),
        resource: Node::text("Pkcs12Data", STANDARD.encode(file)),
        id: Some(id),
        kind: "SSG_KEY_ENTRY",
    }
}

/// What a request made with a key is to say.
pub(crate) fn request(query: &Query, certificate: &Certificate) -> Result<HeldKeyRequest, Fault> {
    let der = certificate.der.as_deref();
    let signs_with = der
        .and_then(key_algorithm)
        .and_then(KeyAlgorithm::signs_with);
    check_hash(query, signs_with)?;
    let names = query.values("subjectAlternativeName");
    let names = names.iter().map(|text| general_name(text));
    let names: Vec<GeneralName> = names.collect::<Result<_, _>>()?;
    Ok(HeldKeyRequest {
        subject: subject(query, "csrSubjectDN")?,
        names: (!names.is_empty()).then_some(names),
    })
}

/// What an authority is to sign.
pub(crate) fn signing(
    query: &Query,
    view: &AuthorityView,
    body: &[u8],
) -> Result<IssueRequest, Fault> {
    check_hash(query, Some(view.authority.signs_with()))?;
    let csr = pem::request_der(body)
        .map_err(|error| Fault::bad(format!("the certification request: {error}")))?;
    let days = match query.value("expiryAge")? {
        None => None,
        Some(text) => match text.parse() {
            Ok(days) if days > 0 => Some(days),
            _ => return Err(Fault::bad("expiryAge must be a number of days, 1 or more")),
        },
    };
    Ok(IssueRequest {
        subject: subject(query, "subjectDN")?,
        days,
        issuer: IssueBy::Authority(view.authority.name.clone()),
        ..IssueRequest::new(KeySource::Csr(csr))
    })
}

/// The subject that a parameter names; none if it is left out or empty.
pub(crate) fn subject(query: &Query, parameter: &str) -> Result<Option<Name>, Fault> {
    let Some(text) = query.value(parameter)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    Name::parse(text)
        .map(Some)
        .map_err(|error| Fault::bad(format!("{parameter}: {error}")))
}

/// `<type>:<value>`, the type by our short word or as RFC 5280, section 4.2.1.6 calls it.
pub(crate) fn general_name(text: &str) -> Result<GeneralName, Fault> {
    let (kind, value) = text.split_once(':').unwrap_or(("", text));
    let value = value.trim();
    let read = match kind.trim().to_ascii_lowercase().as_str() {
        "dnsname" => GeneralName::dns(value),
        "rfc822name" => GeneralName::email(value),
        "ipaddress" => GeneralName::ip(value),
        "uniformresourceidentifier" => GeneralName::uri(value),
        _ => GeneralName::parse(text),
    };
    read.map_err(|error| Fault::bad(format!("subjectAlternativeName: {error}")))
}

/// The hash goes with the key. One that is asked for by name must be that one: none is changed in silence.
fn check_hash(query: &Query, signs_with: Option<SignatureAlgorithm>) -> Result<(), Fault> {
    let asked = query.value("signatureHash")?.unwrap_or("Automatic");
    let plain = asked.replace('-', "").to_ascii_uppercase();
    let used = signs_with
        .map(SignatureAlgorithm::java_name)
        .unwrap_or_default()
        .to_ascii_uppercase();
    let (used, _) = used.split_once("WITH").unwrap_or((&used, ""));
    if plain == "AUTOMATIC" || plain == used {
        return Ok(());
    }
    Err(Fault::bad(format!(
        "signatureHash must be Automatic: this key signs with {}",
        if used.is_empty() { "none" } else { used }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_keystore_and_alias() {
        assert_eq!(alias("00000000000000000000000000000002:ca:1"), Some("ca:1"));
        for id in [
            "",
            "ca",
            "00000000000000000000000000000002:",
            "00000000000000000000000000000001:ca",
        ] {
            assert_eq!(alias(id), None, "{id}");
        }
    }

    #[test]
    fn alternative_names_have_types() {
        for (text, want) in [
            ("dNSName:A.example", "dns:a.example"),
            ("dns:a.example", "dns:a.example"),
            ("IPAddress: 192.0.2.1", "ip:192.0.2.1"),
            ("rfc822Name:a@b.example", "email:a@b.example"),
            ("uniformResourceIdentifier:https://a/b", "uri:https://a/b"),
        ] {
            assert_eq!(general_name(text).unwrap().to_string(), want);
        }
        for text in ["", "ip:x", "directoryName:CN=a", "dns:"] {
            assert!(general_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hash_is_the_keys_own_or_automatic() {
        let check = |text: &str| {
            let query = Query::read(text).map_err(drop).unwrap();
            check_hash(&query, Some(SignatureAlgorithm::EcdsaSha256)).is_ok()
        };
        for good in [
            "",
            "signatureHash=Automatic",
            "signatureHash=SHA-256",
            "signatureHash=sha256",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "signatureHash=SHA-1",
            "signatureHash=SHA384",
            "signatureHash=",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }
}
