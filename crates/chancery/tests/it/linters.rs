//! Opinions that are not ours on everything that the server signs: pkilint and zlint on every rule of RFC 5280, openssl and
//! GnuTLS on whole paths with their CRLs, Python's cryptography on what TLS takes. What they find and we accept stands in
//! tables here, and with its reasons in docs/decisions/0016.

pub(crate) mod judges;
mod samples;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::server::{P256, Server, csr, run};
use crate::wire::Answer;
use judges::{
    PUBLIC, Pkilint, RFCS, gnutls_reads, gnutls_verdict, is_finding, openssl_verifies,
    tls_verdicts, zlint,
};

/// What pkilint finds and we accept: its code, a part of its message, and why.
const ACCEPTED: &[(&str, &str, &str)] = &[(
    "pkix.invalid_domain_name_syntax",
    "\"*.host.example.com\"",
    "RFC 5280 leaves wildcards to the applications, and RFC 9525, section 6.3, has them",
)];

/// What a built-in profile is tried with, and what TLS should say of it.
struct Trial {
    profile: &'static str,
    subject: &'static str,
    names: &'static [&'static str],
    /// Is it good for the server `host.example.com`?
    server: bool,
    /// Is it good for a client?
    client: bool,
    /// Who signs it.
    authority: &'static str,
}

const fn trial(
    profile: &'static str,
    subject: &'static str,
    names: &'static [&'static str],
) -> Trial {
    Trial {
        profile,
        subject,
        names,
        server: false,
        client: false,
        authority: "issuing",
    }
}

const TRIALS: &[Trial] = &[
    Trial {
        server: true,
        client: true,
        ..trial(
            "general",
            "CN=host.example.com,OU=Ops,O=Example,C=DE",
            &["dns:host.example.com", "ip:192.0.2.1"],
        )
    },
    Trial {
        server: true,
        ..trial(
            "tls-server",
            "CN=host.example.com",
            &[
                "dns:host.example.com",
                "dns:*.host.example.com",
                "ip:2001:db8::1",
            ],
        )
    },
    Trial {
        client: true,
        ..trial(
            "tls-client",
            "CN=device 7,serialNumber=7,O=Example",
            &["dns:device-7.example.com"],
        )
    },
    Trial {
        client: true,
        ..trial(
            "user",
            "CN=José Müller,UID=jose,O=Example",
            &["email:jose@example.com"],
        )
    },
    trial("smime", "", &["email:joe@example.com"]),
    trial("code-signing", "CN=Beispiel,L=München,ST=Bayern,C=DE", &[]),
    // Its extended key usage is critical, as the HP document shows it; the web's rules do not take that.
    trial("keystone-user", "CN=Joe Test", &[]),
    Trial {
        server: true,
        client: true,
        ..trial(
            "sbc",
            "CN=host.example.com,OU=Voice,O=Engineering,L=Burlington,ST=MA,C=US",
            &["ip:192.0.2.1", "dns:host.example.com"],
        )
    },
    trial("ocsp-responder", "CN=responder", &[]),
    Trial {
        authority: "root",
        ..trial("sub-authority", "CN=Branch,O=Example,C=DE", &[])
    },
];

/// A kind of key: its word, and how openssl is told to make one.
type Key = (&'static str, &'static [&'static str]);

const RSA_2048: Key = ("rsa-2048", &["-newkey", "rsa:2048"]);
const RSA_3072: Key = ("rsa-3072", &["-newkey", "rsa:3072"]);
const EC_P256: Key = ("ec-p256", P256);
const EC_P384: Key = ("ec-p384", &curve("ec_paramgen_curve:P-384"));
const EC_P521: Key = ("ec-p521", &curve("ec_paramgen_curve:P-521"));
const ED25519: Key = ("ed25519", &["-newkey", "ed25519"]);

const fn curve(option: &'static str) -> [&'static str; 4] {
    ["-newkey", "ec", "-pkeyopt", option]
}

/// Authorities beside the default ones (P-384 over P-256). These end so late that their dates are GeneralizedTime.
const RSA_AUTHORITIES: &str = r#"
    [authority]
    root_key = "rsa-3072"
    root_days = 36500
    issuing_key = "rsa-3072"
    issuing_days = 36000
"#;
const ED25519_AUTHORITIES: &str = r#"
    [authority]
    root_key = "ed25519"
    issuing_key = "ed25519"
"#;
const P521_AND_P384_AUTHORITIES: &str = r#"
    [authority]
    root_key = "ec-p521"
    issuing_key = "ec-p384"
"#;

/// The profiles as the server lists them.
fn profiles(server: &Server) -> Vec<Value> {
    let listed = server.native("GET", "/profiles", &Value::Null).expect(200);
    listed.json()["profiles"].as_array().unwrap().clone()
}

#[test]
fn every_profile_and_key_passes_every_judge() {
    let server = Server::start();
    let listed = profiles(&server);
    let names: Vec<&str> = listed
        .iter()
        .map(|profile| profile["name"].as_str().unwrap())
        .collect();
    let tried: Vec<&str> = TRIALS.iter().map(|trial| trial.profile).collect();
    assert_eq!(names, tried, "a built-in profile is not tried here");

    let keys = [RSA_2048, RSA_3072, EC_P256, EC_P384, EC_P521, ED25519];
    let found = judge(&server, &keys, true);
    for (code, message, _) in ACCEPTED {
        let still = found
            .iter()
            .any(|finding| is_finding(finding, code, message));
        assert!(still, "{code} {message} is not found any more");
    }
}

#[test]
fn what_rsa_authorities_sign_passes_every_judge() {
    let server = Server::start_with_config(RSA_AUTHORITIES);
    judge(&server, &[RSA_2048, EC_P256, EC_P384, ED25519], true);
}

#[test]
fn what_p521_and_p384_authorities_sign_passes_every_judge() {
    let server = Server::start_with_config(P521_AND_P384_AUTHORITIES);
    judge(
        &server,
        &[RSA_2048, EC_P256, EC_P384, EC_P521, ED25519],
        true,
    );
}

/// But for the web's rules, which know Ed25519 keys of subjects and none of authorities.
#[test]
fn what_ed25519_authorities_sign_passes_every_other_judge() {
    let server = Server::start_with_config(ED25519_AUTHORITIES);
    judge(&server, &[RSA_2048, EC_P256, EC_P384, ED25519], false);
}

/// Issues by every profile to each of these keys, and has every judge look at all of it and at the authorities. `web`:
/// do the web's rules take such authorities? Gives back what pkilint found and we accept.
fn judge(server: &Server, keys: &[Key], web: bool) -> Vec<Value> {
    let (root, issuing) = (authority(server, "root"), authority(server, "issuing"));
    let mut pkilint = Pkilint::default();
    pkilint.certificate("root", &root);
    pkilint.certificate("issuing", &issuing);
    pkilint.chain("issuing", &root, &issuing);
    let listed = profiles(server);
    let (mut files, mut trials) = (Vec::new(), Vec::new());
    for (key, new_key) in keys {
        let csr = csr(server.scratch(), new_key, "/CN=whoever", &[]);
        for trial in TRIALS {
            let label = format!("{} {key}", trial.profile);
            let profile = listed.iter().find(|one| one["name"] == trial.profile);
            let certified = profile.unwrap()["keys"].as_array().unwrap();
            if !certified.contains(&json!(key)) {
                let refused = server.native("POST", "/certificates", &asked(&csr, trial));
                refused.expect(422);
                continue;
            }
            let (issued, file) = issue(server, &asked(&csr, trial));
            pkilint.certificate(&label, &file);
            pkilint.chain(&label, &authority(server, trial.authority), &file);
            gnutls_reads(&file, issued["serial"].as_str().unwrap());
            assert_eq!(gnutls_verdict(server, &file), None, "{label}");
            files.push(file);
            trials.push((label, trial));
        }
    }
    openssl_verifies(server, &files);
    for ((label, trial), tls) in trials.iter().zip(tls_verdicts(server, &files)) {
        let said = (tls.server.is_none(), tls.client.is_none());
        let expected = (trial.server && web, trial.client && web);
        assert_eq!(said, expected, "{label}: {tls:?}");
    }
    files.extend([root, issuing]);
    assert_eq!(zlint(RFCS, &files), lints(&[]));
    pkilint.finds_only(server.scratch(), ACCEPTED)
}

/// The request for a trial's certificate.
fn asked(csr: &str, trial: &Trial) -> Value {
    json!({
        "csr": csr,
        "profile": trial.profile,
        "subject": trial.subject,
        "names": trial.names,
        "authority": trial.authority,
    })
}

/// What the rules for public authorities ask of a server's certificate beyond RFC 5280, and we do not do.
const NOT_PUBLIC: &[&str] = &[
    // No policy of the CA/Browser Forum is claimed by an authority that nobody there has judged.
    "e_sub_cert_cert_policy_empty",
    "e_sub_cert_certificate_policies_missing",
    // The test's own address, and those that are kept for documents: private networks are what we are for.
    "e_ext_san_contains_reserved_ip",
    "w_sub_cert_aia_contains_internal_names",
    // People and old programs look at the common name; it is one of the alternative names.
    "w_subject_common_name_included",
    // RFC 5280, 4.2.1.2, has the subject key identifier there; to leave it out saves public authorities some octets.
    "w_ext_subject_key_identifier_not_recommended_subscriber",
];

#[test]
fn the_rules_for_public_servers_are_broken_only_as_argued() {
    let server = Server::start();
    let trial = TRIALS.iter().find(|trial| trial.profile == "tls-server");
    let files: Vec<PathBuf> = [RSA_2048, RSA_3072, EC_P256, EC_P384]
        .iter()
        .map(|(_, new_key)| {
            let csr = csr(server.scratch(), new_key, "/CN=whoever", &[]);
            issue(&server, &asked(&csr, trial.unwrap())).1
        })
        .collect();
    let found = zlint(PUBLIC, &files);
    assert_eq!(found, lints(NOT_PUBLIC));
}

/// Names that go to the limits of what is issued: lengths, alphabets, several values at one level, many at once.
#[test]
fn names_of_every_form_pass_pkilint() {
    let server = Server::start();
    let csr = csr(server.scratch(), P256, "/CN=whoever", &[]);
    let long = "ä".repeat(64);
    let long = format!("CN={long},OU={long},O={long}");
    let many: Vec<String> = (0..100)
        .map(|number| format!("dns:h{number}.example.com"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let forms = [
        "dns:xn--mnchen-3ya.example",
        "ip:::",
        "uri:https://example.com:8443/a?b=c%20d#e",
    ];
    let (mut pkilint, mut files) = (Pkilint::default(), Vec::new());
    for (subject, names) in [
        (long.as_str(), &[][..]),
        (
            "SN=Doe,GN=Joe,initials=J,generationQualifier=Jr,T=Dr,pseudonym=jd",
            &[],
        ),
        ("street=Main 1,postalCode=12345,L=Town,ST=State,C=US", &[]),
        (
            "CN=joe+UID=7,OU=b+O=c,dnQualifier=a1,DC=example,DC=com",
            &[],
        ),
        (
            r#"CN=\#a\, \"b\" \+ c\=d\;e\<f\>\\g,businessCategory=Trade"#,
            &[],
        ),
        ("CN=Joe,emailAddress=joe@example.com", &[]),
        ("", &forms),
        ("CN=many", &many),
    ] {
        let asked = json!({ "csr": csr, "profile": "general", "subject": subject, "names": names });
        let (_, file) = issue(&server, &asked);
        pkilint.certificate(subject, &file);
        files.push(file);
    }
    // Several values at one level are what was asked for.
    assert_eq!(zlint(RFCS, &files), lints(&["n_multiple_subject_rdn"]));
    pkilint.finds_only(server.scratch(), &[]);
}

#[test]
fn the_certificate_of_the_server_itself_passes_every_judge() {
    let server = Server::start();
    let shown = run("openssl", &["s_client", "-connect", server.https_address()]);
    let end = "-----END CERTIFICATE-----\n";
    let (before, _) = shown.split_once(end).unwrap();
    let (_, own) = before.split_once("-----BEGIN").unwrap();
    let file = server.scratch().join("own.pem");
    std::fs::write(&file, format!("-----BEGIN{own}{end}")).unwrap();

    let mut pkilint = Pkilint::default();
    pkilint.certificate("the server's own", &file);
    let localhost = (
        "pkix.invalid_domain_name_syntax",
        "\"localhost\"",
        "the default name of a server at home; pkilint wants two labels",
    );
    pkilint.finds_only(server.scratch(), &[localhost]);
    openssl_verifies(&server, std::slice::from_ref(&file));
    assert_eq!(gnutls_verdict(&server, &file), None);
}

/// The Keystone API has users' certificates signed with their own keys.
#[test]
fn what_is_signed_with_its_own_key_passes_pkilint_and_openssl() {
    let server = Server::start();
    let admin = server.admin();
    let credentials = json!({ "username": admin.user, "password": admin.password });
    let auth = json!({ "auth": { "passwordCredentials": credentials } });
    let access = keystone(&server, "", "/tokens", &auth).expect(200).json();
    let token = access["access"]["token"]["id"].as_str().unwrap();
    let mut pkilint = Pkilint::default();
    for bits in [2048, 3072] {
        let asked = json!({
            "userId": access["access"]["user"]["id"],
            "subject": "CN=Joe Test, O=HP",
            "publicKeyAlgorithm": "RSA",
            "publicKeyLength": bits,
        });
        let body = json!({ "certificate": asked });
        let made = keystone(&server, token, "/HP-IDM/v1.0/certificates", &body);
        let made = made.expect(201).json();
        let file = server.scratch().join(format!("{bits}.pem"));
        let data = &made["certificate"]["certificateFile"]["data"];
        std::fs::write(&file, data.as_str().unwrap()).unwrap();
        pkilint.certificate(&format!("self-signed, {bits} bits"), &file);
        let file = text(&file);
        run("openssl", &["verify", "-CAfile", &file, &file]);
    }
    let no_authority = (
        "pkix.authority_key_identifier_extension_absent",
        "",
        "the HP document shows none, and the only key is there already as the subject's",
    );
    pkilint.finds_only(server.scratch(), &[no_authority]);
}

fn keystone(server: &Server, token: &str, path: &str, body: &Value) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Auth-Token", token),
    ];
    let path = format!("/v2.0{path}");
    server.request("POST", &path, &headers, body.to_string().as_bytes())
}

#[test]
fn revocation_lists_pass_every_judge() {
    for (what, configuration) in [
        ("default", ""),
        ("RSA", RSA_AUTHORITIES),
        ("Ed25519", ED25519_AUTHORITIES),
        ("P-521 and P-384", P521_AND_P384_AUTHORITIES),
    ] {
        judge_lists(&Server::start_with_config(configuration), what);
    }
}

/// Every reason of RFC 5280 that a certificate can have; one of them can be taken back.
const REASONS: [&str; 9] = [
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "privilege-withdrawn",
    "aa-compromise",
];

/// The lists of both authorities: empty, growing by every reason, and with a certificate off hold again.
fn judge_lists(server: &Server, what: &str) {
    let (mut pkilint, mut files) = (Pkilint::default(), Vec::new());
    let mut judge = |label: &str, name: &str, entries: usize| {
        let file = judges::list(server, name, label, entries);
        pkilint.list(&format!("{what}: {label}"), &file);
        files.push(file);
    };
    judge("the root's", "root", 0);
    judge("empty", "issuing", 0);

    let mut held = None;
    for (before, reason) in REASONS.iter().enumerate() {
        // A key once revoked as compromised is never certified again.
        let csr = csr(server.scratch(), P256, "/CN=whoever", &[]);
        let asked = json!({ "csr": csr, "subject": format!("CN={reason}"), "names": [] });
        let (issued, file) = issue(server, &asked);
        assert_eq!(gnutls_verdict(server, &file), None, "{what}: {reason}");
        let id = issued["id"].as_str().unwrap().to_owned();
        let revoke = format!("/certificates/{id}/revoke");
        server
            .native("POST", &revoke, &json!({ "reason": reason }))
            .expect(200);
        judge(reason, "issuing", before + 1);
        let verdict = gnutls_verdict(server, &file).unwrap_or_default();
        assert!(verdict.contains("revoked"), "{what}: {reason}: {verdict}");
        if *reason == "certificate-hold" {
            held = Some((id, file));
        }
    }
    let (id, file) = held.unwrap();
    let release = format!("/certificates/{id}/release");
    server.native("POST", &release, &Value::Null).expect(200);
    judge("released", "issuing", REASONS.len() - 1);
    assert_eq!(gnutls_verdict(server, &file), None, "{what}: released");
    // Public authorities may give fewer reasons than RFC 5280 has.
    let found = zlint(RFCS, &files);
    assert_eq!(found, lints(&["e_cab_crl_has_valid_reason_code"]), "{what}");
    pkilint.finds_only(server.scratch(), &[]);
}

/// Judges that let everything pass would make every test above worthless.
#[test]
fn the_judges_can_say_no() {
    let server = Server::start();
    let file = server.scratch().join("bad.pem");
    let (key, path) = (
        server.scratch().join("bad.key").display().to_string(),
        file.display().to_string(),
    );
    let mut arguments = vec!["req", "-x509", "-nodes", "-keyout", &key, "-out", &path];
    arguments.extend_from_slice(P256);
    // The right to sign certificates, without being an authority.
    arguments.extend(["-subj", "/CN=a", "-addext", "keyUsage=keyCertSign"]);
    arguments.extend(["-addext", "basicConstraints=CA:FALSE"]);
    run("openssl", &arguments);

    let mut pkilint = Pkilint::default();
    pkilint.certificate("bad", &file);
    pkilint.chain("bad chain", &authority(&server, "root"), &file);
    let found = pkilint.findings(server.scratch());
    for label in ["bad", "bad chain"] {
        let bad = |finding: &Value| finding["label"] == label && finding["severity"] == "ERROR";
        assert!(found.iter().any(bad), "{label}: {found:?}");
    }
    let found = zlint(RFCS, std::slice::from_ref(&file));
    assert!(
        found.contains("e_ext_key_usage_cert_sign_without_ca"),
        "{found:?}"
    );
    let verdict = gnutls_verdict(&server, &file).unwrap_or_default();
    assert!(verdict.contains("NOT trusted"), "{verdict}");
    let pem = std::fs::read_to_string(&file).unwrap();
    assert!(server.openssl_verdict(&pem).is_some());
    for tls in tls_verdicts(&server, &[file]) {
        assert!(tls.server.is_some() && tls.client.is_some(), "{tls:?}");
    }
}

/// The names of lints.
fn lints(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Issues, and writes the certificate to a file.
fn issue(server: &Server, asked: &Value) -> (Value, PathBuf) {
    let issued = server
        .native("POST", "/certificates", asked)
        .expect(201)
        .json();
    let file = server
        .scratch()
        .join(format!("{}.pem", issued["id"].as_str().unwrap()));
    std::fs::write(&file, issued["certificate"].as_str().unwrap()).unwrap();
    (issued, file)
}

/// The file of an authority's certificate.
fn authority(server: &Server, name: &str) -> PathBuf {
    server.data().join(format!("ca/{name}.pem"))
}

/// A path as an argument.
fn text(path: &Path) -> String {
    path.display().to_string()
}
