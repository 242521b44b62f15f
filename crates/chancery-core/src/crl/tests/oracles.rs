//! What programs that are not ours say of our lists: OpenSSL, which also decides by them, and GnuTLS.

use super::*;
use crate::authority::Authority;
use crate::plan::{Addresses, Issuer, Request, plan};
use crate::profile::Profile;
use crate::x509::testing::{OpenSsl, squeezed};
use crate::x509::{KeyUsage, pem};

/// When the lists here are made, and looked at. GnuTLS looks by the system's clock.
const NOW: Time = Time::from_unix(1_750_000_000);

const ALGORITHMS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::Rsa(2048),
    KeyAlgorithm::P256,
    KeyAlgorithm::P384,
    KeyAlgorithm::P521,
    KeyAlgorithm::Ed25519,
];

/// An authority that issues certificates and lists, and the programs that judge them.
struct Judged {
    key: TestKey,
    authority: Authority,
    addresses: Addresses,
    programs: OpenSsl,
}

impl Judged {
    fn new(algorithm: KeyAlgorithm, address: CrlAddress) -> Judged {
        let (key, name) = (TestKey::new(algorithm), issuer());
        let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        let extensions = vec![
            Extension::subject_key_id(&key.public.key_id()).unwrap(),
            Extension::key_usage(usage).unwrap(),
            Extension::basic_constraints(true, None).unwrap(),
        ];
        let root = key.certify(&name, &name, &key.public, extensions);
        let programs = OpenSsl::new();
        programs.write("root", pem::encode("CERTIFICATE", &root).as_bytes());
        Judged {
            key,
            authority: Authority::new(1, "issuing".to_owned(), root, None).unwrap(),
            addresses: Addresses {
                crl: vec![address],
                ..Addresses::default()
            },
            programs,
        }
    }

    /// Writes a certificate with that serial number into `file`.
    fn issue(&self, file: &str, serial: Serial) {
        let request = Request {
            subject: Name::parse("CN=leaf").unwrap(),
            names: Vec::new(),
            public_key: TestKey::p256().public,
            not_before: None,
            not_after: None,
        };
        let by = Issuer::Authority(&self.authority, &self.addresses);
        let profile = Profile::end_entity("any", 10, 10);
        let planned = plan(request, &profile, by, serial, NOW).unwrap();
        let der = planned.finish(&self.key.sign_planned(&planned)).unwrap();
        self.programs
            .write(file, pem::encode("CERTIFICATE", &der).as_bytes());
    }

    /// Writes a list into `file`, and its DER beside it.
    fn publish(
        &self,
        file: &str,
        number: u64,
        links: CrlLinks<'_>,
        names: &[String],
        on: &[Listed],
    ) {
        let id = self.authority.key_id();
        let head = CrlHead {
            this_update: NOW,
            number,
            scope_names: names,
            links,
            ..head(self.authority.subject(), &self.key, &id)
        };
        let der = list(&self.key, &head, on);
        self.programs
            .write(file, pem::encode("X509 CRL", &der).as_bytes());
        self.programs.write(&format!("{file}.der"), &der);
    }

    /// What OpenSSL thinks of the certificate in `leaf` by these lists.
    fn verdict(&self, lists: &[&str], leaf: &str) -> Verdict {
        let mut lists: String = lists
            .iter()
            .map(|list| format!(" -CRLfile {list}"))
            .collect();
        lists.push_str(" -extended_crl -use_deltas");
        let (good, said) = self.programs.try_run(&format!(
            "verify -x509_strict -crl_check -attime 1750000001 -CAfile root{lists} {leaf}"
        ));
        match good {
            true => Verdict::Good,
            false if said.contains("certificate revoked") => Verdict::Revoked,
            false if said.contains("unable to get certificate CRL") => Verdict::NoList,
            false if said.contains("different CRL scope") => Verdict::NoList,
            false => panic!("{said}"),
        }
    }

    /// What OpenSSL reads in the list in `file`, on one line.
    fn text(&self, file: &str) -> String {
        let text = self
            .programs
            .run(&format!("crl -in {file} -noout -text -CAfile root"));
        assert!(text.contains("verify OK"), "{text}");
        squeezed(&text)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Good,
    Revoked,
    NoList,
}

fn at(address: &str) -> CrlAddress {
    CrlAddress::At(address.to_owned())
}

const COMPLETE: CrlLinks<'_> = CrlLinks::Complete { freshest: &[] };

fn check_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn openssl_reads_every_entry() {
    let judged = Judged::new(KeyAlgorithm::P256, at("http://a.example/b"));
    judged.publish("crl", 300, COMPLETE, &[], &one_of_each());
    let id: Vec<String> = judged
        .authority
        .key_id()
        .iter()
        .map(|octet| format!("{octet:02X}"))
        .collect();
    check_lines(
        &judged.text("crl"),
        &[
            "Version 2 (0x1) Signature Algorithm: ecdsa-with-SHA256 Issuer: O = Example, CN = Issuing",
            "Last Update: Jun 15 15:06:40 2025 GMT Next Update: May 22 14:13:20 2052 GMT",
            &format!(
                "X509v3 Authority Key Identifier: {} X509v3 CRL Number: 300 Revoked",
                id.join(":")
            ),
            "Serial Number: F0 Revocation Date: Nov 14 22:13:20 2023 GMT Serial Number: EF",
            "Serial Number: EF Revocation Date: Nov 14 22:13:21 2023 GMT CRL entry extensions: X509v3 CRL Reason Code: \
             Key Compromise Serial Number: EE",
            "CA Compromise",
            "Affiliation Changed",
            "Superseded",
            "Cessation Of Operation",
            "Certificate Hold",
            "Privilege Withdrawn",
            "AA Compromise",
        ],
    );

    judged.publish("empty", 301, COMPLETE, &[], &[]);
    assert!(judged.text("empty").contains("No Revoked Certificates."));
    // RFC 5280, section 5.1.2.6: the field is left out, and an empty SEQUENCE is not there instead.
    let parts = judged.programs.run("asn1parse -in empty");
    assert!(!parts.contains("l=   0 cons"), "{parts}");
}

#[test]
fn openssl_reads_scopes_and_deltas() {
    let judged = Judged::new(KeyAlgorithm::P384, at("http://a.example/b"));
    let names = uris(&["http://a.example/64/5.crl", "http://b.example/64/5.crl"]);
    let freshest = uris(&["http://a.example/64/5-delta.crl"]);
    let links = CrlLinks::Complete {
        freshest: &freshest,
    };
    judged.publish("base", 17, links, &names, &one_of_each());
    let scope = "X509v3 Issuing Distribution Point: critical Full Name: URI:http://a.example/64/5.crl URI:http://b.example/64/5.crl";
    check_lines(
        &judged.text("base"),
        &[
            "X509v3 CRL Number: 17",
            scope,
            "X509v3 Freshest CRL: Full Name: URI:http://a.example/64/5-delta.crl",
        ],
    );

    let changes = [
        revoked(&[5], 1_700_000_000, Reason::CertificateHold),
        removed(&[6], 1_700_000_001),
    ];
    judged.publish("delta", 18, CrlLinks::Delta { base: 17 }, &names, &changes);
    let text = judged.text("delta");
    check_lines(
        &text,
        &[
            "X509v3 CRL Number: 18 X509v3 Delta CRL Indicator: critical 17",
            scope,
            "Serial Number: 05 Revocation Date: Nov 14 22:13:20 2023 GMT CRL entry extensions: X509v3 CRL Reason Code: \
             Certificate Hold",
            "Serial Number: 06 Revocation Date: Nov 14 22:13:21 2023 GMT CRL entry extensions: X509v3 CRL Reason Code: \
             Remove From CRL",
        ],
    );
    assert!(!text.contains("Freshest"), "{text}");
}

/// What counts in the end: a relying party sees a revoked certificate, and only that, as revoked.
#[test]
fn openssl_refuses_what_is_revoked() {
    for algorithm in ALGORITHMS {
        let judged = Judged::new(algorithm, at("http://a.example/b"));
        let [bad, good] = [1, 2].map(|octet| Serial::from_random([octet; 16]));
        judged.issue("bad", bad.clone());
        judged.issue("good", good);
        let on = [revoked(bad.content(), 1_700_000_000, Reason::Superseded)];
        judged.publish("crl", 1, COMPLETE, &[], &on);
        assert_eq!(judged.verdict(&["crl"], "bad"), Verdict::Revoked);
        assert_eq!(judged.verdict(&["crl"], "good"), Verdict::Good);
    }
}

/// A delta tells of what was put on hold and of what was released since its base, and needs that base or a later list.
#[test]
fn openssl_judges_by_base_and_delta() {
    for algorithm in ALGORITHMS {
        let judged = Judged::new(algorithm, at("http://a.example/b"));
        let [held, released, never] = [1, 2, 3].map(|octet| Serial::from_random([octet; 16]));
        for (file, serial) in [("held", &held), ("released", &released), ("never", &never)] {
            judged.issue(file, serial.clone());
        }
        let on_hold =
            |serial: &Serial| revoked(serial.content(), 1_700_000_000, Reason::CertificateHold);
        let freshest = uris(&["http://a.example/delta"]);
        let complete = CrlLinks::Complete {
            freshest: &freshest,
        };
        judged.publish("base", 5, complete, &[], &[on_hold(&released)]);
        // Its base is an older list than the one at hand, and it takes off what was never on that.
        let changes = [
            on_hold(&held),
            removed(released.content(), 1_750_000_000),
            removed(never.content(), 1_750_000_000),
        ];
        judged.publish("delta", 6, CrlLinks::Delta { base: 3 }, &[], &changes);
        judged.publish("later", 9, CrlLinks::Delta { base: 8 }, &[], &changes);

        for (lists, of_held, of_released) in [
            (&["base"][..], Verdict::Good, Verdict::Revoked),
            (&["base", "delta"], Verdict::Revoked, Verdict::Good),
            // One that builds on a list after ours fits it not.
            (&["base", "later"], Verdict::Good, Verdict::Revoked),
            (&["delta"], Verdict::NoList, Verdict::NoList),
        ] {
            assert_eq!(judged.verdict(lists, "held"), of_held, "{lists:?}");
            assert_eq!(judged.verdict(lists, "released"), of_released, "{lists:?}");
        }
        assert_eq!(judged.verdict(&["base", "delta"], "never"), Verdict::Good);
    }
}

/// A certificate is judged by the list of its own shard, and by no other.
#[test]
fn openssl_judges_by_shards() {
    let shards = Shards::new(4).unwrap();
    let prefix = "http://a.example/crl/issuing";
    for algorithm in ALGORITHMS {
        let sharded = CrlAddress::Sharded {
            prefix: prefix.to_owned(),
            shards,
        };
        let judged = Judged::new(algorithm, sharded);
        // Two certificates in each shard; those with odd numbers are revoked.
        let serial = |number: u8| {
            let mut octets = [7; 16];
            (octets[14], octets[15]) = (number << 5, 0xff);
            Serial::from_random(octets)
        };
        for number in 0..8_u8 {
            judged.issue(&format!("leaf{number}"), serial(number));
        }
        for shard in shards.all() {
            let on: Vec<Listed> = [1, 3, 5, 7]
                .map(serial)
                .into_iter()
                .filter(|serial| Scope::Shard(shard).covers(serial))
                .map(|serial| revoked(serial.content(), 1_700_000_000, Reason::KeyCompromise))
                .collect();
            assert_eq!(on.len(), 1);
            // The list goes by a former address too.
            let names = uris(&[
                &format!("http://former.example/{shard}.crl"),
                &format!("{prefix}/{shard}.crl"),
            ]);
            let file = format!("shard{}", shard.index());
            judged.publish(&file, 1, COMPLETE, &names, &on);
        }
        let all = ["shard0", "shard1", "shard2", "shard3"];
        for number in 0..8_u8 {
            let leaf = format!("leaf{number}");
            let want = match number % 2 {
                0 => Verdict::Good,
                _ => Verdict::Revoked,
            };
            assert_eq!(judged.verdict(&all, &leaf), want);
            let own = usize::from(number / 2);
            assert_eq!(judged.verdict(&[all[own]], &leaf), want);
            assert_eq!(judged.verdict(&[all[3 - own]], &leaf), Verdict::NoList);
        }
    }
}

/// GnuTLS finds each signature good, and every entry.
#[test]
fn gnutls_reads_and_verifies() {
    let names = uris(&["http://a.example/4/1.crl"]);
    let delta = CrlLinks::Delta { base: 2 };
    for algorithm in ALGORITHMS {
        let judged = Judged::new(algorithm, at("http://a.example/b"));
        let mut changes = one_of_each();
        changes.push(removed(&[9], 1_700_000_000));
        for (file, links, names, entries) in [
            ("whole", COMPLETE, &[][..], one_of_each()),
            ("empty", COMPLETE, &[], vec![]),
            ("shard", COMPLETE, &names, one_of_each()),
            ("delta", delta, &names, changes),
        ] {
            judged.publish(file, 3, links, names, &entries);
            let (read, text) = judged
                .programs
                .try_program("certtool", &format!("--crl-info --infile {file}"));
            assert!(read, "{text}");
            let count = match entries.len() {
                0 => "No revoked certificates".to_owned(),
                count => format!("Revoked certificates ({count}):"),
            };
            check_lines(
                &squeezed(&text),
                &[
                    "Issued: Sun Jun 15 15:06:40 UTC 2025 Next at: Wed May 22 14:13:20 UTC 2052",
                    "CRL Number (not critical): 03",
                    &count,
                ],
            );
            let asked = format!("--verify-crl --load-ca-certificate root --infile {file}");
            let (_, text) = judged.programs.try_program("certtool", &asked);
            assert!(text.contains("Verification output: Verified."), "{text}");
        }
    }
}
