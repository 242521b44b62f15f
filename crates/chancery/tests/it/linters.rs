//! Opinions that are not ours on everything that the server signs: pkilint on every rule of RFC 5280, openssl and GnuTLS
//! on whole paths with their CRLs, Python's cryptography on what TLS takes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::server::{P256, Server, csr, python_program, run};

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
}

const TRIALS: &[Trial] = &[
    Trial {
        profile: "general",
        subject: "CN=host.example.com,OU=Ops,O=Example,C=DE",
        names: &["dns:host.example.com", "ip:192.0.2.1"],
        server: true,
        client: true,
    },
    Trial {
        profile: "tls-server",
        subject: "CN=host.example.com",
        names: &[
            "dns:host.example.com",
            "dns:*.host.example.com",
            "ip:2001:db8::1",
        ],
        server: true,
        client: false,
    },
    Trial {
        profile: "tls-client",
        subject: "CN=device 7,serialNumber=7,O=Example",
        names: &["dns:device-7.example.com"],
        server: false,
        client: true,
    },
    Trial {
        profile: "user",
        subject: "CN=Jos\u{e9} M\u{fc}ller,UID=jose,O=Example",
        names: &["email:jose@example.com"],
        server: false,
        client: true,
    },
    Trial {
        profile: "smime",
        subject: "",
        names: &["email:joe@example.com"],
        server: false,
        client: false,
    },
    Trial {
        profile: "code-signing",
        subject: "CN=Example Ltd,O=Example Ltd,L=M\u{fc}nchen,ST=Bayern,C=DE",
        names: &[],
        server: false,
        client: false,
    },
    // Its extended key usage is critical, as the HP document shows it, and the web's rules do not take that.
    Trial {
        profile: "keystone-user",
        subject: "CN=Joe Test",
        names: &[],
        server: false,
        client: false,
    },
];

type Key = (&'static str, &'static [&'static str]);

const RSA_2048: Key = ("rsa-2048", &["-newkey", "rsa:2048"]);
const KEYS: &[Key] = &[
    RSA_2048,
    ("rsa-3072", &["-newkey", "rsa:3072"]),
    ("ec-p256", P256),
    (
        "ec-p384",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ),
    (
        "ec-p521",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ),
    ("ed25519", &["-newkey", "ed25519"]),
];

/// Authorities beside the default (P-384 over P-256). The first end so late that their dates are GeneralizedTime.
const RSA: &str = "[authority]\nroot_key = \"rsa-3072\"\nissuing_key = \"rsa-3072\"\nroot_days = 36500\nissuing_days = 36000\n";
const ED25519: &str = "[authority]\nroot_key = \"ed25519\"\nissuing_key = \"ed25519\"\n";
const P521_OVER_P384: &str = "[authority]\nroot_key = \"ec-p521\"\nissuing_key = \"ec-p384\"\n";

#[test]
fn every_profile_and_key_passes_every_judge() {
    let server = Server::start();
    let listed = server.native("GET", "/profiles", &Value::Null).expect(200);
    let listed = listed.json();
    let names: Vec<&str> = listed["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|profile| profile["name"].as_str())
        .collect();
    let tried: Vec<&str> = TRIALS.iter().map(|trial| trial.profile).collect();
    assert_eq!(names, tried, "a built-in profile is not tried here");

    let found = judge(&server, KEYS);
    for (code, message, _) in ACCEPTED {
        let there = found
            .iter()
            .any(|finding| is_finding(finding, code, message));
        assert!(there, "{code} {message} is not found any more");
    }
}

#[test]
fn what_rsa_authorities_sign_passes_every_judge() {
    judge(&Server::start_with_config(RSA), &[RSA_2048, KEYS[2]]);
}

#[test]
fn what_ed25519_authorities_sign_passes_every_judge() {
    judge(&Server::start_with_config(ED25519), &[KEYS[2], KEYS[5]]);
}

#[test]
fn what_p521_and_p384_authorities_sign_passes_every_judge() {
    judge(&Server::start_with_config(P521_OVER_P384), &[KEYS[4]]);
}

/// Issues by every profile to each of these keys, and has every judge look at all of it and at the authorities. Gives
/// back what pkilint found and we accept.
fn judge(server: &Server, keys: &[Key]) -> Vec<Value> {
    let ca = server.data().join("ca");
    let mut tasks = Tasks::new(server);
    tasks.certificate("root", &ca.join("root.pem"));
    tasks.certificate("issuing", &ca.join("issuing.pem"));
    tasks.chain(
        "root over issuing",
        &ca.join("root.pem"),
        &ca.join("issuing.pem"),
    );
    let mut files = Vec::new();
    for (key, new_key) in keys {
        let csr = csr(server.scratch(), new_key, "/CN=whoever", &[]);
        for trial in TRIALS {
            let label = format!("{} {key}", trial.profile);
            let issued = issue(server, &csr, trial.profile, trial.subject, trial.names);
            let file = server
                .scratch()
                .join(format!("{}.pem", label.replace(' ', "-")));
            std::fs::write(&file, issued["certificate"].as_str().unwrap()).unwrap();
            tasks.certificate(&label, &file);
            tasks.chain(&label, &ca.join("issuing.pem"), &file);
            gnutls_reads(&file, issued["serial"].as_str().unwrap());
            assert_eq!(gnutls_verdict(server, &file), None, "{label}");
            files.push(file);
        }
    }
    openssl_verifies(server, &files);
    let trials = keys.iter().flat_map(|_| TRIALS);
    for (trial, (on_server, on_client)) in trials.zip(tls_verdicts(server, &files)) {
        assert_eq!(
            on_server.is_none(),
            trial.server,
            "{}: {on_server:?}",
            trial.profile
        );
        assert_eq!(
            on_client.is_none(),
            trial.client,
            "{}: {on_client:?}",
            trial.profile
        );
    }
    tasks.only_accepted()
}

/// Names that go to the limits of what may be issued: lengths, alphabets, several values at one level, many at once.
#[test]
fn names_of_every_form_pass_pkilint() {
    let server = Server::start();
    let csr = csr(server.scratch(), P256, "/CN=whoever", &[]);
    let long = "\u{e4}".repeat(64);
    let longest = format!("CN={long},OU={long},O={long}");
    let hundred: Vec<String> = (0..100)
        .map(|number| format!("dns:h{number}.example.com"))
        .collect();
    let hundred: Vec<&str> = hundred.iter().map(String::as_str).collect();
    let mut tasks = Tasks::new(&server);
    for (subject, names) in [
        (longest.as_str(), &[][..]),
        (
            "SN=Doe,GN=Joe,initials=J,generationQualifier=Jr,T=Dr,pseudonym=jd,name=Joe Doe",
            &[],
        ),
        (
            "street=Main 1,postalCode=12345,L=Town,ST=State,businessCategory=Trade,C=US",
            &[],
        ),
        (
            "CN=joe+UID=7,OU=b+O=c,dnQualifier=a1,DC=example,DC=com",
            &[],
        ),
        (
            "CN=\\#a\\, \\\"b\\\" \\+ c\\=d\\;e\\<f\\>\\\\g,organizationIdentifier=VATDE-123",
            &[],
        ),
        (
            "CN=Joe,emailAddress=joe@example.com",
            &["email:joe@example.com"],
        ),
        (
            "",
            &[
                "dns:xn--mnchen-3ya.example",
                "ip:::",
                "uri:https://example.com:8443/a?b=c%20d#e",
            ],
        ),
        ("CN=many", &hundred),
    ] {
        let issued = issue(&server, &csr, "general", subject, names);
        let file = server
            .scratch()
            .join(format!("{}.pem", issued["number"].as_i64().unwrap()));
        std::fs::write(&file, issued["certificate"].as_str().unwrap()).unwrap();
        tasks.certificate(subject, &file);
    }
    tasks.only_accepted();
}

#[test]
fn the_certificate_of_the_server_itself_passes_every_judge() {
    let server = Server::start();
    let shown = run(
        "openssl",
        &[
            "s_client",
            "-connect",
            server.https_address(),
            "-servername",
            "localhost",
        ],
    );
    let start = shown.find("-----BEGIN").unwrap();
    let end = shown.find("-----END CERTIFICATE-----").unwrap();
    let file = server.scratch().join("own.pem");
    std::fs::write(
        &file,
        format!("{}-----END CERTIFICATE-----\n", &shown[start..end]),
    )
    .unwrap();
    let mut tasks = Tasks::new(&server);
    tasks.certificate("the server's own", &file);
    // `localhost` and an address are good names of a server at home, where pkilint wants two labels.
    let found = tasks.findings();
    assert!(
        found.iter().all(|finding| is_finding(
            finding,
            "pkix.invalid_domain_name_syntax",
            "\"localhost\""
        )),
        "{found:?}"
    );
    openssl_verifies(&server, std::slice::from_ref(&file));
    assert_eq!(gnutls_verdict(&server, &file), None);
}

#[test]
fn revocation_lists_pass_every_judge() {
    for (what, configuration) in [
        ("default", ""),
        ("RSA", RSA),
        ("Ed25519", ED25519),
        ("P-521 and P-384", P521_OVER_P384),
    ] {
        let server = Server::start_with_config(configuration);
        judge_lists(&server, what);
    }
}

/// Every reason of RFC 5280 that a certificate can have.
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

/// The lists of both authorities: empty, with every reason, with one on hold and released again.
fn judge_lists(server: &Server, what: &str) {
    let mut tasks = Tasks::new(server);
    judge_list(
        server,
        &mut tasks,
        &format!("{what}: the root's"),
        "root",
        0,
    );
    judge_list(server, &mut tasks, &format!("{what}: empty"), "issuing", 0);

    let csr = csr(server.scratch(), P256, "/CN=whoever", &[]);
    let mut last = (PathBuf::new(), String::new());
    for (number, reason) in REASONS.iter().enumerate() {
        let issued = issue(server, &csr, "general", &format!("CN={reason}"), &[]);
        let id = issued["id"].as_str().unwrap().to_owned();
        let file = server.scratch().join(format!("{reason}.pem"));
        std::fs::write(&file, issued["certificate"].as_str().unwrap()).unwrap();
        assert_eq!(gnutls_verdict(server, &file), None);
        let action = format!("/certificates/{id}/revoke");
        server
            .native("POST", &action, &json!({ "reason": reason }))
            .expect(200);
        judge_list(
            server,
            &mut tasks,
            &format!("{what}: {reason}"),
            "issuing",
            number + 1,
        );
        let verdict = gnutls_verdict(server, &file).unwrap();
        assert!(verdict.contains("revoked"), "{reason}: {verdict}");
        if *reason == "certificate-hold" {
            last = (file, id);
        }
    }
    let (file, id) = last;
    server
        .native("POST", &format!("/certificates/{id}/release"), &Value::Null)
        .expect(200);
    judge_list(
        server,
        &mut tasks,
        &format!("{what}: released"),
        "issuing",
        REASONS.len() - 1,
    );
    assert_eq!(gnutls_verdict(server, &file), None);
    tasks.only_accepted();
}

/// Has GnuTLS and openssl check the signature of an authority's list and count its entries, and notes it for pkilint.
fn judge_list(server: &Server, tasks: &mut Tasks, label: &str, authority: &str, entries: usize) {
    let pem = server.crl_file(authority);
    let file = pem.with_file_name(format!("{}.crl", tasks.lines.len()));
    std::fs::copy(&pem, &file).unwrap();
    tasks.list(label, &file);

    let signer = server.data().join(format!("ca/{authority}.pem"));
    let (file, signer) = (file.display().to_string(), signer.display().to_string());
    let said = run(
        "certtool",
        &[
            "--verify-crl",
            "--load-ca-certificate",
            &signer,
            "--infile",
            &file,
        ],
    );
    assert!(
        said.contains("Verification output: Verified."),
        "{label}: {said}"
    );
    let said = run("certtool", &["--crl-info", "--infile", &file]);
    let counted = if entries == 0 {
        "No revoked certificates".to_owned()
    } else {
        format!("Revoked certificates ({entries})")
    };
    assert!(said.contains(&counted), "{label}: {said}");
    assert!(!said.contains("error"), "{label}: {said}");
    let said = run(
        "openssl",
        &["crl", "-in", &file, "-noout", "-text", "-CAfile", &signer],
    );
    assert_eq!(
        said.matches("Serial Number").count(),
        entries,
        "{label}: {said}"
    );
}

/// Judges that let everything pass would make every test above worthless.
#[test]
fn the_judges_can_say_no() {
    let server = Server::start();
    let file = server.scratch().join("bad.pem");
    let path = file.display().to_string();
    let mut arguments = vec![
        "req", "-x509", "-nodes", "-keyout", &path, "-out", &path, "-subj", "/CN=a",
    ];
    arguments.extend_from_slice(P256);
    // The right to sign certificates, without being an authority.
    arguments.extend(["-addext", "keyUsage=keyCertSign"]);
    arguments.extend(["-addext", "basicConstraints=CA:FALSE"]);
    run("openssl", &arguments);

    let mut tasks = Tasks::new(&server);
    tasks.certificate("bad", &file);
    tasks.chain("bad chain", &server.data().join("ca/root.pem"), &file);
    for label in ["bad", "bad chain"] {
        let found = tasks.findings();
        let bad = |finding: &Value| finding["label"] == label && finding["severity"] == "ERROR";
        assert!(found.iter().any(bad), "{label}: {found:?}");
    }
    assert!(
        gnutls_verdict(&server, &file)
            .unwrap()
            .contains("NOT trusted")
    );
    assert!(
        server
            .openssl_verdict(&std::fs::read_to_string(&file).unwrap())
            .is_some()
    );
    let verdicts = tls_verdicts(&server, &[file]);
    assert!(
        matches!(verdicts.as_slice(), [(Some(_), Some(_))]),
        "{verdicts:?}"
    );
}

fn issue(server: &Server, csr: &str, profile: &str, subject: &str, names: &[&str]) -> Value {
    let request = json!({ "csr": csr, "profile": profile, "subject": subject, "names": names });
    server
        .native("POST", "/certificates", &request)
        .expect(201)
        .json()
}

/// What pkilint is to look at.
struct Tasks<'a> {
    server: &'a Server,
    lines: Vec<String>,
}

impl<'a> Tasks<'a> {
    fn new(server: &'a Server) -> Tasks<'a> {
        Tasks {
            server,
            lines: Vec::new(),
        }
    }

    fn certificate(&mut self, label: &str, file: &Path) {
        self.lines
            .push(format!("certificate\t{label}\t{}\n", file.display()));
    }

    fn list(&mut self, label: &str, file: &Path) {
        self.lines
            .push(format!("crl\t{label}\t{}\n", file.display()));
    }

    fn chain(&mut self, label: &str, issuer: &Path, subject: &Path) {
        let files = format!("{}\t{}", issuer.display(), subject.display());
        self.lines.push(format!("chain\t{label}\t{files}\n"));
    }

    /// All that pkilint finds.
    fn findings(&self) -> Vec<Value> {
        let file = self.server.scratch().join("pkilint.tasks");
        std::fs::write(&file, self.lines.concat()).unwrap();
        let printed = run(
            &python_program("python"),
            &[&script("pkilint_all.py"), &file.display().to_string()],
        );
        serde_json::from_str(&printed).unwrap()
    }

    /// All that pkilint finds, none of it anything that is not accepted.
    #[track_caller]
    fn only_accepted(&self) -> Vec<Value> {
        let found = self.findings();
        let accepted = |finding: &&Value| {
            ACCEPTED
                .iter()
                .any(|(code, message, _)| is_finding(finding, code, message))
        };
        let wrong: Vec<String> = found
            .iter()
            .filter(|finding| !accepted(finding))
            .map(Value::to_string)
            .collect();
        assert!(wrong.is_empty(), "pkilint found:\n{}", wrong.join("\n"));
        found
    }
}

fn is_finding(finding: &Value, code: &str, message: &str) -> bool {
    finding["code"] == code && finding["message"].as_str().unwrap().contains(message)
}

/// Has openssl, at its strictest, verify all these up to the root, against the current CRL.
#[track_caller]
fn openssl_verifies(server: &Server, files: &[PathBuf]) {
    let ca = server.data().join("ca");
    let (root, issuing) = (ca.join("root.pem"), ca.join("issuing.pem"));
    let (root, issuing) = (root.display().to_string(), issuing.display().to_string());
    let crl = server.crl_file("issuing").display().to_string();
    let files: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut arguments = vec!["verify", "-x509_strict", "-CAfile", &root];
    arguments.extend(["-untrusted", &issuing, "-crl_check", "-CRLfile", &crl]);
    arguments.extend(files.iter().map(String::as_str));
    run("openssl", &arguments);
}

/// What GnuTLS says of the path from this certificate to the root, with the current CRL: none if it is good.
fn gnutls_verdict(server: &Server, file: &Path) -> Option<String> {
    let ca = server.data().join("ca");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (trusted, chain) = (
        server.scratch().join("trusted.pem"),
        server.scratch().join("chain.pem"),
    );
    // certtool takes CRLs from the file of what is trusted.
    std::fs::write(
        &trusted,
        read(&ca.join("root.pem")) + &read(&server.crl_file("issuing")),
    )
    .unwrap();
    std::fs::write(&chain, read(file) + &read(&ca.join("issuing.pem"))).unwrap();
    let (trusted, chain) = (trusted.display().to_string(), chain.display().to_string());
    let arguments = [
        "--verify",
        "--verify-profile",
        "medium",
        "--load-ca-certificate",
        &trusted,
        "--infile",
        &chain,
    ];
    let output = std::process::Command::new("certtool")
        .args(arguments)
        .output()
        .expect("run ./check, which installs certtool");
    let said = String::from_utf8(output.stdout).unwrap();
    let good = said.contains("Chain verification output: Verified. The certificate is trusted.");
    (!good).then_some(said)
}

/// GnuTLS reads every part of the certificate, and the serial number that we say it has.
#[track_caller]
fn gnutls_reads(file: &Path, serial: &str) {
    let said = run(
        "certtool",
        &[
            "--certificate-info",
            "--infile",
            &file.display().to_string(),
        ],
    );
    assert!(
        said.contains(&format!("Serial Number (hex): {serial}\n")),
        "{said}"
    );
    for trouble in ["error", "Unknown", "warning"] {
        assert!(!said.contains(trouble), "{trouble}: {said}");
    }
}

/// What TLS says of each: as the server `host.example.com`, and as a client. None is good.
fn tls_verdicts(server: &Server, files: &[PathBuf]) -> Vec<(Option<String>, Option<String>)> {
    let ca = server.data().join("ca");
    let (root, issuing) = (ca.join("root.pem"), ca.join("issuing.pem"));
    let mut arguments = vec![
        script("verify_tls.py"),
        root.display().to_string(),
        issuing.display().to_string(),
        "host.example.com".to_owned(),
    ];
    arguments.extend(files.iter().map(|file| file.display().to_string()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = run(&python_program("python"), &arguments);
    let verdicts: Vec<Value> = serde_json::from_str(&printed).unwrap();
    let verdict = |value: &Value| value.as_str().map(str::to_owned);
    verdicts
        .iter()
        .map(|both| (verdict(&both["server"]), verdict(&both["client"])))
        .collect()
}

/// A Python script of these tests.
fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients");
    folder.join(name).display().to_string()
}
