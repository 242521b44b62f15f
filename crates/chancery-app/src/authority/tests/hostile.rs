//! Authorities in bad company: callers who hang up, certificates that came before they should, lists that say other things
//! than the operator, and what nobody looked after.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::x509::pem;

use super::super::ends::Ends;
use super::super::{Rollover, SUB_AUTHORITY, SignedBy};
use super::{AUTHORITYS, awaited, crl_elsewhere, is_invalid, root_elsewhere, there};
use crate::search::CertificateRef;
use crate::testing::{Engine, openssl};
use crate::{Error, ImportItem, ImportedStatus, IssueBy, IssueRequest, KeySource};

/// hyper drops what a caller who hangs up was waiting for: what was committed must be in memory all the same.
#[tokio::test]
async fn a_caller_who_hangs_up_leaves_store_and_memory_in_agreement() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let mut hung_up = 0;
    for polls in 1..40 {
        let mut change = Box::pin(async {
            match app.authority_named("issuing").unwrap().retired {
                true => app.reinstate_authority(admin, "issuing").await,
                false => app.retire_authority(admin, "issuing").await,
            }
        });
        for _ in 0..polls {
            let polled = poll_fn(|context| Poll::Ready(change.as_mut().poll(context)));
            match polled.await {
                Poll::Ready(done) => {
                    done.unwrap();
                    break;
                }
                Poll::Pending => tokio::time::sleep(Duration::from_micros(200)).await,
            }
            hung_up += 1;
        }
        drop(change);
        // What was under way holds the turn until it is done.
        drop(app.authority_turn().await);
        let stored = app.store().authorities().await.unwrap()[1].retired;
        let in_memory = app.authority_named("issuing").unwrap().retired;
        assert_eq!(stored, in_memory, "after {polls}");
    }
    assert!(hung_up > 0);
}

/// A name made for an authority above is none of a request either, or the import could never be made.
#[tokio::test]
async fn names_of_authorities_above_are_no_requests() {
    let engine = Engine::start().await;
    let root = root_elsewhere(engine.directory.path());
    let csr = awaited(engine.add("sub", SignedBy::Elsewhere).await).csr;
    engine.add("farroot", SignedBy::Elsewhere).await;
    let given = vec![engine.signed_elsewhere(&csr, AUTHORITYS), root];
    let app = &engine.app;
    let sub = app.import_authority(&engine.admin, "sub", given).await;
    let sub = there(sub.unwrap());
    assert_eq!(sub.authority.parent.as_deref(), Some("farroot-2"));
}

/// Whoever looks after certificates of elsewhere may have brought it in before it was an authority's.
#[tokio::test]
async fn a_certificate_that_is_there_already_becomes_the_authoritys() {
    let engine = Engine::start().await;
    let root = root_elsewhere(engine.directory.path());
    let (app, admin) = (&engine.app, &engine.admin);
    // Signed here by hand, and only then imported.
    let by_hand = awaited(engine.add("by-hand", SignedBy::Elsewhere).await).csr;
    let request = IssueRequest {
        profile: Some("sub-authority".to_owned()),
        issuer: IssueBy::Authority("root".to_owned()),
        ..IssueRequest::new(KeySource::Csr(by_hand))
    };
    let issued = app.issue(admin, request).await.unwrap().certificate;
    let given = vec![issued.der.unwrap()];
    let there_now = there(app.import_authority(admin, "by-hand", given).await.unwrap());
    assert_eq!(there_now.certificate_id, Some(issued.id));
    assert_eq!(
        engine.signs_for("by-hand").await.as_deref(),
        Some("by-hand")
    );
    // One between the root elsewhere and ours, imported as a certificate before.
    let folder = engine.directory.path();
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10000 -subj /CN=Middle -keyout mid.key \
         -out mid.pem -CA off.pem -CAkey off.key -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    let middle = pem::certificate_der(&std::fs::read(folder.join("mid.pem")).unwrap()).unwrap();
    let item = ImportItem {
        der: middle.clone(),
        owner: None,
        status: ImportedStatus::Active,
        private_key: None,
        name: None,
    };
    let brought = app.import(admin, vec![item]).await.unwrap();
    let brought = CertificateRef::Id(brought[0].certificate.id);
    let csr = awaited(engine.add("sub", SignedBy::Elsewhere).await).csr;
    std::fs::copy(folder.join("mid.pem"), folder.join("off.pem")).unwrap();
    std::fs::copy(folder.join("mid.key"), folder.join("off.key")).unwrap();
    let given = vec![engine.signed_elsewhere(&csr, AUTHORITYS), middle, root];
    // Not while it is on hold.
    app.hold(admin, &brought).await.unwrap();
    let held = app.import_authority(admin, "sub", given.clone()).await;
    is_invalid(held, "on hold or deleted");
    app.release(admin, &brought).await.unwrap();
    app.import_authority(admin, "sub", given).await.unwrap();
    let stored = app.find(&brought).await.unwrap();
    assert_eq!(stored.profile.as_deref(), Some(SUB_AUTHORITY));
    assert_eq!(engine.signs_for("sub").await.as_deref(), Some("sub"));
    // Its revocation is noticed at once.
    app.revoke(admin, &brought, Reason::CaCompromise)
        .await
        .unwrap();
    assert_eq!(engine.signs_for("sub").await, None);
    let engine = engine.restarted().await;
    assert_eq!(engine.signs_for("sub").await, None);
}

/// Anybody who may import could else have taken it, and deleted it, before its authority got it.
#[tokio::test]
async fn the_certificate_of_an_authority_to_be_is_nobodys_to_import() {
    let engine = Engine::start().await;
    root_elsewhere(engine.directory.path());
    let csr = awaited(engine.add("sub", SignedBy::Elsewhere).await).csr;
    let item = ImportItem {
        der: engine.signed_elsewhere(&csr, AUTHORITYS),
        owner: None,
        status: ImportedStatus::Active,
        private_key: None,
        name: None,
    };
    match engine.app.import(&engine.admin, vec![item]).await {
        Err(Error::InvalidItems(items)) => {
            assert!(items[0].1.contains("authority sub"), "{items:?}")
        }
        other => panic!("{other:?}"),
    }
}

/// The list came before the certificate.
#[tokio::test]
async fn what_is_revoked_by_a_list_that_is_here_is_not_imported() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let (app, admin) = (&engine.app, &engine.admin);
    engine.below_root_elsewhere("one").await;
    let two = awaited(engine.add("two", SignedBy::Elsewhere).await).csr;
    let certificate = engine.signed_elsewhere(&two, AUTHORITYS);
    let facts = chancery_core::x509::read_certificate(&certificate).unwrap();
    let serial = hex::encode_upper(facts.serial.magnitude());
    let list = crl_elsewhere(folder, 1, Some((&serial, "superseded")));
    app.import_crl(admin, "farroot", list).await.unwrap();
    let refused = app.import_authority(admin, "two", vec![certificate]).await;
    is_invalid(
        refused,
        "says that the certificate of CN=two,O=Example is revoked",
    );
}

/// Only the list that set a hold ends it.
#[tokio::test]
async fn a_list_does_not_end_a_hold_that_was_set_here() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let (app, admin) = (&engine.app, &engine.admin);
    let sub = engine.below_root_elsewhere("sub").await;
    let sub = CertificateRef::Id(sub.certificate_id.unwrap());
    app.hold(admin, &sub).await.unwrap();
    for number in 1..3 {
        let list = crl_elsewhere(folder, number, None);
        app.import_crl(admin, "farroot", list).await.unwrap();
        assert_eq!(engine.signs_for("sub").await, None);
    }
    app.release(admin, &sub).await.unwrap();
    assert_eq!(engine.signs_for("sub").await.as_deref(), Some("sub"));
}

/// This server signs CRLs with every key that it has, which nobody would then accept.
#[tokio::test]
async fn an_authority_that_may_not_sign_crls_is_not_imported() {
    let engine = Engine::start().await;
    let root = root_elsewhere(engine.directory.path());
    let csr = awaited(engine.add("sub", SignedBy::Elsewhere).await).csr;
    let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
    let given = vec![engine.signed_elsewhere(&csr, extensions), root];
    let refused = engine
        .app
        .import_authority(&engine.admin, "sub", given)
        .await;
    is_invalid(refused, "cRLSign");
}

/// Who operates it is told in time, and not of what is left behind.
#[tokio::test]
async fn what_ends_soon_is_told_until_somebody_saw_to_it() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let (app, admin) = (&engine.app, &engine.admin);
    engine.below_root_elsewhere("sub").await;
    let list = crl_elsewhere(folder, 1, None);
    app.import_crl(admin, "farroot", list).await.unwrap();
    let told = || {
        let mut told: Vec<_> = app
            .endings()
            .into_iter()
            .map(|ending| (ending.authority, ending.what))
            .collect();
        told.sort_by_key(|(name, _)| name.clone());
        told
    };
    let of = |names: &[&str]| -> Vec<_> {
        let told = names
            .iter()
            .map(|name| ((*name).to_owned(), Ends::Authority));
        told.collect()
    };
    assert_eq!(told(), []);
    // The issuing authority lives for 3650 days.
    engine.at(86_400 * 3_270);
    assert_eq!(told(), []);
    engine.at(86_400 * 3_300);
    assert_eq!(told(), of(&["issuing"]));
    app.roll_authority_over(admin, "issuing", Rollover::default())
        .await
        .unwrap();
    assert_eq!(told(), []);
    // The one imported for 5000 days is told of after its end too, and then the list.
    engine.at(86_400 * 6_000);
    assert_eq!(told(), of(&["sub"]));
    app.retire_authority(admin, "sub").await.unwrap();
    assert_eq!(told(), []);
    engine.at(86_400 * 14_950);
    let list = ("farroot".to_owned(), Ends::Crl);
    assert!(told().contains(&list), "{:?}", told());
    app.warn_of_endings();
}

/// A request that leads nowhere must not stand in the way for ever.
#[tokio::test]
async fn a_request_is_taken_back_and_another_rollover_made() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let elsewhere = Rollover {
        elsewhere: true,
        ..Rollover::default()
    };
    let next = app.roll_authority_over(admin, "issuing", elsewhere).await;
    assert_eq!(next.unwrap().name(), "issuing-2");
    let again = app.roll_authority_over(admin, "issuing", Rollover::default());
    assert!(matches!(again.await, Err(Error::Conflict(_))));
    let nobody = engine
        .user("joe", "default", Role::DomainAdministrator)
        .await;
    let refused = app.withdraw_authority_request(&nobody, "issuing-2").await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let there = app.withdraw_authority_request(admin, "issuing").await;
    is_invalid(there, "retire it");
    app.withdraw_authority_request(admin, "issuing-2")
        .await
        .unwrap();
    let gone = app.withdraw_authority_request(admin, "issuing-2").await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    let next = app.roll_authority_over(admin, "issuing", Rollover::default());
    assert_eq!(next.await.unwrap().name(), "issuing-2");
    assert_eq!(
        engine.signs_for("issuing").await.as_deref(),
        Some("issuing-2")
    );
}

/// Clients that look at CRLs could else not reach the server after the rollover that follows a revocation.
#[tokio::test]
async fn the_server_takes_another_certificate_when_its_authority_is_revoked() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let names = ["localhost".to_owned()];
    let current = async || app.server_certificate(&names).await.unwrap().chain;
    let first = current().await;
    let issuing = there(app.authority_entry(admin, "issuing").await.unwrap());
    let issuing = CertificateRef::Id(issuing.certificate_id.unwrap());
    app.revoke(admin, &issuing, Reason::CaCompromise)
        .await
        .unwrap();
    // There is no better one yet.
    assert_eq!(current().await, first);
    app.roll_authority_over(admin, "issuing", Rollover::default())
        .await
        .unwrap();
    let second = current().await;
    assert_ne!(second, first);
    assert_eq!(second[1], app.authority_chain("issuing-2").unwrap()[0]);
    assert_eq!(current().await, second);
}
