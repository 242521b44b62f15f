//! The document's example: its requests by curl and Python's `requests`, its answer byte for byte but for the key.

use crate::server::{Server, run};

use super::{Client, element, text_of};

const ANSWER: &str =
    include_str!("../../../../chancery-http/src/apis/sbc/golden/01-generate-request.response.xml");
const BY_CURL: &str =
    include_str!("../../../../chancery-http/src/apis/sbc/golden/01-generate-request.request.sh");
const BY_PYTHON: &str =
    include_str!("../../../../chancery-http/src/apis/sbc/golden/01-generate-request.request.py");

/// The record of the document: its sample decodes to this common name, and defaults for the rest.
pub(super) fn document_record() -> String {
    let attributes = [("name", "rest-server"), ("common-name", "AcmeRestServer")];
    element("certificate-record", &attributes)
}

/// Compares an answer with the document's, but for the lines of base64.
#[track_caller]
fn assert_like_the_document(answer: &str) {
    let framed = |text: &str| -> Vec<String> {
        let is_base64 = |line: &&str| {
            let mut letters = line.chars();
            letters.all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c))
        };
        text.split('\n')
            .filter(|line| !is_base64(line))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(framed(answer), framed(ANSWER));
}

/// What openssl says of a request.
pub(super) fn described(server: &Server, csr: &str) -> String {
    let file = server.scratch_file("record.csr", csr);
    let arguments = [
        "req",
        "-in",
        &file,
        "-noout",
        "-verify",
        "-text",
        "-nameopt",
        "oneline,show_type",
    ];
    let text = run("openssl", &arguments);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_answer_is_the_documents_and_so_is_the_request_in_it() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&document_record()).expect(200);
    let answer = client.generate("recordName=rest-server").expect(200);
    assert_eq!(answer.header("Content-Type"), Some("application/xml"));
    assert_like_the_document(&answer.text());
    assert_eq!(text_of(&answer, "recordName"), "rest-server");

    let csr = text_of(&answer, "certificateSignedRequest");
    let text = described(&server, &csr);
    for line in [
        "Subject: C = PRINTABLESTRING:US, ST = PRINTABLESTRING:MA, L = PRINTABLESTRING:Burlington, \
         O = PRINTABLESTRING:Engineering, CN = PRINTABLESTRING:AcmeRestServer Subject Public Key Info",
        "Public Key Algorithm: rsaEncryption Public-Key: (2048 bit)",
        "Requested Extensions: X509v3 Key Usage: Digital Signature, Key Encipherment \
         X509v3 Extended Key Usage: TLS Web Server Authentication Signature Algorithm: sha256WithRSAEncryption",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // As many octets as the sample, whose key has the same size.
    assert_eq!(csr.len(), sample().len());
}

/// The request of the document's answer, with its lines in the disorder in which they stand there.
fn sample() -> &'static str {
    let (_, rest) = ANSWER.split_once("<certificateSignedRequest>").unwrap();
    rest.split_once('<').unwrap().0
}

#[test]
fn the_documents_curl_line_works() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&document_record()).expect(200);
    let trusted = server.data().join("ca/root.pem").display().to_string();
    let program = BY_CURL.replacen("curl", "curl --silent --cacert \"$ROOT\"", 1);
    let host = server.https_url();
    let variables = [
        format!("SBCIP={}", host.trim_start_matches("https://")),
        format!("TOKEN={}", client.token),
        format!("ROOT={trusted}"),
    ];
    let mut arguments: Vec<&str> = variables.iter().map(String::as_str).collect();
    arguments.extend(["sh", "-c", &program]);
    assert_like_the_document(&run("env", &arguments));
}

#[test]
fn the_documents_python_lines_work() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&document_record()).expect(200);
    let host = server.https_url();
    let host = host.trim_start_matches("https://");
    let program = format!(
        "token, sbcip = {:?}, {host:?}\n{BY_PYTHON}\nprint(resp.status_code)\nprint(resp.text, end='')",
        client.token
    );
    let trusted = server.data().join("ca/root.pem").display().to_string();
    let python = crate::server::python_program("python");
    let bundle = format!("REQUESTS_CA_BUNDLE={trusted}");
    let printed = run("env", &[&bundle, &python, "-c", &program]);
    let (status, text) = printed.split_once('\n').unwrap();
    assert_eq!(status, "200");
    assert_like_the_document(text);
}
