//! PEM, the text form of DER (RFC 7468), as people really send it.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A PEM block. It may hold a private key, so its octets stay out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock {
    /// What it says it is: `CERTIFICATE`.
    pub label: String,
    /// The decoded octets.
    pub der: Vec<u8>,
}

/// Why text is no PEM, or not the PEM that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PemError {
    /// Over [`LONGEST`] octets, or over [`MOST_BLOCKS`] blocks.
    TooLarge,
    /// The block with this number, counted from 1, is not closed, closed with another label, or not base64.
    Block(usize),
    /// No block of the wanted kind is there.
    Missing(&'static str),
    /// More than one block is there where one was asked for.
    Several(&'static str),
}

/// Longest input, in octets.
pub const LONGEST: usize = 1024 * 1024;
/// Most blocks in one input.
pub const MOST_BLOCKS: usize = 1000;

/// Octets in a line of 64 columns.
const LINE: usize = 48;
/// Longest label.
const LABEL: usize = 64;
const DASHES: &str = "-----";
const BEGIN: &str = "-----BEGIN ";
/// First octet of every DER SEQUENCE, and so of all DER that is taken here.
const SEQUENCE: u8 = 0x30;

/// A kind of block: its name in errors, and the labels under which it comes.
struct Kind {
    name: &'static str,
    labels: &'static [&'static str],
}

const CERTIFICATE: Kind = Kind {
    name: "certificate",
    labels: &["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"],
};
const REQUEST: Kind = Kind {
    name: "certification request",
    labels: &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
};
const PKCS7: Kind = Kind {
    name: "PKCS#7",
    labels: &["PKCS7", "PKCS #7 SIGNED DATA", "CMS"],
};
const CRL: Kind = Kind {
    name: "CRL",
    labels: &["X509 CRL"],
};

/// Padding may be there or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One PEM block: lines of 64 columns, each ended by `\n`.
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    text.reserve(der.len().div_ceil(LINE) * 65 + label.len() + 16);
    for line in der.chunks(LINE) {
        BASE64.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// Every PEM block in a text, in order; none is no error.
///
/// Anything may stand between blocks. Inside, white space does not matter: no line breaks at all are as good as CRLF, or
/// as line breaks still written `\n` from a JSON string. Headers (RFC 1421: `Proc-Type`, `DEK-Info`) are skipped, so that
/// of an encrypted key the encrypted octets come out.
///
/// # Errors
/// [`PemError::Block`] for a broken block, [`PemError::TooLarge`] beyond the limits.
pub fn decode_all(text: &str) -> Result<Vec<PemBlock>, PemError> {
    if text.len() > LONGEST {
        return Err(PemError::TooLarge);
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, found)) = rest.split_once(BEGIN) {
        if blocks.len() == MOST_BLOCKS {
            return Err(PemError::TooLarge);
        }
        let (block, after) = decode_first(found).ok_or(PemError::Block(blocks.len() + 1))?;
        blocks.push(block);
        rest = after;
    }
    Ok(blocks)
}

/// The octets of one certificate, from PEM, bare base64 or DER. The DER itself is not read.
///
/// # Errors
/// [`PemError`]; several certificates are refused, see [`certificates_der`].
pub fn certificate_der(input: &[u8]) -> Result<Vec<u8>, PemError> {
    one(input, &CERTIFICATE)
}

/// The octets of one certification request, from PEM, bare base64 or DER. The DER itself is not read.
///
/// # Errors
/// [`PemError`]
pub fn request_der(input: &[u8]) -> Result<Vec<u8>, PemError> {
    one(input, &REQUEST)
}

/// The octets of every certificate in a bundle of PEM blocks, other blocks passed over; or of one certificate in bare
/// base64 or DER. At least one.
///
/// # Errors
/// [`PemError`]
pub fn certificates_der(input: &[u8]) -> Result<Vec<Vec<u8>>, PemError> {
    all(input, &CERTIFICATE)
}

/// The octets of one PKCS#7 (or CMS) message, from PEM, bare base64 or DER. The DER itself is not read.
///
/// # Errors
/// [`PemError`]
pub fn pkcs7_der(input: &[u8]) -> Result<Vec<u8>, PemError> {
    one(input, &PKCS7)
}

/// The octets of one CRL, from PEM, bare base64 or DER. The DER itself is not read.
///
/// # Errors
/// [`PemError`]
pub fn crl_der(input: &[u8]) -> Result<Vec<u8>, PemError> {
    one(input, &CRL)
}

/// Reads one block, from behind its `-----BEGIN `; gives back what follows it.
fn decode_first(text: &str) -> Option<(PemBlock, &str)> {
    let (label, text) = text.split_once(DASHES)?;
    if label.len() > LABEL || !label.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return None;
    }
    let (content, after) = text.split_once("-----END ")?;
    let after = after.strip_prefix(label)?.strip_prefix(DASHES)?;
    let der = decode_base64(without_headers(content)?)?;
    Some((
        PemBlock {
            label: label.to_owned(),
            der,
        },
        after,
    ))
}

/// What follows the headers of a block, if it has any: a colon is in no base64, and an empty line ends headers (RFC 1421,
/// section 4.4).
fn without_headers(content: &str) -> Option<&str> {
    let Some((_, last)) = content.rsplit_once(':') else {
        return Some(content);
    };
    let end = last.find("\n\n").or_else(|| last.find("\n\r\n"))?;
    last.get(end..)
}

/// Decodes base64 with white space in it; line breaks may also be written out as `\n` and `\r`.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("\\r", "").replace("\\n", "");
    let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(text).ok().filter(|der| !der.is_empty())
}

fn one(input: &[u8], kind: &Kind) -> Result<Vec<u8>, PemError> {
    let mut found = all(input, kind)?;
    if found.len() > 1 {
        return Err(PemError::Several(kind.name));
    }
    found.pop().ok_or(PemError::Missing(kind.name))
}

/// At least one, or an error.
fn all(input: &[u8], kind: &Kind) -> Result<Vec<Vec<u8>>, PemError> {
    if input.len() > LONGEST {
        return Err(PemError::TooLarge);
    }
    if input.first() == Some(&SEQUENCE) {
        return Ok(vec![input.to_vec()]);
    }
    let missing = PemError::Missing(kind.name);
    let Ok(text) = std::str::from_utf8(input) else {
        return Err(missing);
    };
    if !text.contains(BEGIN) {
        let der = decode_base64(text.trim_start_matches('\u{feff}'))
            .filter(|der| der.first() == Some(&SEQUENCE));
        return der.map(|der| vec![der]).ok_or(missing);
    }
    let blocks = decode_all(text)?
        .into_iter()
        .filter(|block| kind.labels.contains(&block.label.as_str()));
    let found: Vec<Vec<u8>> = blocks.map(|block| block.der).collect();
    if found.is_empty() {
        Err(missing)
    } else {
        Ok(found)
    }
}

impl fmt::Debug for PemBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PemBlock({}, {} octets)", self.label, self.der.len())
    }
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemError::TooLarge => write!(
                f,
                "more than {LONGEST} octets or {MOST_BLOCKS} PEM blocks: send less at once"
            ),
            PemError::Block(number) => {
                write!(
                    f,
                    "PEM block {number} is not base64 between matching BEGIN and END lines"
                )
            }
            PemError::Missing(kind) => {
                write!(f, "no {kind} is there: send it as PEM, base64 or DER")
            }
            PemError::Several(kind) => write!(f, "more than one {kind} is there: send one"),
        }
    }
}

impl std::error::Error for PemError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    const JOE_TEST: &str = include_str!("testdata/joe-test.pem");
    const JOE_TEST1: &str = include_str!("testdata/joe-test1.pem");
    const JOE_IMPORT: &str = include_str!("testdata/joe-import.pem");
    const JOE_IMPORT_ONE_LINE: &str = include_str!("testdata/joe-import-one-line.pem");

    /// A certificate in all the forms in which people send one.
    #[test]
    fn a_certificate_is_read_in_every_form() {
        let want = certificate_der(JOE_TEST.as_bytes()).unwrap();
        let bare: String = JOE_TEST
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        for (what, text) in [
            ("CRLF", JOE_TEST.replace('\n', "\r\n")),
            ("CR", JOE_TEST.replace('\n', "\r")),
            ("no final line break", JOE_TEST.trim_end().to_owned()),
            ("no line breaks", JOE_TEST.replace('\n', "")),
            ("spaces for line breaks", JOE_TEST.replace('\n', " ")),
            ("line breaks still escaped", JOE_TEST.replace('\n', "\\n")),
            ("CRLF still escaped", JOE_TEST.replace('\n', "\\r\\n")),
            ("indented", JOE_TEST.replace('\n', "\n    ")),
            ("blank lines", JOE_TEST.replace('\n', "\n\n")),
            (
                "old label",
                JOE_TEST.replace("CERTIFICATE", "X509 CERTIFICATE"),
            ),
            (
                "bag attributes",
                format!("Bag Attributes\n    localKeyID: 01 02\nsubject=CN = a\n{JOE_TEST}"),
            ),
            ("byte order mark", format!("\u{feff}{JOE_TEST}")),
            (
                "a key before it",
                format!("{}{JOE_TEST}", encode("PRIVATE KEY", b"secret")),
            ),
            ("text after it", format!("{JOE_TEST}sent from my telephone")),
            ("bare base64", bare.clone()),
            (
                "bare base64 with line breaks",
                JOE_TEST
                    .lines()
                    .filter(|line| !line.starts_with('-'))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            (
                "bare base64 without padding",
                bare.trim_end_matches('=').to_owned(),
            ),
            (
                "bare base64 after a byte order mark",
                format!("\u{feff}{bare}"),
            ),
        ] {
            assert_eq!(
                certificate_der(text.as_bytes()).as_ref(),
                Ok(&want),
                "{what}"
            );
        }
        assert_eq!(certificate_der(&want), Ok(want));
    }

    #[test]
    fn certificates_of_the_keystone_document_are_read() {
        let import = certificate_der(JOE_IMPORT.as_bytes()).unwrap();
        assert_eq!(import.len(), 673);
        assert_eq!(
            certificate_der(JOE_IMPORT_ONE_LINE.as_bytes()),
            Ok(import.clone())
        );
        let bundle = format!("{JOE_TEST}{JOE_IMPORT}\n{JOE_TEST1}");
        let found = certificates_der(bundle.as_bytes()).unwrap();
        assert_eq!((found.len(), &found[1]), (3, &import));
        assert_eq!(
            certificate_der(bundle.as_bytes()),
            Err(PemError::Several("certificate"))
        );
    }

    #[test]
    fn what_is_not_there_or_broken_is_told() {
        let request = encode("CERTIFICATE REQUEST", b"0");
        let begin = "-----BEGIN CERTIFICATE-----";
        let end = "-----END CERTIFICATE-----";
        let missing = PemError::Missing("certificate");
        for (what, text, want) in [
            ("nothing", String::new(), missing.clone()),
            ("prose", "no certificate at all".to_owned(), missing.clone()),
            (
                "base64 of something else",
                "aGVsbG8=".to_owned(),
                missing.clone(),
            ),
            ("a request", request.clone(), missing.clone()),
            ("no end", format!("{begin}\nMAA=\n"), PemError::Block(1)),
            (
                "no base64",
                format!("{begin}\n!\n{end}"),
                PemError::Block(1),
            ),
            ("empty", format!("{begin}\n{end}"), PemError::Block(1)),
            (
                "another end",
                format!("{begin}\nMAA=\n-----END X-----"),
                PemError::Block(1),
            ),
            (
                "begin inside",
                format!("{begin}\nMAA=\n{begin}\nMAA=\n{end}"),
                PemError::Block(1),
            ),
            (
                "second broken",
                format!("{JOE_TEST}{begin}"),
                PemError::Block(2),
            ),
            (
                "label without end",
                "-----BEGIN CERTIFICATE".to_owned(),
                PemError::Block(1),
            ),
            (
                "headers without end",
                format!("{begin}\nA: b\nMAA=\n{end}"),
                PemError::Block(1),
            ),
        ] {
            assert_eq!(
                certificate_der(text.as_bytes()),
                Err(want.clone()),
                "{what}"
            );
            assert_eq!(certificates_der(text.as_bytes()), Err(want), "{what}");
        }
        assert_eq!(certificate_der(b"\xff\xfe"), Err(missing));
        assert_eq!(request_der(request.as_bytes()), Ok(b"0".to_vec()));
        assert_eq!(
            request_der(encode("NEW CERTIFICATE REQUEST", b"0").as_bytes()),
            Ok(b"0".to_vec())
        );
        assert_eq!(
            request_der(JOE_TEST.as_bytes()),
            Err(PemError::Missing("certification request"))
        );
    }

    #[test]
    fn limits_hold() {
        let block = encode("X", b"x");
        assert_eq!(
            decode_all(&block.repeat(MOST_BLOCKS)).unwrap().len(),
            MOST_BLOCKS
        );
        assert_eq!(
            decode_all(&block.repeat(MOST_BLOCKS + 1)),
            Err(PemError::TooLarge)
        );
        assert_eq!(decode_all(&" ".repeat(LONGEST)), Ok(vec![]));
        assert_eq!(
            decode_all(&" ".repeat(LONGEST + 1)),
            Err(PemError::TooLarge)
        );
        assert_eq!(
            certificate_der(&vec![SEQUENCE; LONGEST + 1]),
            Err(PemError::TooLarge)
        );
    }

    #[test]
    fn headers_are_skipped_and_secrets_stay_out_of_debug() {
        for line_break in ["\n", "\r\n"] {
            let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                        DEK-Info: AES-256-CBC,00\n more\n\nc2VjcmV0\n\
                        -----END RSA PRIVATE KEY-----\n";
            let blocks = decode_all(&text.replace('\n', line_break)).unwrap();
            assert_eq!(
                (blocks[0].label.as_str(), &blocks[0].der[..]),
                ("RSA PRIVATE KEY", &b"secret"[..])
            );
            assert_eq!(
                format!("{blocks:?}"),
                "[PemBlock(RSA PRIVATE KEY, 6 octets)]"
            );
        }
    }

    #[test]
    fn openssl_writes_the_same_text() {
        let openssl = crate::x509::testing::OpenSsl::new();
        let der = certificate_der(JOE_IMPORT.as_bytes()).unwrap();
        openssl.write("a.der", &der);
        openssl.run("x509 -inform der -in a.der -out a.pem");
        assert_eq!(
            openssl.read("a.pem"),
            encode("CERTIFICATE", &der).into_bytes()
        );
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(der in proptest::collection::vec(any::<u8>(), 1..300)) {
            let text = encode("A B", &der);
            assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("\n"));
            prop_assert_eq!(decode_all(&text), Ok(vec![PemBlock { label: "A B".to_owned(), der }]));
        }

        #[test]
        fn damaged_text_never_panics(at in any::<proptest::sample::Index>(), with in "\\PC{0,3}", cut in any::<bool>()) {
            let at = at.index(JOE_TEST.len());
            let end = if cut { "" } else { &JOE_TEST[at..] };
            let _ = decode_all(&format!("{}{with}{end}", &JOE_TEST[..at]));
        }

        #[test]
        fn any_input_never_panics(
            text in "(-----BEGIN |-----END |-----|A|:|\\n|=|\\\\n|é){0,12}",
            octets in any::<Vec<u8>>(),
        ) {
            let _ = decode_all(&text);
            let _ = certificates_der(&octets);
        }
    }
}
