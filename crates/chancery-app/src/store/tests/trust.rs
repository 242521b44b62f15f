//! Identity providers and trusted certificates.

use super::*;
use crate::identity_providers::IdentityProvider;
use crate::property::{PropertyValue, TrustFilter};
use crate::store::trust::TrustStep;
use crate::trusted_certificates::TrustedCertificate;

/// An identity provider whose id and name end in `n`.
pub(in crate::store) fn provider(n: u32) -> IdentityProvider {
    IdentityProvider {
        id: id(n),
        name: format!("provider {n}"),
        kind: "Federated".to_owned(),
        version: 0,
        properties: Vec::new(),
        certificates: Vec::new(),
        created: NOW,
    }
}

/// A trusted certificate whose id and name end in `n`.
pub(in crate::store) fn trusted(n: u32) -> TrustedCertificate {
    TrustedCertificate {
        id: id(n),
        name: format!("certificate {n}"),
        version: 0,
        der: der(),
        properties: Vec::new(),
        created: NOW,
    }
}

fn id(n: u32) -> String {
    format!("{n:032x}")
}

fn properties() -> Vec<(String, PropertyValue)> {
    vec![
        ("z".to_owned(), PropertyValue::Text(String::new())),
        ("a".to_owned(), PropertyValue::Flag(false)),
        ("m".to_owned(), PropertyValue::Number(i64::MIN)),
        ("b".to_owned(), PropertyValue::Flag(true)),
    ]
}

fn put(provider: IdentityProvider) -> Vec<Step> {
    vec![Step::Trust(TrustStep::PutProvider(provider))]
}

fn keep(certificate: TrustedCertificate) -> Vec<Step> {
    vec![Step::Trust(TrustStep::PutCertificate(certificate))]
}

#[track_caller]
fn check_refused(result: Result<Vec<CertificateNumber>, StoreError>, want: &str) {
    assert_eq!(format!("{:?}", result.unwrap_err()), want);
}

#[tokio::test]
async fn providers_are_read_back_changed_and_removed_with_their_domains() {
    on_every_store(async |store| {
        for n in [1, 2, 3] {
            store.commit(keep(trusted(n))).await.unwrap();
        }
        let first = IdentityProvider {
            properties: properties(),
            certificates: vec![id(3), id(1)],
            ..provider(9)
        };
        store.commit(put(first.clone())).await.unwrap();
        assert_eq!(store.identity_provider(id(9)).await.unwrap(), Some(first));
        let domain = store.domain(domain_id(&id(9))).await.unwrap().unwrap();
        assert_eq!(
            (domain.name.as_str(), domain.disabled),
            ("provider 9", false)
        );

        let second = IdentityProvider {
            name: "another".to_owned(),
            kind: "LDAP".to_owned(),
            version: 1,
            certificates: vec![id(2)],
            ..provider(9)
        };
        store.commit(put(second.clone())).await.unwrap();
        assert_eq!(store.identity_provider(id(9)).await.unwrap(), Some(second));
        let domain = store.domain(domain_id(&id(9))).await.unwrap().unwrap();
        assert_eq!(domain.name, "another");

        let remove = || store.commit(vec![Step::Trust(TrustStep::RemoveProvider(id(9)))]);
        remove().await.unwrap();
        assert_eq!(store.identity_provider(id(9)).await.unwrap(), None);
        assert_eq!(store.domain(domain_id(&id(9))).await.unwrap(), None);
        check_refused(remove().await, "Missing");
        // Nothing of it is left over for the next one.
        store.commit(put(provider(9))).await.unwrap();
        assert_eq!(
            store.identity_provider(id(9)).await.unwrap(),
            Some(provider(9))
        );
    })
    .await;
}

#[tokio::test]
async fn certificates_are_read_back_changed_and_removed() {
    on_every_store(async |store| {
        let first = TrustedCertificate {
            properties: properties(),
            ..trusted(1)
        };
        store.commit(keep(first.clone())).await.unwrap();
        assert_eq!(store.trusted_certificate(id(1)).await.unwrap(), Some(first));
        let second = TrustedCertificate {
            name: "another".to_owned(),
            version: 1,
            der: vec![7],
            ..trusted(1)
        };
        store.commit(keep(second.clone())).await.unwrap();
        assert_eq!(
            store.trusted_certificate(id(1)).await.unwrap(),
            Some(second)
        );
        let remove = || store.commit(vec![Step::Trust(TrustStep::RemoveCertificate(id(1)))]);
        remove().await.unwrap();
        assert_eq!(store.trusted_certificate(id(1)).await.unwrap(), None);
        check_refused(remove().await, "Missing");
    })
    .await;
}

#[tokio::test]
async fn only_the_next_version_is_stored() {
    on_every_store(async |store| {
        for version in 0..3 {
            let provider = IdentityProvider {
                version,
                ..provider(1)
            };
            let certificate = TrustedCertificate {
                version,
                ..trusted(1)
            };
            for stored in [false, true] {
                let put = store.commit(put(provider.clone())).await;
                let kept = store.commit(keep(certificate.clone())).await;
                if stored {
                    check_refused(put, "Stale");
                    check_refused(kept, "Stale");
                } else {
                    put.unwrap();
                    kept.unwrap();
                }
            }
        }
        let ahead = IdentityProvider {
            version: 9,
            ..provider(1)
        };
        check_refused(store.commit(put(ahead)).await, "Stale");
        let gone = TrustedCertificate {
            version: 1,
            ..trusted(2)
        };
        check_refused(store.commit(keep(gone)).await, "Stale");
    })
    .await;
}

#[tokio::test]
async fn what_is_referred_to_stays() {
    on_every_store(async |store| {
        settle(store).await;
        let mut referring = provider(1);
        referring.certificates = vec![id(1)];
        check_refused(
            store.commit(put(referring.clone())).await,
            "Conflict(NoSuchTrustedCertificate)",
        );
        assert_eq!(store.domain(domain_id(&id(1))).await.unwrap(), None);
        store.commit(keep(trusted(1))).await.unwrap();
        store.commit(put(referring)).await.unwrap();
        let remove = || store.commit(vec![Step::Trust(TrustStep::RemoveCertificate(id(1)))]);
        check_refused(remove().await, "Conflict(TrustedCertificateInUse)");

        let theirs = domain_id(&id(1));
        check_refused(
            store.commit(vec![Step::RemoveDomain(theirs)]).await,
            "Conflict(DomainHasProvider)",
        );
        store
            .commit(vec![Step::AddUser(user("u3", "eve", &id(1)))])
            .await
            .unwrap();
        let remove_provider = || store.commit(vec![Step::Trust(TrustStep::RemoveProvider(id(1)))]);
        check_refused(remove_provider().await, "Conflict(DomainHasUsers)");
        let there = store.identity_provider(id(1)).await.unwrap().unwrap();
        assert_eq!(there.certificates, [id(1)]);
        store
            .commit(vec![Step::RemoveUser(user_id("u3"))])
            .await
            .unwrap();
        remove_provider().await.unwrap();
        remove().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_domain_that_is_there_already_is_nobodys_to_take() {
    on_every_store(async |store| {
        store
            .commit(vec![Step::AddDomain(domain(&id(1)))])
            .await
            .unwrap();
        check_refused(store.commit(put(provider(1))).await, "Conflict(Domain)");
    })
    .await;
}

#[tokio::test]
async fn both_are_listed_by_name() {
    on_every_store(async |store| {
        for (n, name, kind) in [
            (1, "b", "LDAP"),
            (2, "a", "Federated"),
            (3, "b", "Federated"),
            (4, "C", "LDAP"),
        ] {
            let provider = IdentityProvider {
                name: name.to_owned(),
                kind: kind.to_owned(),
                ..provider(n)
            };
            let certificate = TrustedCertificate {
                name: name.to_owned(),
                ..trusted(n)
            };
            store.commit(put(provider)).await.unwrap();
            store.commit(keep(certificate)).await.unwrap();
        }
        let check = async |names: &[&str], kinds: &[&str], descending, want: &[u32]| {
            let strings = |all: &[&str]| all.iter().copied().map(str::to_owned).collect();
            let filter = TrustFilter {
                names: strings(names),
                kinds: strings(kinds),
                descending,
            };
            let want: Vec<String> = want.iter().copied().map(id).collect();
            let providers = store.identity_providers(filter.clone()).await.unwrap();
            let ids: Vec<String> = providers.into_iter().map(|it| it.id).collect();
            assert_eq!(ids, want, "{filter:?}");
            if kinds.is_empty() {
                let certificates = store.trusted_certificates(filter).await.unwrap();
                let ids: Vec<String> = certificates.into_iter().map(|it| it.id).collect();
                assert_eq!(ids, want);
            }
        };
        check(&[], &[], false, &[4, 2, 1, 3]).await;
        check(&[], &[], true, &[3, 1, 2, 4]).await;
        check(&["b", "C"], &[], false, &[4, 1, 3]).await;
        check(&["b", "a"], &["Federated"], false, &[2, 3]).await;
        check(&[], &["LDAP", "Federated"], true, &[3, 1, 2, 4]).await;
        check(&["B", "' OR 1=1"], &[], false, &[]).await;
    })
    .await;
}
