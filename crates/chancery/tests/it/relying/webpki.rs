//! rustls-webpki, which Rust's TLS rests on, with our lists: it takes a list for a certificate only if the list's
//! distribution point is one that the certificate names.

use chancery_core::x509::pem;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    anchor_from_trusted_cert,
};

use super::{AUTHORITIES, Subject, fetch, told};
use crate::server::Server;

/// What it says of a certificate with these lists (DER); every certificate of the path must be told of.
fn verdict(server: &Server, subject: &Subject, lists: &[Vec<u8>]) -> Result<(), Error> {
    let der = |name: &str| {
        let text = std::fs::read(server.authority_file(name)).unwrap();
        CertificateDer::from(pem::certificate_der(&text).unwrap())
    };
    let (root, issuing) = (der("root"), der("issuing"));
    let lists: Vec<CertRevocationList<'_>> = lists
        .iter()
        .map(|der| OwnedCertRevocationList::from_der(der).map(CertRevocationList::from))
        .collect::<Result<_, _>>()?;
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    let revocation = RevocationOptionsBuilder::new(&lists)
        .unwrap()
        .with_depth(RevocationCheckDepth::Chain)
        .with_status_policy(UnknownStatusPolicy::Deny)
        .with_expiration_policy(ExpirationPolicy::Enforce)
        .build();
    let own = CertificateDer::from(pem::certificate_der(subject.pem.as_bytes()).unwrap());
    let end_entity = EndEntityCert::try_from(&own)?;
    end_entity
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &[anchor_from_trusted_cert(&root)?],
            std::slice::from_ref(&issuing),
            UnixTime::now(),
            KeyUsage::client_auth(),
            Some(revocation),
            None,
        )
        .map(|_| ())
}

/// The lists at these addresses, DER.
fn fetched(server: &Server, addresses: &[String]) -> Vec<Vec<u8>> {
    let read = |address: &String| {
        let file = fetch(server, address, "fetched.crl");
        std::fs::read(file).unwrap()
    };
    addresses.iter().map(read).collect()
}

#[test]
fn webpki_takes_lists_whole_and_in_shards() {
    for (what, root, issuing) in AUTHORITIES {
        for layout in ["", "[crl]\nshards = 16\n"] {
            let server = Server::start_with_authorities(root, issuing, layout);
            let subject = Subject::of(&server, "one");
            let other = Subject::of(&server, "other");
            other.revoke(&server, "superseded");
            let above = told(&server.authority_file("issuing"), "crlDistributionPoints");
            let addresses = [above[0].1.clone(), subject.list()];
            let check = |want: Result<(), Error>, when: &str| {
                let lists = fetched(&server, &addresses);
                assert_eq!(
                    verdict(&server, &subject, &lists),
                    want,
                    "{what}, {layout}, {when}"
                );
            };
            check(Ok(()), "good");
            subject.hold(&server);
            check(Err(Error::CertRevoked), "on hold");
            subject.release(&server);
            check(Ok(()), "released");
            subject.revoke(&server, "key-compromise");
            check(Err(Error::CertRevoked), "revoked");
        }
    }
}

/// The list of another shard says nothing of a certificate, nor do delta lists to a reader that does not know them.
#[test]
fn webpki_takes_no_list_for_another() {
    let server = Server::start_with_config("[crl]\nshards = 16\n");
    let subject = Subject::of(&server, "one");
    let own = subject.list();
    let above = told(&server.authority_file("issuing"), "crlDistributionPoints");
    let above = above[0].1.clone();
    let (prefix, place) = own.rsplit_once('/').unwrap();
    let other = match place {
        "0.crl" => "1.crl",
        _ => "0.crl",
    };
    let lists = fetched(&server, &[above.clone(), format!("{prefix}/{other}")]);
    let said = verdict(&server, &subject, &lists);
    assert_eq!(said, Err(Error::UnknownRevocationStatus));
    let delta = format!("{}-delta.crl", own.trim_end_matches(".crl"));
    let lists = fetched(&server, &[above, delta]);
    let said = verdict(&server, &subject, &lists);
    assert_eq!(said, Err(Error::UnsupportedDeltaCrl));
}
