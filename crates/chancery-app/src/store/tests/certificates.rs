//! Certificates: storing, finding, moving, purging, and what CRLs are told.

use chancery_core::certificate::{Origin, State};
use chancery_core::crl::CrlEntry;
use chancery_core::ocsp::CertStatus;
use chancery_core::plan::Refusal;
use chancery_core::revocation::Reason;

use super::crls::listed;
use super::*;
use crate::store::Conflict;
use crate::store::authorities::AuthorityStep;

#[tokio::test]
async fn what_is_stored_is_read_back_by_every_key() {
    on_every_store(async |store| {
        settle(store).await;
        let old = stored(store, certificate(1)).await;
        let new = NewCertificate {
            sealed_key: Some(vec![7; 40]),
            replaces: Some(old),
            owner: user_id("u2"),
            domain: domain_id("d2"),
            ..certificate(2)
        };
        let number = stored(store, new).await;
        let want = Certificate {
            number,
            id: certificate_id(2),
            name: "certificate-2".to_owned(),
            origin: Origin::Issued,
            authority: Some("issuing".to_owned()),
            der: Some(der()),
            issuer: issuer_of_der(),
            subject: subject_of_der(),
            serial: serial(2),
            subject_key_id: certificate(2).subject_key_id,
            not_before: NOW.plus_days(-1),
            not_after: NOW.plus_days(365),
            owner: user_id("u2"),
            domain: domain_id("d2"),
            profile: Some("general".to_owned()),
            state: State::Active,
            state_since: NOW,
            created: NOW,
            has_private_key: true,
            replaces: Some(certificate_id(1)),
            replaced_by: None,
        };
        let keys = [
            CertificateKey::Number(number),
            CertificateKey::Id(certificate_id(2)),
            CertificateKey::Name("certificate-2".to_owned()),
            CertificateKey::Issued(IssuerKey::of(&issuer()), serial(2)),
        ];
        for key in keys {
            assert_eq!(
                store.certificate(key.clone()).await.unwrap().as_ref(),
                Some(&want),
                "{key:?}"
            );
        }
        assert_eq!(store.private_key(number).await.unwrap(), Some(vec![7; 40]));
        assert_eq!(store.private_key(old).await.unwrap(), None);
        assert_eq!(read(store, old).await.replaced_by, Some(certificate_id(2)));
        let newest = stored(
            store,
            NewCertificate {
                replaces: Some(old),
                ..certificate(3)
            },
        )
        .await;
        assert!(newest > number);
        assert_eq!(read(store, old).await.replaced_by, Some(certificate_id(3)));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    on_every_store(async |store| {
        for key in [
            CertificateKey::Number(1),
            CertificateKey::Id(certificate_id(1)),
            CertificateKey::Name("certificate-1".to_owned()),
            CertificateKey::Issued(IssuerKey::of(&issuer()), serial(1)),
        ] {
            assert_eq!(store.certificate(key).await.unwrap(), None);
        }
        assert_eq!(store.private_key(1).await.unwrap(), None);
        assert_eq!(store.revocation_generation(1).await.unwrap(), 0);
        assert!(matches!(
            store.next_crl_number(1).await,
            Err(StoreError::Missing)
        ));
        assert_eq!(listed(store, 1, NOW).await, []);
    })
    .await;
}

#[tokio::test]
async fn second_certificates_are_refused_by_what_is_the_same() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let same_id = NewCertificate {
            id: certificate_id(1),
            ..certificate(2)
        };
        let same_name = NewCertificate {
            name: "certificate-1".to_owned(),
            ..certificate(2)
        };
        let same_serial = NewCertificate {
            serial: serial(1),
            ..certificate(2)
        };
        let same_everything = certificate(1);
        for (new, want) in [
            (same_id, Conflict::CertificateName),
            (same_name, Conflict::CertificateName),
            (same_serial, Conflict::Certificate),
            (same_everything, Conflict::Certificate),
        ] {
            check_conflict(store.commit(vec![add(new)]).await, want);
        }
        let of_other_issuer = NewCertificate {
            serial: serial(1),
            issuer_key: IssuerKey([9; 16]),
            authority: None,
            ..certificate(2)
        };
        stored(store, of_other_issuer).await;
    })
    .await;
}

#[tokio::test]
async fn certificates_need_their_owner_and_domain() {
    on_every_store(async |store| {
        settle(store).await;
        for new in [
            NewCertificate {
                owner: user_id("u9"),
                ..certificate(1)
            },
            NewCertificate {
                domain: domain_id("d9"),
                ..certificate(1)
            },
        ] {
            assert!(matches!(
                store.commit(vec![add(new)]).await,
                Err(StoreError::Missing)
            ));
        }
    })
    .await;
}

#[tokio::test]
async fn a_commit_is_done_whole_or_not_at_all() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let steps = vec![
            add(certificate(2)),
            Step::KeepSecret("s".into(), vec![1]),
            add(certificate(1)),
        ];
        assert!(matches!(
            store.commit(steps).await,
            Err(StoreError::Conflict(Conflict::Certificate))
        ));
        assert_eq!(
            store
                .certificate(CertificateKey::Id(certificate_id(2)))
                .await
                .unwrap(),
            None
        );
        assert_eq!(store.secret("s".into()).await.unwrap(), None);
        let numbers = store
            .commit(vec![
                add(certificate(2)),
                Step::KeepSecret("s".into(), vec![1]),
                add(certificate(3)),
            ])
            .await;
        let numbers = numbers.unwrap();
        assert_eq!(read(store, numbers[0]).await.id, certificate_id(2));
        assert_eq!(read(store, numbers[1]).await.id, certificate_id(3));
        assert_eq!(store.secret("s".into()).await.unwrap(), Some(vec![1]));
    })
    .await;
}

#[tokio::test]
async fn moves_start_from_the_state_that_was_read() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(store, certificate(1)).await;
        let revoked = State::Revoked(Reason::KeyCompromise);
        moved(store, number, State::Active, revoked, NOW.plus_days(1))
            .await
            .unwrap();
        let after = read(store, number).await;
        assert_eq!(
            (after.state, after.state_since),
            (revoked, NOW.plus_days(1))
        );
        for from in [
            State::Active,
            State::Revoked(Reason::Superseded),
            State::Deleted(Some(Reason::KeyCompromise)),
        ] {
            let stale = moved(
                store,
                number,
                from,
                State::Deleted(Some(Reason::KeyCompromise)),
                NOW,
            )
            .await;
            assert!(matches!(stale, Err(StoreError::Stale)), "{from:?}");
        }
        let missing = moved(store, number + 1, State::Active, revoked, NOW).await;
        assert!(matches!(missing, Err(StoreError::Missing)));
        assert_eq!(read(store, number).await, after);
    })
    .await;
}

#[tokio::test]
async fn a_commit_can_expect_a_state() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(store, certificate(1)).await;
        let expecting = |number, state| {
            store.commit(vec![
                Step::ExpectState(number, state),
                Step::KeepSecret("s".into(), vec![1]),
            ])
        };
        for (number, state) in [
            (number, State::OnHold),
            (number, State::Revoked(Reason::Superseded)),
            (number + 1, State::Active),
        ] {
            let refused = expecting(number, state).await;
            assert!(matches!(refused, Err(StoreError::Stale)), "{state:?}");
        }
        assert_eq!(store.secret("s".into()).await.unwrap(), None);
        expecting(number, State::Active).await.unwrap();
        assert_eq!(store.secret("s".into()).await.unwrap(), Some(vec![1]));
    })
    .await;
}

#[tokio::test]
async fn a_compromised_key_is_never_sound_again() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(store, certificate(1)).await;
        let key = certificate(1).subject_key_id;
        let expect = || store.commit(vec![Step::ExpectSoundKey(key)]);
        expect().await.unwrap();
        let superseded = stored(
            store,
            NewCertificate {
                subject_key_id: key,
                ..certificate(2)
            },
        )
        .await;
        moved(
            store,
            superseded,
            State::Active,
            State::Revoked(Reason::Superseded),
            NOW,
        )
        .await
        .unwrap();
        expect().await.unwrap();
        let compromised = Reason::KeyCompromise;
        moved(
            store,
            number,
            State::Active,
            State::Revoked(compromised),
            NOW,
        )
        .await
        .unwrap();
        let moves = [
            (
                State::Revoked(compromised),
                State::Deleted(Some(compromised)),
            ),
            (
                State::Deleted(Some(compromised)),
                State::Purged(Some(compromised)),
            ),
        ];
        for (from, to) in moves {
            assert!(matches!(
                expect().await,
                Err(StoreError::Conflict(Conflict::KeyCompromised))
            ));
            moved(store, number, from, to, NOW).await.unwrap();
        }
        assert!(matches!(
            expect().await,
            Err(StoreError::Conflict(Conflict::KeyCompromised))
        ));
        store
            .commit(vec![Step::ExpectSoundKey(certificate(3).subject_key_id)])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_purge_wipes_der_and_key_and_keeps_the_facts() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(
            store,
            NewCertificate {
                sealed_key: Some(vec![7]),
                ..certificate(1)
            },
        )
        .await;
        let ended = Some(Reason::CessationOfOperation);
        moved(
            store,
            number,
            State::Active,
            State::Deleted(ended),
            NOW.plus_days(1),
        )
        .await
        .unwrap();
        let deleted = read(store, number).await;
        moved(
            store,
            number,
            State::Deleted(ended),
            State::Purged(ended),
            NOW.plus_days(2),
        )
        .await
        .unwrap();
        let purged = read(store, number).await;
        let want = Certificate {
            der: None,
            has_private_key: false,
            state: State::Purged(ended),
            state_since: NOW.plus_days(2),
            ..deleted
        };
        assert_eq!(purged, want);
        assert_eq!(purged.subject.to_string(), subject_of_der().to_string());
        assert_eq!(store.private_key(number).await.unwrap(), None);
        let entry = CrlEntry {
            serial: serial(1),
            revoked: NOW.plus_days(1),
            reason: Reason::CessationOfOperation,
        };
        assert_eq!(listed(store, 1, NOW).await, [entry]);
    })
    .await;
}

#[tokio::test]
async fn revocation_data_hold_what_is_revoked_and_unexpired() {
    on_every_store(async |store| {
        settle(store).await;
        store
            .commit(vec![add_authority("other", Some("issuing"))])
            .await
            .unwrap();
        let old = NewCertificate {
            not_after: NOW.plus_days(2),
            ..certificate(1)
        };
        let other = NewCertificate {
            authority: Some(2),
            ..certificate(2)
        };
        let imported = NewCertificate {
            authority: None,
            origin: Origin::Imported,
            ..certificate(3)
        };
        let mut numbers = Vec::new();
        for new in [
            old,
            other,
            imported,
            certificate(4),
            certificate(5),
            certificate(6),
        ] {
            numbers.push(stored(store, new).await);
        }
        let revoked = State::Revoked(Reason::Superseded);
        for number in &numbers[..4] {
            moved(store, *number, State::Active, revoked, NOW)
                .await
                .unwrap();
        }
        moved(store, numbers[4], State::Active, State::OnHold, NOW)
            .await
            .unwrap();
        let serials = async |authority, time| -> Vec<Serial> {
            listed(store, authority, time)
                .await
                .into_iter()
                .map(|entry| entry.serial)
                .collect()
        };
        assert_eq!(serials(1, NOW).await, [serial(1), serial(4), serial(5)]);
        assert_eq!(
            serials(1, NOW.plus_days(2)).await,
            [serial(1), serial(4), serial(5)]
        );
        assert_eq!(serials(1, NOW.plus_days(3)).await, [serial(4), serial(5)]);
        assert_eq!(serials(2, NOW).await, [serial(2)]);
        moved(store, numbers[4], State::OnHold, State::Active, NOW)
            .await
            .unwrap();
        assert_eq!(serials(1, NOW.plus_days(3)).await, [serial(4)]);
    })
    .await;
}

/// X.509, section 9.5.3.1: what was held and is then revoked for good counts as revoked since the hold.
#[tokio::test]
async fn revocation_dates_start_with_the_hold_and_outlive_deletion() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(store, certificate(1)).await;
        let (hold, final_revocation, deletion) =
            (NOW.plus_days(1), NOW.plus_days(2), NOW.plus_days(3));
        let reason = Reason::KeyCompromise;
        let entry = |reason| CrlEntry {
            serial: serial(1),
            revoked: hold,
            reason,
        };
        moved(store, number, State::Active, State::OnHold, hold)
            .await
            .unwrap();
        assert_eq!(
            listed(store, 1, NOW).await,
            [entry(Reason::CertificateHold)]
        );
        moved(
            store,
            number,
            State::OnHold,
            State::Revoked(reason),
            final_revocation,
        )
        .await
        .unwrap();
        assert_eq!(listed(store, 1, NOW).await, [entry(reason)]);
        moved(
            store,
            number,
            State::Revoked(reason),
            State::Deleted(Some(reason)),
            deletion,
        )
        .await
        .unwrap();
        assert_eq!(listed(store, 1, NOW).await, [entry(reason)]);
        assert_eq!(read(store, number).await.state_since, deletion);
    })
    .await;
}

#[tokio::test]
async fn the_generation_grows_with_every_change_of_revocation_data_and_no_other() {
    on_every_store(async |store| {
        settle(store).await;
        let superseded = Some(Reason::Superseded);
        let number = stored(store, certificate(1)).await;
        let gone = stored(store, certificate(2)).await;
        let imported = stored(
            store,
            NewCertificate {
                authority: None,
                ..certificate(3)
            },
        )
        .await;
        let moves = [
            (number, State::Active, State::OnHold, 1),
            (number, State::OnHold, State::Active, 2),
            (number, State::Active, State::OnHold, 3),
            (number, State::OnHold, State::Revoked(Reason::Superseded), 4),
            (
                number,
                State::Revoked(Reason::Superseded),
                State::Deleted(superseded),
                4,
            ),
            (
                number,
                State::Deleted(superseded),
                State::Purged(superseded),
                4,
            ),
            (gone, State::Active, State::Deleted(None), 4),
            (
                imported,
                State::Active,
                State::Revoked(Reason::KeyCompromise),
                4,
            ),
        ];
        assert_eq!(store.revocation_generation(1).await.unwrap(), 0);
        for (number, from, to, want) in moves {
            moved(store, number, from, to, NOW).await.unwrap();
            assert_eq!(
                store.revocation_generation(1).await.unwrap(),
                want,
                "{from:?} to {to:?}"
            );
        }
        stored(
            store,
            NewCertificate {
                state: State::Revoked(Reason::KeyCompromise),
                ..certificate(4)
            },
        )
        .await;
        assert_eq!(store.revocation_generation(1).await.unwrap(), 5);
    })
    .await;
}

#[tokio::test]
async fn crl_numbers_only_grow() {
    on_every_store(async |store| {
        settle(store).await;
        store
            .commit(vec![add_authority("other", None)])
            .await
            .unwrap();
        for want in 1..=3 {
            assert_eq!(store.next_crl_number(1).await.unwrap(), want);
        }
        assert_eq!(store.next_crl_number(2).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn authorities_are_listed_in_the_order_of_making() {
    on_every_store(async |store| {
        store
            .commit(vec![add_authority("root", None)])
            .await
            .unwrap();
        let issuing = NewAuthority {
            sealed_key: None,
            ..authority("issuing", Some("root"))
        };
        store
            .commit(vec![Step::Authority(AuthorityStep::Add(issuing))])
            .await
            .unwrap();
        let all = store.authorities().await.unwrap();
        let seen: Vec<_> = all
            .iter()
            .map(|a| {
                (
                    a.id,
                    a.name.as_str(),
                    a.parent.as_deref(),
                    a.sealed_key.is_some(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [(1, "root", None, true), (2, "issuing", Some("root"), false)]
        );
        assert!(all.iter().all(|a| a.certificate == der()));
        let again = store.commit(vec![add_authority("root", None)]).await;
        assert!(matches!(
            again,
            Err(StoreError::Conflict(Conflict::Authority))
        ));
        let orphan = store.commit(vec![add_authority("x", Some("nobody"))]).await;
        assert!(matches!(orphan, Err(StoreError::Missing)));
    })
    .await;
}

/// An authority signs while neither it nor one above it was stopped; what was retired above it goes on to vouch for it.
#[tokio::test]
async fn a_stopped_authority_signs_nothing_more() {
    on_every_store(async |store| {
        let register = |authority: &str, n| {
            Step::Authority(AuthorityStep::Register {
                authority: authority.to_owned(),
                certificate: Box::new(NewCertificate {
                    authority: None,
                    ..certificate(n)
                }),
            })
        };
        settle(store).await;
        let steps = vec![
            add_authority("root", None),
            add_authority("middle", Some("root")),
            add_authority("low", Some("middle")),
            register("middle", 1),
            register("low", 2),
        ];
        assert_eq!(store.commit(steps).await.unwrap(), [1, 2]);
        let signs = async || {
            let step = AuthorityStep::ExpectSigning(4);
            match store.commit(vec![Step::Authority(step)]).await {
                Ok(_) => None,
                Err(StoreError::Policy(refusal)) => Some(refusal),
                Err(error) => panic!("{error}"),
            }
        };
        let done = async |step| store.commit(vec![Step::Authority(step)]).await.unwrap();
        assert_eq!(signs().await, None);
        done(AuthorityStep::Retire(3, NOW)).await;
        assert_eq!(signs().await, None, "it was the one above that was retired");
        done(AuthorityStep::Retire(4, NOW)).await;
        assert_eq!(signs().await, Some(Refusal::AuthorityRetired));
        done(AuthorityStep::Reinstate(4)).await;
        for number in [1, 2] {
            let to = State::OnHold;
            moved(store, number, State::Active, to, NOW).await.unwrap();
            assert_eq!(signs().await, Some(Refusal::AuthorityRevoked), "{number}");
            moved(store, number, to, State::Active, NOW).await.unwrap();
            assert_eq!(signs().await, None);
        }
        let gone = store
            .commit(vec![Step::Authority(AuthorityStep::ExpectSigning(9))])
            .await;
        assert!(matches!(gone, Err(StoreError::Missing)));
    })
    .await;
}

fn issuer_of_der() -> Name {
    chancery_core::x509::read_certificate(&der())
        .unwrap()
        .issuer
}

fn subject_of_der() -> Name {
    chancery_core::x509::read_certificate(&der())
        .unwrap()
        .subject
}

#[tokio::test]
async fn statuses_are_told_in_the_order_of_asking() {
    on_every_store(async |store| {
        settle(store).await;
        let imported = NewCertificate {
            origin: Origin::Imported,
            authority: None,
            ..certificate(5)
        };
        for new in [certificate(1), certificate(2), certificate(3), imported] {
            stored(store, new).await;
        }
        let superseded = State::Revoked(Reason::Superseded);
        let (hold, later) = (NOW.plus_days(1), NOW.plus_days(2));
        for (number, from, to, at) in [
            (2, State::Active, State::OnHold, hold),
            (3, State::Active, State::OnHold, hold),
            (3, State::OnHold, superseded, later),
            (
                3,
                superseded,
                State::Deleted(Some(Reason::Superseded)),
                later,
            ),
        ] {
            moved(store, number, from, to, at).await.unwrap();
        }
        let statuses = async |authority: i64, serials: &[u32]| {
            let issuer = IssuerKey::of(&issuer());
            let serials = serials.iter().map(|number| serial(*number)).collect();
            let told = store.certificate_statuses(authority, issuer, serials).await;
            told.unwrap()
        };
        let revoked = |reason| CertStatus::Revoked { at: hold, reason };
        let (good, unknown) = (CertStatus::Good, CertStatus::Unknown);
        assert_eq!(
            statuses(1, &[4, 3, 2, 1, 1, 5]).await,
            [
                unknown,
                revoked(Reason::Superseded),
                revoked(Reason::CertificateHold),
                good,
                good,
                unknown
            ]
        );
        assert_eq!(statuses(2, &[1, 2]).await, [unknown, unknown]);
        assert_eq!(statuses(1, &[]).await, []);
        moved(store, 2, State::OnHold, State::Active, later)
            .await
            .unwrap();
        assert_eq!(statuses(1, &[2]).await, [good]);
    })
    .await;
}
