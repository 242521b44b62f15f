//! Extended key usages (RFC 5280, section 4.2.1.12): the purposes that have a name.

use der::oid::ObjectIdentifier;

/// TLS server.
pub const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
/// TLS client.
pub const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// Signing of programs.
pub const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Mail (S/MIME).
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// IPsec host; superseded by [`IPSEC_IKE`], still asked for.
pub const IPSEC_END_SYSTEM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.5");
/// IPsec tunnel; superseded by [`IPSEC_IKE`], still asked for.
pub const IPSEC_TUNNEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.6");
/// IPsec user; superseded by [`IPSEC_IKE`], still asked for.
pub const IPSEC_USER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.7");
/// Time stamps (RFC 3161).
pub const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// OCSP responses (RFC 6960).
pub const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
/// IPsec key exchange (RFC 4945).
pub const IPSEC_IKE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.17");
/// Any purpose.
pub const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Log-on with a smart card (Microsoft).
pub const MS_SMARTCARD_LOGON: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.2");
/// Encrypting File System (Microsoft).
pub const MS_EFS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.4");
/// Signing of documents (Microsoft).
pub const MS_DOCUMENT_SIGNING: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.12");

/// Every named purpose: the words of RFC 5280 where it has one, else OpenSSL's or the vendor's.
const WORDS: [(ObjectIdentifier, &str); 14] = [
    (SERVER_AUTH, "serverAuth"),
    (CLIENT_AUTH, "clientAuth"),
    (CODE_SIGNING, "codeSigning"),
    (EMAIL_PROTECTION, "emailProtection"),
    (IPSEC_END_SYSTEM, "ipsecEndSystem"),
    (IPSEC_TUNNEL, "ipsecTunnel"),
    (IPSEC_USER, "ipsecUser"),
    (TIME_STAMPING, "timeStamping"),
    (OCSP_SIGNING, "OCSPSigning"),
    (IPSEC_IKE, "ipsecIKE"),
    (ANY, "anyExtendedKeyUsage"),
    (MS_SMARTCARD_LOGON, "msSmartcardLogin"),
    (MS_EFS, "msEFS"),
    (MS_DOCUMENT_SIGNING, "msDocumentSigning"),
];

/// The purpose's word, `serverAuth`; the dotted identifier if it has none.
pub fn word(oid: &ObjectIdentifier) -> String {
    WORDS
        .iter()
        .find(|(known, _)| known == oid)
        .map_or_else(|| oid.to_string(), |(_, word)| (*word).to_owned())
}

/// Reads a purpose from its word, letter case aside, or from a dotted identifier.
pub fn parse(word: &str) -> Option<ObjectIdentifier> {
    let named = WORDS
        .iter()
        .find(|(_, known)| known.eq_ignore_ascii_case(word))
        .map(|(oid, _)| *oid);
    named.or_else(|| ObjectIdentifier::new(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_identifiers_are_read() {
        for (oid, known) in WORDS {
            assert_eq!(word(&oid), known);
            assert_eq!(parse(known), Some(oid));
            assert_eq!(parse(&oid.to_string()), Some(oid));
        }
        assert_eq!(parse("SERVERAUTH"), Some(SERVER_AUTH));
        let unknown = ObjectIdentifier::new_unwrap("1.2.3.4");
        assert_eq!(word(&unknown), "1.2.3.4");
        assert_eq!(parse("1.2.3.4"), Some(unknown));
        for text in ["", "digitalSignature", "1.", "3.1.2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
