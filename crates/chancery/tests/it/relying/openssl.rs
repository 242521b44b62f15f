//! openssl verifies whole paths with our lists, as strictly as it can: with complete lists, with older ones brought up to
//! date by a delta, and with those of shards.

use std::process::Command;

use super::{AUTHORITIES, Subject, fetch_list, told};
use crate::server::Server;

/// One certificate under the eyes of openssl.
struct Watched<'s> {
    server: &'s Server,
    subject: &'s Subject,
    /// Where its list is.
    address: String,
    /// The list about its issuer, in a file.
    above: String,
}

impl Watched<'_> {
    fn new<'s>(server: &'s Server, subject: &'s Subject) -> Watched<'s> {
        let above = told(&server.authority_file("issuing"), "crlDistributionPoints");
        Watched {
            server,
            subject,
            address: subject.list(),
            above: fetch_list(server, &above[0].1, "root", "above.pem"),
        }
    }

    /// The complete list of now, in a file of that name.
    #[track_caller]
    fn complete(&self, name: &str) -> String {
        fetch_list(self.server, &self.address, "issuing", name)
    }

    /// The delta list of now.
    #[track_caller]
    fn delta(&self) -> String {
        fetch_list(
            self.server,
            &delta_of(&self.address),
            "issuing",
            "delta.pem",
        )
    }

    /// What openssl says with that list of its issuer: none if the certificate is good, else its complaint.
    fn verdict(&self, base: &str, delta: Option<&str>) -> Option<String> {
        let (root, issuing) = (
            self.server.authority_file("root"),
            self.server.authority_file("issuing"),
        );
        let mut arguments = vec![
            "verify",
            "-x509_strict",
            "-crl_check_all",
            "-extended_crl",
            "-CAfile",
            &root,
            "-untrusted",
            &issuing,
            "-CRLfile",
            &self.above,
            "-CRLfile",
            base,
        ];
        if let Some(delta) = delta {
            arguments.extend(["-use_deltas", "-CRLfile", delta]);
        }
        arguments.push(&self.subject.file);
        let output = Command::new("openssl").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then_some(said)
    }

    #[track_caller]
    fn is_good(&self, when: &str, base: &str, delta: Option<&str>) {
        assert_eq!(self.verdict(base, delta), None, "{when}");
    }

    #[track_caller]
    fn is_revoked(&self, when: &str, base: &str, delta: Option<&str>) {
        let said = self.verdict(base, delta).unwrap_or_default();
        assert!(said.contains("certificate revoked"), "{when}: {said:?}");
    }
}

/// Where the delta to a list is.
fn delta_of(address: &str) -> String {
    let stem = address.strip_suffix(".crl").unwrap();
    match stem.rsplit_once('/') {
        Some((_, place)) if place.bytes().all(|octet| octet.is_ascii_digit()) => {
            format!("{stem}-delta.crl")
        }
        _ => format!("{stem}/delta.crl"),
    }
}

#[test]
fn complete_lists_deltas_and_shards_say_the_same() {
    for (what, root, issuing) in AUTHORITIES {
        for layout in ["", "[crl]\nshards = 16\n"] {
            let server = Server::start_with_authorities(root, issuing, layout);
            let (subject, other) = (Subject::of(&server, "one"), Subject::of(&server, "other"));
            other.revoke(&server, "superseded");
            let one = Watched::new(&server, &subject);
            let when = |when: &str| format!("{what}, {layout:?}: {when}");

            let first = one.complete("first.pem");
            one.is_good(&when("issued"), &first, None);
            one.is_good(&when("issued, with a delta"), &first, Some(&one.delta()));

            subject.hold(&server);
            one.is_good(&when("a list from before the hold"), &first, None);
            one.is_revoked(&when("the same and a delta"), &first, Some(&one.delta()));
            let second = one.complete("second.pem");
            one.is_revoked(&when("on hold"), &second, None);

            subject.release(&server);
            let delta = one.delta();
            one.is_revoked(&when("a list from before the release"), &second, None);
            one.is_good(&when("the same and a delta"), &second, Some(&delta));
            one.is_good(&when("the first list and that delta"), &first, Some(&delta));
            let third = one.complete("third.pem");
            one.is_good(&when("released"), &third, None);

            subject.revoke(&server, "key-compromise");
            let delta = one.delta();
            for list in [&first, &second, &third] {
                one.is_revoked(
                    &when("revoked, by an old list and a delta"),
                    list,
                    Some(&delta),
                );
            }
            one.is_revoked(&when("revoked"), &one.complete("last.pem"), None);
        }
    }
}

/// Certificates of older layouts go on with the lists that they name, in which newer ones are told of too.
#[test]
fn lists_of_older_layouts_go_on() {
    let mut server = Server::start();
    let mut issued = Vec::new();
    for (layout, name) in [
        ("", "whole"),
        ("4", "four"),
        ("16", "sixteen"),
        ("", "again"),
    ] {
        if !issued.is_empty() {
            let layout = match layout {
                "" => String::new(),
                shards => format!("[crl]\nshards = {shards}\n"),
            };
            server.restart_with_config(&layout);
        }
        issued.push(Subject::of(&server, name));
    }
    for subject in &issued {
        subject.revoke(&server, "superseded");
    }
    let above = server.crl_file("root").display().to_string();
    for subject in &issued {
        // The port is another one after each start; the path is what it was.
        let named = subject.list();
        let path = &named[named.find("/crl/").unwrap()..];
        let one = Watched {
            server: &server,
            subject,
            address: format!("{}{path}", server.http_url()),
            above: above.clone(),
        };
        let list = one.complete("list.pem");
        let told = super::shown(&list).matches(&subject.serial).count();
        assert_eq!(told, 1, "{path}");
    }
    let whole = server.crl_text("issuing");
    for subject in &issued {
        assert!(whole.contains(&subject.serial), "{}", subject.list());
    }
}
