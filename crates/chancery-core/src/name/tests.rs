//! What must hold of names across the files of this module, and what OpenSSL says to the same names.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn from_hex(der: &str) -> Result<Name, NameError> {
    Name::from_der(&hex::decode(der.replace(' ', "")).unwrap())
}

#[test]
fn odd_certificates_are_read_and_kept_as_they_are() {
    let table = [
        ("3000", ""),
        ("300c 310a 3008 0603550403 0c0161", "CN=a"),
        ("300b 3109 3007 0603550403 1300", "CN="),
        ("3010 310e 300c 0603550403 13055f2a40c3a9", "CN=_*@é"),
        ("300f 310d 300b 0603550403 13045f2a40e9", "CN=_*@é"),
        ("300c 310a 3008 0603550403 1401fc", "CN=ü"),
        ("300f 310d 300b 0603550403 1e0400fc0041", "CN=üA"),
        ("300f 310d 300b 0603550403 1c0400000041", "CN=A"),
        ("300c 310a 3008 0603550403 1e0141", "CN=#1e0141"),
        ("300d 310b 3009 0603550403 1e02d800", "CN=#1e02d800"),
        ("300d 310b 3009 0603550403 0c810161", "CN=a"),
        ("300c 310a 3008 06032a0304 130161", "1.2.3.4=#130161"),
        ("300c 310a 3008 0603550403 300161", "CN=#300161"),
        (
            "3014 3112 3007 0603550403 1300 3007 060355040a 1300",
            "CN=+O=",
        ),
        ("3002 3100", ""),
    ];
    for (der, expected) in table {
        let name = from_hex(der).unwrap_or_else(|error| panic!("{der}: {error}"));
        assert_eq!(name.to_rfc4514(), expected, "{der}");
        assert_eq!(hex::encode(name.der()), der.replace(' ', ""));
    }
}

#[test]
fn what_is_not_one_name_is_refused() {
    let table = [
        ("", "expected the SEQUENCE of a name at octet 0"),
        ("3000 00", "unexpected data at octet 2"),
        ("3001", "missing data at octet 2"),
        ("3080", "unexpected indefinite length at octet 2"),
        ("3085", "unexpected length over 4 octets at octet 2"),
        ("3002 3000", "expected the SET of an RDN at octet 2"),
        (
            "300c 310a 3108 0603550403 0c0161",
            "expected the SEQUENCE of an attribute at octet 4",
        ),
        (
            "300c 310a 3008 0403550403 0c0161",
            "expected the type of an attribute at octet 6",
        ),
        (
            "300d 310b 3009 060455048003 0c0161",
            "unexpected attribute type, no object identifier or a too large one, at octet 8",
        ),
        (
            "300d 310b 3009 0603550403 0c0161 00",
            "unexpected data at octet 14",
        ),
        (
            "300c 310a 3008 0603550403 1f0161",
            "unexpected long tag at octet 12",
        ),
        (
            "300c 310a 3008 0603550403 0c0261",
            "missing data at octet 13",
        ),
    ];
    for (der, expected) in table {
        let error = from_hex(der).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("not a distinguished name: {expected} of its DER"),
            "{der}"
        );
    }
}

#[test]
fn attributes_are_found_and_names_built() {
    let name = Name::build()
        .push(attribute::COUNTRY, "US")
        .push(attribute::COMMON_NAME, "general")
        .push_rdn([
            (attribute::COMMON_NAME, "specific"),
            (attribute::SERIAL_NUMBER, "7"),
        ])
        .finish()
        .unwrap();
    assert_eq!(name.first(&attribute::COMMON_NAME), Some("general"));
    assert_eq!(name.first(&attribute::LOCALITY), None);
    assert_eq!(name.common_name(), Some("specific"));
    assert_eq!(
        name.to_openssl_oneline(),
        "/C=US/CN=general/serialNumber=7+CN=specific"
    );
    assert_eq!(name.rdns().len(), 3);
    assert!(!name.is_empty());
    assert!(Name::build().finish().unwrap().is_empty());

    let refused = Name::build()
        .push(attribute::EMAIL_ADDRESS, "jürgen@example.com")
        .finish()
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the value of emailAddress has characters that its string type cannot hold"
    );
}

#[test]
fn foreign_string_types_are_reencoded_for_issuance() {
    let name =
        from_hex("301f 310a 3008 0603550406 0c015a 3111 300f 0603550403 1e08 004a00fc00720067")
            .unwrap();
    assert!(name.check_issuable().is_err());
    let ours = name.reencoded().unwrap();
    assert!(ours.matches(&name));
    assert_ne!(ours, name);
    assert_eq!(
        hex::encode(ours.der()),
        "301c310a3008060355040613015a310e300c06035504030c054ac3bc7267"
    );
    assert!(Name::parse("CN=#030100").unwrap().reencoded().is_err());
}

/// Text with more than its share of the characters that styles trip over.
fn text() -> impl Strategy<Value = String> {
    let special = select(" \n\r\t\0\\\"#+,;<=>/'ax0Fß".chars().collect::<Vec<_>>());
    vec(prop_oneof![3 => special, 1 => any::<char>()], 0..10).prop_map(String::from_iter)
}

fn oid() -> impl Strategy<Value = Oid> {
    let dotted = [
        "2.5.4.3",
        "2.5.4.6",
        "2.5.4.10",
        "2.5.4.5",
        "2.5.4.97",
        "1.2.840.113549.1.9.1",
        "1.2.3.4",
    ];
    select(dotted.map(Oid::new_unwrap).to_vec())
}

/// Names with at least this many attributes a level.
fn names_of(
    attribute: impl Strategy<Value = Attribute>,
    fewest: usize,
) -> impl Strategy<Value = Name> {
    let rdn = vec(attribute, fewest..3).prop_map(|attributes| Rdn { attributes });
    vec(rdn, 0..4).prop_map(|rdns| Name::from_rdns(&rdns).unwrap())
}

/// Names as we encode them.
fn our_name() -> impl Strategy<Value = Name> {
    names_of(
        (oid(), text()).prop_map(|(oid, text)| Attribute::lenient(oid, text)),
        1,
    )
}

/// Names with any octets under any tag.
fn foreign_name() -> impl Strategy<Value = Name> {
    let tag = select(vec![
        0x03, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e, 0x30,
    ]);
    let content = prop_oneof![text().prop_map(String::into_bytes), vec(any::<u8>(), 0..10)];
    names_of(
        (oid(), tag, content).prop_map(|(oid, tag, content)| Attribute::new(oid, tag, content)),
        0,
    )
}

proptest! {
    #[test]
    fn our_names_read_back_equal(name in our_name()) {
        prop_assert_eq!(&Name::parse(&name.to_rfc4514()).unwrap(), &name);
        prop_assert_eq!(&Name::parse(&name.to_openssl_oneline()).unwrap(), &name);
        prop_assert_eq!(&Name::parse_forward(&name.to_comma_forward()).unwrap(), &name);
        prop_assert!(Name::parse(&name.to_java()).unwrap().matches(&name));
    }

    #[test]
    fn foreign_names_read_back_as_the_same_name(name in foreign_name()) {
        prop_assert!(Name::parse(&name.to_rfc4514()).unwrap().matches(&name));
        prop_assert!(Name::parse(&name.to_openssl_oneline()).unwrap().matches(&name));
        prop_assert!(Name::parse_forward(&name.to_comma_forward()).unwrap().matches(&name));
        prop_assert!(Name::parse(&name.to_java()).unwrap().matches(&name));
    }

    #[test]
    fn case_and_outer_space_make_no_difference(name in our_name()) {
        prop_assume!(!name.attributes().any(|attribute| attribute.text().unwrap().contains('ı')));
        let shout = |attribute: &Attribute| {
            let text = format!("  {} ", attribute.text().unwrap().to_uppercase());
            Attribute::lenient(*attribute.oid(), text)
        };
        let shout_all = |rdn: &Rdn| Rdn { attributes: rdn.attributes().iter().map(shout).collect() };
        let rdns: Vec<Rdn> = name.rdns().iter().map(shout_all).collect();
        prop_assert!(Name::from_rdns(&rdns).unwrap().matches(&name));
    }

    #[test]
    fn no_text_and_no_der_breaks_the_readers(text in text(), der in vec(any::<u8>(), 0..40)) {
        let texts = [text.clone(), format!("CN={text}"), format!("/CN={text}"), format!("O=\"{text}\"")];
        for text in texts {
            if let Ok(name) = Name::parse(&text) {
                let _ = name.check_issuable();
            }
        }
        let _ = Name::from_der(&der);
    }
}

/// A directory of its own for one test, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("chancery-name-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// OpenSSL encodes and prints names of its own reading; ours are the same, octet for octet.
#[test]
fn openssl_agrees() {
    let scratch = Scratch::new("openssl");
    let directory = scratch.0.as_path();
    std::fs::write(
        directory.join("req.cnf"),
        "[req]\ndistinguished_name=dn\n[dn]\n",
    )
    .unwrap();
    openssl(
        directory,
        &[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            "key.pem",
        ],
    );
    let subjects = [
        "/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test/emailAddress=test@example.com",
        r#"/DC=org/DC=example/O=a\/b \+ c, d "q" <x>; y=z/CN=Jürgen  Ω#+serialNumber=12+UID=j"#,
        "/O= two  spaces /CN=#hash/title=t/SN=s/GN=g/initials=i/dnQualifier=d/street=s 1/postalCode=1",
        "/jurisdictionC=US/businessCategory=Private Organization/organizationIdentifier=NTRGB-1/OU=#0c0141",
    ];
    for subject in subjects {
        // In -subj a # has no meaning, so that one is escaped for us and not for OpenSSL.
        let name = Name::parse(&subject.replace("=#0", r"=\#0")).unwrap();
        let request = [
            "req", "-x509", "-config", "req.cnf", "-key", "key.pem", "-utf8", "-subj", subject,
        ];
        openssl(
            directory,
            &[&request[..], &["-outform", "DER", "-out", "cert.der"]].concat(),
        );
        let certificate = std::fs::read(directory.join("cert.der")).unwrap();
        let (_, certificate) = x509_parser::parse_x509_certificate(&certificate).unwrap();
        assert_eq!(
            hex::encode(certificate.subject().as_raw()),
            hex::encode(name.der()),
            "{subject}"
        );

        let print = |style: &str| {
            let printed = openssl(
                directory,
                &[
                    "x509", "-inform", "DER", "-in", "cert.der", "-noout", "-subject", "-nameopt",
                    style,
                ],
            );
            printed
                .strip_prefix("subject=")
                .unwrap()
                .strip_suffix('\n')
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            print("compat"),
            name.to_openssl_oneline().replace(r"=\#", "=#")
        );
        assert_eq!(Name::parse(&print("RFC2253")).unwrap(), name);
        assert_eq!(
            Name::parse_forward(&print("oneline,-esc_msb")).unwrap(),
            name
        );
    }
}
