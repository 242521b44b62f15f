//! What every database behind [`Store`] must do: one suite, written against the trait, run on each of them.

mod accounts;
mod certificates;
pub(super) mod crls;
pub(super) mod listings;
mod orders;
mod people;
mod records;
mod trail;
pub(super) mod trust;

use std::sync::Arc;

use base64::Engine;
use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::name::Name;
use chancery_core::role::Role;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use super::accounts::StoredUser;
use super::authorities::NewAuthority;
use super::certificates::{CertificateKey, IssuerKey, NewCertificate};
use super::sqlite::SqliteStore;
use super::{Conflict, Step, Store, StoreError};
use crate::config::StoreConfig;
use crate::store::authorities::AuthorityStep;
use crate::users::{Domain, Person, User};

/// Issued by `/O=Chancery/CN=Test CA` to `/C=US/O=Example/CN=joe`, made by OpenSSL.
const CERTIFICATE: &str = "MIIBPzCB5wIIEjRWeJCrze8wCgYIKoZIzj0EAwIwJTERMA8GA1UECgwIQ2hhbmNlcnkxEDAOBgNVBAMMB1Rlc3Qg\
    Q0EwHhcNMjYxMTIyMTIzMjEzWhcNMjcxMTIyMTIzMjEzWjAtMQswCQYDVQQGEwJVUzEQMA4GA1UECgwHRXhhbXBsZTEMMAoGA1UEAwwDam9lMFkw\
    EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEddkqwU9rLMKou4yIKtcYH9yXHpWSM/fiAdiV7UAORYAzJnmMD6YV1o2SufDIpY2nVmhSOLis2SlsCbvP\
    +rsijDAKBggqhkjOPQQDAgNHADBEAiAZp3JCJ0D9F9OhWrcFPlafFEjlWX7gfOs6nJyGwm3VVwIgLXKa6kks5eIsq5AhFyHWnBwI19uHN8gSQZnK\
    igWt9LY=";

/// The moment at which the tests take place.
pub(super) const NOW: Time = Time::from_unix(1_800_000_000);

/// Runs a test on a new store of every kind.
pub(super) async fn on_every_store(test: impl AsyncFn(&dyn Store)) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite =
        SqliteStore::open(&directory.path().join("test.db"), &StoreConfig::default()).unwrap();
    test(&sqlite).await;
}

/// Adds domain `d1` with the user `u1`, domain `d2` with the user `u2`, and the authority `issuing` with number 1.
pub(super) async fn settle(store: &dyn Store) {
    let steps = vec![
        Step::AddDomain(domain("d1")),
        Step::AddDomain(domain("d2")),
        Step::AddUser(user("u1", "joe", "d1")),
        Step::AddUser(user("u2", "ann", "d2")),
        add_authority("issuing", None),
    ];
    assert!(store.commit(steps).await.unwrap().is_empty());
}

pub(super) fn domain(id: &str) -> Domain {
    Domain {
        id: domain_id(id),
        name: format!("Domain {id}"),
        disabled: false,
        created: NOW,
    }
}

pub(super) fn user(id: &str, name: &str, domain: &str) -> StoredUser {
    StoredUser {
        user: User {
            id: user_id(id),
            name: name.to_owned(),
            domain: domain_id(domain),
            roles: vec![Role::SelfService],
            disabled: false,
            has_password: false,
            has_api_key: false,
            created: NOW,
            person: Person::default(),
            expires: None,
            certificate: None,
        },
        password: None,
        api_key: None,
    }
}

pub(super) fn authority(name: &str, parent: Option<&str>) -> NewAuthority {
    NewAuthority {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        predecessor: None,
        certificate: der(),
        sealed_key: Some(vec![1, 2, 3]),
        created: NOW,
    }
}

fn add_authority(name: &str, parent: Option<&str>) -> Step {
    Step::Authority(AuthorityStep::Add(authority(name, parent)))
}

#[track_caller]
fn check_conflict(result: Result<Vec<CertificateNumber>, StoreError>, want: Conflict) {
    assert!(
        matches!(&result, Err(StoreError::Conflict(conflict)) if *conflict == want),
        "{result:?}"
    );
}

/// An active certificate of `u1` in `d1`, issued by authority 1; `n` tells its id, name, serial number and key from others.
pub(super) fn certificate(n: u32) -> NewCertificate {
    let mut key = [0; 20];
    key[16..].copy_from_slice(&n.to_be_bytes());
    NewCertificate {
        id: certificate_id(n),
        name: format!("certificate-{n}"),
        origin: Origin::Issued,
        authority: Some(1),
        der: Some(der()),
        names: None,
        issuer_key: IssuerKey::of(&issuer()),
        serial: serial(n),
        subject_line: format!("/C=US/O=Example/CN=joe-{n}"),
        subject_key_id: key,
        not_before: NOW.plus_days(-1),
        not_after: NOW.plus_days(365),
        owner: user_id("u1"),
        domain: domain_id("d1"),
        profile: Some("general".to_owned()),
        state: State::Active,
        created: NOW,
        sealed_key: None,
        replaces: None,
    }
}

pub(super) fn add(new: NewCertificate) -> Step {
    Step::AddCertificate(Box::new(new))
}

/// Stores one certificate and gives its number.
pub(super) async fn stored(store: &dyn Store, new: NewCertificate) -> CertificateNumber {
    let numbers = store.commit(vec![add(new)]).await.unwrap();
    assert_eq!(numbers.len(), 1);
    numbers[0]
}

pub(super) async fn moved(
    store: &dyn Store,
    certificate: CertificateNumber,
    from: State,
    to: State,
    at: Time,
) -> Result<(), StoreError> {
    store
        .commit(vec![Step::Move {
            certificate,
            from,
            to,
            at,
        }])
        .await
        .map(|_| ())
}

/// The certificate with that number, which must be there.
pub(super) async fn read(store: &dyn Store, number: CertificateNumber) -> Certificate {
    store
        .certificate(CertificateKey::Number(number))
        .await
        .unwrap()
        .unwrap()
}

pub(super) fn der() -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(CERTIFICATE)
        .unwrap()
}

pub(super) fn issuer() -> Name {
    Name::parse("/O=Chancery/CN=Test CA").unwrap()
}

pub(super) fn serial(n: u32) -> Serial {
    Serial::from_magnitude(&n.to_be_bytes())
}

pub(super) fn certificate_id(n: u32) -> CertificateId {
    let mut random = [0; 8];
    random[4..].copy_from_slice(&n.to_be_bytes());
    CertificateId::new(NOW, random)
}

pub(super) fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

pub(super) fn domain_id(text: &str) -> DomainId {
    DomainId::parse(text).unwrap()
}

/// Totals count what leaves the list, so nothing may be stored that has left it already.
#[tokio::test]
async fn nothing_is_stored_as_deleted() {
    on_every_store(async |store| {
        settle(store).await;
        for state in [State::Deleted(None), State::Purged(None)] {
            let new = NewCertificate {
                state,
                ..certificate(1)
            };
            let outcome = store.commit(vec![add(new)]).await;
            assert!(matches!(outcome, Err(StoreError::Broken(_))), "{outcome:?}");
        }
    })
    .await;
}

/// Many writers at once: every write is there, and they shared commits.
#[tokio::test]
async fn waiting_writes_share_commits_and_stand_alone() {
    let directory = tempfile::tempdir().unwrap();
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(
        SqliteStore::open(&directory.path().join("test.db"), &StoreConfig::default()).unwrap(),
    )];
    for store in stores {
        settle(store.as_ref()).await;
        let before = store.stats();
        let writes: Vec<_> = (0..200)
            .map(|n| {
                let store = Arc::clone(&store);
                // Every fourth is there already.
                let n = if n % 4 == 3 { n - 1 } else { n };
                tokio::spawn(async move { store.commit(vec![add(certificate(n))]).await })
            })
            .collect();
        let mut conflicts = 0;
        for write in writes {
            match write.await.unwrap() {
                Ok(numbers) => assert_eq!(numbers.len(), 1),
                Err(StoreError::Conflict(_)) => conflicts += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(conflicts, 50);
        let after = store.stats();
        assert_eq!(after.commands - before.commands, 200);
        assert!(after.commits - before.commits < 100, "{after:?}");
    }
}
