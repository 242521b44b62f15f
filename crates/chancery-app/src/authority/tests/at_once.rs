//! Several who change authorities at the same moment, on one server or on several that share a database: one has its way,
//! and the others hear what came of it.

use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::Refusal;
use futures_util::future::join_all;

use super::{conflicts, new};
use crate::authority::{AuthorityEntry, Rollover, SignedBy};
use crate::issue::{IssueRequest, KeySource, Placement};
use crate::search::CertificateRef;
use crate::store::Step;
use crate::store::authorities::{AuthorityStep, NewAuthority};
use crate::testing::Engine;
use crate::{Conflict, Error, IssueBy};

/// The one who had its way; the others all hear of this conflict.
fn one_of(all: Vec<Result<AuthorityEntry, Error>>, conflict: &Conflict) -> AuthorityEntry {
    let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    for refused in refused {
        conflicts(refused, conflict.clone());
    }
    let mut made = made.into_iter().map(Result::unwrap);
    let one = made.next().unwrap();
    assert!(made.next().is_none(), "more than one was made");
    one
}

impl Engine {
    async fn rolled_over_at_once(&self, how: Rollover) -> Vec<Result<AuthorityEntry, Error>> {
        let asked =
            (0..8).map(|_| (self.app).roll_authority_over(&self.admin, "issuing", how.clone()));
        join_all(asked).await
    }
}

/// Each of several who asked at the same moment made a successor of the one before.
#[tokio::test]
async fn rollovers_at_once_make_one_successor() {
    let engine = Engine::start().await;
    let all = engine.rolled_over_at_once(Rollover::default()).await;
    let next = "issuing-2".to_owned();
    assert_eq!(
        one_of(all, &Conflict::AuthoritySucceeded(next.clone())).name(),
        next
    );
    assert_eq!(engine.app.loaded().len(), 3);
    // Who asks later means the successor.
    let elsewhere = Rollover {
        elsewhere: true,
        ..Rollover::default()
    };
    let all = engine.rolled_over_at_once(elsewhere).await;
    let next = "issuing-3".to_owned();
    assert_eq!(
        one_of(all, &Conflict::AuthorityAwaited(next.clone())).name(),
        next
    );
}

#[tokio::test]
async fn of_authorities_with_one_name_one_is_made() {
    let engine = Engine::start().await;
    let added = [
        SignedBy::Itself,
        SignedBy::Elsewhere,
        SignedBy::Authority("root".to_owned()),
    ];
    let asked = added.iter().cycle().take(9);
    let asked =
        asked.map(|by| (engine.app).add_authority(&engine.admin, new("devices", by.clone())));
    one_of(join_all(asked).await, &Conflict::Authority);
}

/// What another server has committed is not in this one's memory: its commit is refused all the same.
#[tokio::test]
async fn another_servers_successor_stands() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let of = |name: &str| app.authority_named(name).unwrap();
    let elsewhere = NewAuthority {
        name: "other".to_owned(),
        parent: None,
        predecessor: Some("issuing".to_owned()),
        certificate: of("issuing").authority.certificate.clone(),
        sealed_key: None,
        created: app.now(),
    };
    let step = Step::Authority(AuthorityStep::Add(elsewhere));
    app.store().commit(vec![step]).await.unwrap();
    assert_eq!(of("issuing").successor, None);
    let how = Rollover::default();
    conflicts(
        app.roll_authority_over(admin, "issuing", how).await,
        Conflict::AuthoritySucceeded("other".to_owned()),
    );
    assert_eq!(of("issuing").successor.as_deref(), Some("other"));
    let again = new("other", SignedBy::Itself);
    conflicts(app.add_authority(admin, again).await, Conflict::Authority);
}

/// A certificate that was being signed while its authority was retired was committed just after.
#[tokio::test]
async fn what_was_signed_before_its_authority_was_stopped_is_not_committed_after() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let signed = async || {
        let request = IssueRequest {
            subject: Some(Name::parse("CN=joe").unwrap()),
            issuer: IssueBy::Default,
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        app.sign_new(request, Vec::new()).await.unwrap()
    };
    let place = async |signed| {
        let placement = Placement {
            owner: admin.user.id.clone(),
            domain: admin.user.domain.clone(),
            name: None,
            replaces: None,
            on_hold: false,
        };
        let placed = app.place(
            Some(admin),
            signed,
            placement,
            "certificate.issue",
            &[],
            Vec::new(),
        );
        placed.await.map(|_| ())
    };
    let (early, later) = (signed().await, signed().await);
    app.retire_authority(admin, "issuing").await.unwrap();
    let newest = app.store().newest_certificate().await.unwrap();
    let refused = place(early).await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::AuthorityRetired))),
        "{refused:?}"
    );
    assert_eq!(app.store().newest_certificate().await.unwrap(), newest);
    // It goes on to answer, so its responder gets a certificate.
    app.renew_responders().await.unwrap();
    app.reinstate_authority(admin, "issuing").await.unwrap();
    place(later).await.unwrap();

    let (early, later) = (signed().await, signed().await);
    let issuing = app.authority_named("issuing").unwrap();
    let own = CertificateRef::Id(issuing.registered.unwrap().0);
    app.hold(admin, &own).await.unwrap();
    let refused = place(early).await;
    assert!(
        matches!(refused, Err(Error::Policy(Refusal::AuthorityRevoked))),
        "{refused:?}"
    );
    app.release(admin, &own).await.unwrap();
    place(later).await.unwrap();
}
