//! Authorities coming and going, with `openssl` as the root that is kept elsewhere.

mod at_once;
mod hostile;

use std::path::Path;

use chancery_core::authority::Standing;
use chancery_core::certificate::{Origin, State};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::Refusal;
use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::x509::pem;

use super::{
    AuthorityEntry, AuthorityState, AuthorityView, AwaitedAuthority, NewAuthority, Rollover,
    SignedBy,
};
use crate::search::CertificateRef;
use crate::testing::{Engine, openssl};
use crate::{App, Conflict, Error, IssueBy, IssueRequest, KeySource};

fn new(name: &str, signed_by: SignedBy) -> NewAuthority {
    NewAuthority {
        name: name.to_owned(),
        subject: Name::parse(&format!("CN={name},O=Example")).unwrap(),
        key: KeyAlgorithm::P256,
        signed_by,
        days: None,
        path_length: None,
    }
}

fn there(entry: AuthorityEntry) -> AuthorityView {
    match entry {
        AuthorityEntry::There(view) => *view,
        AuthorityEntry::Awaited(awaited) => panic!("{awaited:?}"),
    }
}

fn awaited(entry: AuthorityEntry) -> AwaitedAuthority {
    match entry {
        AuthorityEntry::Awaited(awaited) => awaited,
        AuthorityEntry::There(view) => panic!("{view:?}"),
    }
}

impl Engine {
    async fn add(&self, name: &str, signed_by: SignedBy) -> AuthorityEntry {
        let added = self.app.add_authority(&self.admin, new(name, signed_by));
        added.await.unwrap()
    }

    /// An authority that a new root elsewhere has signed.
    async fn below_root_elsewhere(&self, name: &str) -> AuthorityView {
        let root = root_elsewhere(self.directory.path());
        let csr = awaited(self.add(name, SignedBy::Elsewhere).await).csr;
        let given = vec![self.signed_elsewhere(&csr, AUTHORITYS), root];
        let imported = self.app.import_authority(&self.admin, name, given);
        there(imported.await.unwrap())
    }

    /// Which authority signs for who asks for that one; none if it refuses.
    async fn signs(&self, issuer: IssueBy) -> Option<String> {
        let request = IssueRequest {
            subject: Some(Name::parse("CN=joe").unwrap()),
            days: Some(7),
            issuer,
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        match self.app.issue(&self.admin, request).await {
            Ok(issued) => issued.certificate.authority,
            Err(Error::Policy(
                Refusal::AuthorityRetired
                | Refusal::AuthorityRevoked
                | Refusal::AuthorityKeyElsewhere,
            )) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn signs_for(&self, name: &str) -> Option<String> {
        self.signs(IssueBy::Authority(name.to_owned())).await
    }

    async fn state(&self, name: &str) -> AuthorityState {
        there(self.app.authority_entry(&self.admin, name).await.unwrap()).state
    }

    /// Signs a request as the root elsewhere; the certificate.
    fn signed_elsewhere(&self, csr: &[u8], extensions: &str) -> Vec<u8> {
        let folder = self.directory.path();
        std::fs::write(
            folder.join("sub.csr"),
            pem::encode("CERTIFICATE REQUEST", csr),
        )
        .unwrap();
        std::fs::write(folder.join("sub.ext"), extensions).unwrap();
        openssl(
            folder,
            "x509 -req -in sub.csr -CA off.pem -CAkey off.key -days 5000 -extfile sub.ext -outform DER -out sub.der",
        );
        std::fs::read(folder.join("sub.der")).unwrap()
    }
}

const AUTHORITYS: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n\
                          subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// A root that is kept elsewhere, `off.pem` with `off.key`; its certificate.
fn root_elsewhere(folder: &Path) -> Vec<u8> {
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 20000 -subj /CN=FarRoot/O=Example \
         -keyout off.key -out off.pem -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    pem::certificate_der(&std::fs::read(folder.join("off.pem")).unwrap()).unwrap()
}

fn is_invalid<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    match result {
        Err(Error::Invalid(said)) => assert!(said.contains(text), "{said}"),
        other => panic!("{other:?}"),
    }
}

fn conflicts<T: std::fmt::Debug>(result: Result<T, Error>, conflict: Conflict) {
    assert!(
        matches!(&result, Err(Error::Conflict(is)) if *is == conflict),
        "{result:?}"
    );
}

#[tokio::test]
async fn authorities_are_made_under_others_and_as_roots() {
    let engine = Engine::start().await;
    let parent = SignedBy::Authority("root".to_owned());
    let devices = there(engine.add("devices", parent.clone()).await);
    assert_eq!(devices.authority.parent.as_deref(), Some("root"));
    assert_eq!(devices.authority.facts.path_length, Some(0));
    assert_eq!(
        (devices.state, devices.chain.len()),
        (AuthorityState::Active, 2)
    );
    let lab = there(engine.add("lab", SignedBy::Itself).await);
    assert_eq!((lab.authority.parent, lab.certificate_id), (None, None));
    let below = there(
        engine
            .add("below", SignedBy::Authority("lab".to_owned()))
            .await,
    );
    for name in ["devices", "below", "issuing"] {
        assert_eq!(engine.signs_for(name).await.as_deref(), Some(name));
    }
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing")
    );
    // Its certificate is among the certificates, and nobody's to take or to renew.
    let id = CertificateRef::Id(below.certificate_id.unwrap());
    let certificate = engine.app.find(&id).await.unwrap();
    assert_eq!(certificate.authority.as_deref(), Some("lab"));
    assert_eq!(
        (certificate.origin, certificate.state),
        (Origin::Issued, State::Active)
    );
    assert_eq!(certificate.der, Some(below.authority.certificate));
    for (name, wrong) in [
        ("", "name"),
        ("A", "name"),
        ("x-chain", "name"),
        ("chain", "name"),
    ] {
        is_invalid(
            engine
                .app
                .add_authority(&engine.admin, new(name, SignedBy::Itself))
                .await,
            wrong,
        );
    }
    for name in ["devices", "root"] {
        let again = engine
            .app
            .add_authority(&engine.admin, new(name, SignedBy::Itself));
        conflicts(again.await, Conflict::Authority);
    }
    // The issuing authority may sign none below it.
    let deeper = new("deeper", SignedBy::Authority("issuing".to_owned()));
    let refused = engine.app.add_authority(&engine.admin, deeper).await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::PathLength))),
        "{refused:?}"
    );
    let operator = engine.user("op", "default", Role::Operator).await;
    let refused = engine.app.add_authority(&operator, new("x", parent)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let refused = engine.app.revoke(&operator, &id, Reason::Superseded).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

#[tokio::test]
async fn what_is_retired_or_revoked_issues_no_more_until_it_may_again() {
    let engine = Engine::start().await;
    engine
        .add("sub", SignedBy::Authority("root".to_owned()))
        .await;
    let retired = engine.app.retire_authority(&engine.admin, "sub").await;
    assert_eq!(there(retired.unwrap()).state, AuthorityState::Retired);
    conflicts(
        engine.app.retire_authority(&engine.admin, "sub").await,
        Conflict::AuthorityRetired,
    );
    assert_eq!(engine.signs_for("sub").await, None);
    let engine = engine.restarted().await;
    assert_eq!(engine.state("sub").await, AuthorityState::Retired);
    assert_eq!(engine.signs_for("sub").await, None);
    let back = engine.app.reinstate_authority(&engine.admin, "sub").await;
    let id = there(back.unwrap()).certificate_id.unwrap();
    assert_eq!(engine.signs_for("sub").await.as_deref(), Some("sub"));
    conflicts(
        engine.app.reinstate_authority(&engine.admin, "sub").await,
        Conflict::AuthorityActive,
    );
    // On hold, released, and revoked for good: at once, and still so after a restart.
    let which = CertificateRef::Id(id);
    engine.app.hold(&engine.admin, &which).await.unwrap();
    assert_eq!(engine.signs_for("sub").await, None);
    assert_eq!(engine.state("sub").await, AuthorityState::Revoked);
    engine.app.release(&engine.admin, &which).await.unwrap();
    assert_eq!(engine.signs_for("sub").await.as_deref(), Some("sub"));
    let reason = Reason::CaCompromise;
    engine
        .app
        .revoke(&engine.admin, &which, reason)
        .await
        .unwrap();
    assert_eq!(engine.signs_for("sub").await, None);
    let engine = engine.restarted().await;
    let sub = engine.app.authority_named("sub").unwrap();
    assert_eq!(sub.authority.standing, Standing::Revoked(reason));
    assert_eq!(engine.signs_for("sub").await, None);
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing")
    );
}

#[tokio::test]
async fn revoking_one_stops_those_below_it() {
    let engine = Engine::start().await;
    let middle = NewAuthority {
        path_length: Some(1),
        ..new("middle", SignedBy::Authority("root".to_owned()))
    };
    let middle = there(
        engine
            .app
            .add_authority(&engine.admin, middle)
            .await
            .unwrap(),
    );
    engine
        .add("leaf", SignedBy::Authority("middle".to_owned()))
        .await;
    let too_deep = NewAuthority {
        path_length: Some(1),
        ..new("deep", SignedBy::Authority("middle".to_owned()))
    };
    let refused = engine.app.add_authority(&engine.admin, too_deep).await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::PathLength))),
        "{refused:?}"
    );
    assert_eq!(engine.signs_for("leaf").await.as_deref(), Some("leaf"));
    let which = CertificateRef::Id(middle.certificate_id.unwrap());
    engine.app.hold(&engine.admin, &which).await.unwrap();
    assert_eq!(engine.signs_for("leaf").await, None);
    engine.app.release(&engine.admin, &which).await.unwrap();
    assert_eq!(engine.signs_for("leaf").await.as_deref(), Some("leaf"));
}

#[tokio::test]
async fn the_newest_successor_issues_for_who_asks_for_the_old_name() {
    let engine = Engine::start().await;
    let roll = async |name: &str| {
        let how = Rollover::default();
        there(
            engine
                .app
                .roll_authority_over(&engine.admin, name, how)
                .await
                .unwrap(),
        )
    };
    let second = roll("issuing").await;
    assert_eq!(second.authority.name, "issuing-2");
    assert_eq!(
        second.authority.subject().common_name(),
        Some("Chancery Issuing G2")
    );
    assert_eq!(engine.state("issuing").await, AuthorityState::Superseded);
    // Whichever of them is asked for, the newest is succeeded.
    assert_eq!(roll("issuing").await.authority.name, "issuing-3");
    assert_eq!(roll("issuing-2").await.authority.name, "issuing-4");
    for name in ["issuing", "issuing-2", "issuing-3", "issuing-4"] {
        assert_eq!(engine.signs_for(name).await.as_deref(), Some("issuing-4"));
    }
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing-4")
    );
    let chain = std::fs::read(engine.directory.path().join("data/ca/chain.pem")).unwrap();
    let newest = engine.app.authority_named("issuing-4").unwrap();
    assert_eq!(pem::certificates_der(&chain).unwrap(), newest.chain);
    engine
        .app
        .reinstate_authority(&engine.admin, "issuing")
        .await
        .unwrap();
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing")
    );
    assert_eq!(
        engine.signs_for("issuing-2").await.as_deref(),
        Some("issuing-4")
    );
    // A root's successor signs itself.
    let root = roll("root").await;
    assert_eq!(
        (
            root.authority.name.as_str(),
            root.authority.parent.as_deref()
        ),
        ("root-2", None)
    );
    let same = Rollover {
        subject: Some(Name::parse("CN=Chancery Issuing,O=Chancery").unwrap()),
        name: Some("other".to_owned()),
        ..Rollover::default()
    };
    let other = engine
        .app
        .roll_authority_over(&engine.admin, "issuing", same)
        .await;
    let other = there(other.unwrap());
    assert_eq!(other.authority.parent.as_deref(), Some("root-2"));
    assert_eq!(
        other.authority.subject().common_name(),
        Some("Chancery Issuing")
    );
}

#[tokio::test]
async fn a_root_elsewhere_signs_what_is_asked_here() {
    let engine = Engine::start().await;
    let root = root_elsewhere(engine.directory.path());
    let csr = awaited(engine.add("sub", SignedBy::Elsewhere).await).csr;
    conflicts(
        engine
            .app
            .add_authority(&engine.admin, new("sub", SignedBy::Itself))
            .await,
        Conflict::Authority,
    );
    conflicts(
        engine.app.retire_authority(&engine.admin, "sub").await,
        Conflict::AuthorityAwaited("sub".to_owned()),
    );
    let engine = engine.restarted().await;
    let (app, admin) = (&engine.app, &engine.admin);
    assert_eq!(app.authority_request(admin, "sub").await.unwrap(), csr);
    let certificate = engine.signed_elsewhere(&csr, AUTHORITYS);
    // What is wrong is refused, and nothing changes.
    let not_one = engine.signed_elsewhere(&csr, "basicConstraints=CA:FALSE\n");
    let no_signing = "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature\n";
    let no_signing = engine.signed_elsewhere(&csr, no_signing);
    let mut forged = certificate.clone();
    *forged.last_mut().unwrap() ^= 1;
    for (given, text) in [
        (vec![root.clone()], "no certificate is for the key"),
        (vec![certificate.clone()], "O=Example,CN=FarRoot"),
        (vec![not_one, root.clone()], "basicConstraints"),
        (vec![no_signing, root.clone()], "key usage"),
        (
            vec![forged, root.clone()],
            "is missing, or its key did not sign",
        ),
        (vec![b"0".to_vec()], "cannot be read"),
        (Vec::new(), "give 1 to"),
    ] {
        is_invalid(app.import_authority(admin, "sub", given).await, text);
    }
    assert_eq!(app.loaded().len(), 2);
    engine.at(86400 * 20_000);
    let late = app.import_authority(admin, "sub", vec![certificate.clone(), root.clone()]);
    is_invalid(late.await, "has expired");
    engine.at(0);
    let imported = app.import_authority(admin, "sub", vec![root.clone(), certificate.clone()]);
    let imported = there(imported.await.unwrap());
    assert_eq!(imported.authority.parent.as_deref(), Some("farroot"));
    assert_eq!(imported.chain, [certificate.clone(), root]);
    conflicts(
        app.import_authority(admin, "sub", vec![certificate]).await,
        Conflict::Authority,
    );
    let registered = CertificateRef::Id(imported.certificate_id.unwrap());
    assert_eq!(
        app.find(&registered).await.unwrap().origin,
        Origin::Imported
    );
    assert_eq!(engine.signs_for("sub").await.as_deref(), Some("sub"));
    assert_eq!(engine.signs_for("farroot").await, None);
    let refused = app
        .roll_authority_over(admin, "farroot", Rollover::default())
        .await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::AuthorityKeyElsewhere))),
        "{refused:?}"
    );
    let below = new("below", SignedBy::Authority("farroot".to_owned()));
    let refused = app.add_authority(admin, below).await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::AuthorityKeyElsewhere))),
        "{refused:?}"
    );
}

/// Makes a CRL with that number as the root elsewhere, in which that serial number is revoked for that reason.
fn crl_elsewhere(folder: &Path, number: u32, revoked: Option<(&str, &str)>) -> Vec<u8> {
    let entry = revoked.map_or(String::new(), |(serial, reason)| {
        format!("R\t500101000000Z\t260101000000Z,{reason}\t{serial}\tunknown\t/CN=sub\n")
    });
    std::fs::write(folder.join("index"), entry).unwrap();
    std::fs::write(folder.join("number"), format!("{number:04X}\n")).unwrap();
    let config = "[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n\
                  default_crl_days=15000\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(folder.join("ca.cnf"), config).unwrap();
    openssl(
        folder,
        "ca -config ca.cnf -gencrl -keyfile off.key -cert off.pem -out off.crl",
    );
    pem::crl_der(&std::fs::read(folder.join("off.crl")).unwrap()).unwrap()
}

#[tokio::test]
async fn what_the_crl_of_a_root_elsewhere_says_is_done_here() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let (app, admin) = (&engine.app, &engine.admin);
    let sub = engine.below_root_elsewhere("sub").await;
    let serial = hex::encode_upper(sub.authority.facts.serial.magnitude());
    let import = async |list: Vec<u8>| app.import_crl(admin, "farroot", list).await;
    import(crl_elsewhere(folder, 5, None)).await.unwrap();
    is_invalid(
        import(crl_elsewhere(folder, 5, None)).await,
        "number 5 is here already",
    );
    is_invalid(import(crl_elsewhere(folder, 4, None)).await, "number is 4");
    let mut forged = crl_elsewhere(folder, 6, None);
    *forged.last_mut().unwrap() ^= 1;
    is_invalid(import(forged).await, "signature");
    is_invalid(import(b"0".to_vec()).await, "exactly one list");
    let list = crl_elsewhere(folder, 6, None);
    is_invalid(
        app.import_crl(admin, "issuing", list).await,
        "signs its CRL itself",
    );
    for (number, revoked, signs) in [
        (7, Some("certificateHold"), None),
        (8, None, Some("sub")),
        (9, Some("keyCompromise"), None),
        (10, None, None),
    ] {
        let revoked = revoked.map(|reason| (serial.as_str(), reason));
        import(crl_elsewhere(folder, number, revoked))
            .await
            .unwrap();
        assert_eq!(engine.signs_for("sub").await.as_deref(), signs, "{number}");
    }
    let published = app.authority_named("farroot").unwrap();
    assert_eq!(published.published.as_ref().unwrap().number, 10);
    drop(published);
    let engine = engine.restarted().await;
    let published = engine.app.authority_named("farroot").unwrap();
    assert_eq!(published.published.as_ref().unwrap().number, 10);
    assert_eq!(engine.signs_for("sub").await, None);
}

#[tokio::test]
async fn a_successor_may_be_signed_elsewhere_and_takes_over_when_it_is_there() {
    let engine = Engine::start().await;
    let root = root_elsewhere(engine.directory.path());
    let (app, admin) = (&engine.app, &engine.admin);
    let how = Rollover {
        elsewhere: true,
        ..Rollover::default()
    };
    let next = app.roll_authority_over(admin, "issuing", how.clone()).await;
    let next = awaited(next.unwrap());
    assert_eq!(next.predecessor.as_deref(), Some("issuing"));
    conflicts(
        app.roll_authority_over(admin, "issuing", how).await,
        Conflict::AuthorityAwaited("issuing-2".to_owned()),
    );
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing")
    );
    let certificate = engine.signed_elsewhere(&next.csr, AUTHORITYS);
    app.import_authority(admin, "issuing-2", vec![certificate, root])
        .await
        .unwrap();
    assert_eq!(
        engine.signs(IssueBy::Default).await.as_deref(),
        Some("issuing-2")
    );
}

/// What an older version wrote is made whole at the start, once.
#[tokio::test]
async fn authorities_are_registered_once() {
    let engine = Engine::start().await;
    let registered = async |app: &App| {
        let all = app.store().authorities().await.unwrap();
        all.into_iter()
            .map(|one| one.registered)
            .collect::<Vec<_>>()
    };
    let before = registered(&engine.app).await;
    assert!(before[0].is_none() && before[1].is_some());
    let engine = engine.restarted().await;
    assert_eq!(registered(&engine.app).await, before);
}

/// Nobody could put an authority in the place of a retired one if the server could not be reached.
#[tokio::test]
async fn the_server_stays_reachable_when_its_authority_is_retired() {
    let engine = Engine::start().await;
    let names = ["localhost".to_owned()];
    let signed_itself = async || {
        let current = engine.app.server_certificate(&names).await.unwrap();
        current.chain.len() == 1
    };
    assert!(!signed_itself().await);
    let (app, admin) = (&engine.app, &engine.admin);
    app.retire_authority(admin, "issuing").await.unwrap();
    // The one that it has is used up first.
    assert!(!signed_itself().await);
    engine.at(86_400 * 80);
    assert!(signed_itself().await);
    app.renew_responders().await.unwrap();
    app.reinstate_authority(admin, "issuing").await.unwrap();
    assert!(!signed_itself().await);
}
