//! Listings: every combination of conditions, orders and pages against a plain look at everything.

use std::cmp::Ordering;

use chancery_core::key::KeyId;
use chancery_core::revocation::Reason;

use super::*;
use crate::search::{CertificateFilter, Order, StatusFilter};

/// A certificate as the plain look sees it.
#[derive(Clone, Debug)]
pub(in crate::store) struct Seen {
    number: CertificateNumber,
    owner: UserId,
    domain: DomainId,
    issuer: Name,
    serial: Serial,
    key: KeyId,
    subject_line: String,
    state: State,
    not_after: Time,
}

#[tokio::test]
async fn every_listing_is_right() {
    on_every_store(async |store| {
        settle(store).await;
        let seen = fill(store, 0..120).await;
        check_all(store, &seen).await;
    })
    .await;
}

/// Stores certificates that differ in everything that can be filtered by.
pub(in crate::store) async fn fill(store: &dyn Store, numbers: std::ops::Range<u32>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for n in numbers {
        let state = match n % 11 {
            0 => State::OnHold,
            1 => State::Revoked(Reason::KeyCompromise),
            2 => State::Deleted((n % 2 == 0).then_some(Reason::CessationOfOperation)),
            3 => State::Purged((n % 2 == 0).then_some(Reason::Superseded)),
            _ => State::Active,
        };
        let issuer = if n % 5 == 0 {
            Name::parse("CN=Other").unwrap()
        } else {
            issuer()
        };
        let mut new = NewCertificate {
            owner: user_id(if n % 3 == 0 { "u2" } else { "u1" }),
            domain: domain_id(if n % 7 < 3 { "d2" } else { "d1" }),
            issuer_key: IssuerKey::of(&issuer),
            not_after: NOW.plus_days(if n % 4 == 0 { -1 } else { 1 }),
            subject_line: subject_line(n),
            ..certificate(n)
        };
        new.subject_key_id = [u8::try_from(n * 37 % 23).unwrap(); 20];
        let (owner, domain, serial, key) = (
            new.owner.clone(),
            new.domain.clone(),
            new.serial.clone(),
            new.subject_key_id,
        );
        let (subject_line, not_after) = (new.subject_line.clone(), new.not_after);
        let number = stored(store, new).await;
        match state {
            State::Active => {}
            State::Purged(reason) => {
                moved(store, number, State::Active, State::Deleted(reason), NOW)
                    .await
                    .unwrap();
                moved(store, number, State::Deleted(reason), state, NOW)
                    .await
                    .unwrap();
            }
            state => moved(store, number, State::Active, state, NOW)
                .await
                .unwrap(),
        }
        seen.push(Seen {
            number,
            owner,
            domain,
            issuer,
            serial,
            key,
            subject_line,
            state,
            not_after,
        });
    }
    seen
}

fn subject_line(n: u32) -> String {
    match n % 6 {
        0 => format!("/C=US/O=Example/CN=joe{n}"),
        1 => format!("/C=US/O=Example/CN=100%_sure{n}"),
        2 => format!("/C=DE/O=Beispiel \"GmbH\"/CN=Ann{n}"),
        3 => format!("/CN=100x_sure\\{n}"),
        4 => format!("/O=EXAMPLE/CN=JOE{n}"),
        _ => format!("/C=CA/CN=j\\xC3\\xB6rg{n}"),
    }
}

/// Compares every listing of the store with a plain look at `all`.
pub(in crate::store) async fn check_all(store: &dyn Store, all: &[Seen]) {
    let statuses = std::iter::once(None).chain(StatusFilter::ALL.into_iter().map(Some));
    let known = &all[7];
    let texts = [
        None,
        Some("joe"),
        Some("jo"),
        Some("%"),
        Some("100%_"),
        Some("sure\\"),
        Some("e/cn=J"),
        Some("\"gmbh\""),
        Some("nobody"),
        Some("xC3\\xB6rg"),
        Some("joe\0"),
    ];
    for status in statuses {
        for (place, text) in texts.iter().enumerate() {
            // A serial number alone is no condition.
            for bits in (0_u32..32).filter(|bits| bits & 12 != 8) {
                let filter = CertificateFilter {
                    owner: (bits & 1 != 0).then(|| known.owner.clone()),
                    domain: (bits & 2 != 0).then(|| known.domain.clone()),
                    issuer: (bits & 4 != 0).then(|| known.issuer.clone()),
                    serial: (bits & 8 != 0).then(|| known.serial.clone()),
                    subject_key_id: (bits & 16 != 0).then_some(known.key),
                    subject_contains: text.map(str::to_owned),
                    status,
                    ..CertificateFilter::all(NOW)
                };
                // Small and large pages in turn: every page boundary is met somewhere.
                let limit = [3, 50, 7][(place + bits as usize) % 3];
                for order in [
                    Order::Number(None),
                    Order::NumberDescending(None),
                    Order::SubjectKeyId(None),
                ] {
                    check_pages(
                        store,
                        all,
                        CertificateFilter {
                            order,
                            ..filter.clone()
                        },
                        limit,
                    )
                    .await;
                }
            }
        }
    }
}

/// Follows a listing to its end.
async fn check_pages(store: &dyn Store, all: &[Seen], mut filter: CertificateFilter, limit: usize) {
    let mut want: Vec<&Seen> = all.iter().filter(|seen| passes(seen, &filter)).collect();
    want.sort_by(|a, b| in_order(a, b, &filter.order));
    let mut got = Vec::new();
    loop {
        let page = store.certificates(filter.clone(), limit).await.unwrap();
        got.extend(page.iter().map(|certificate| certificate.number));
        let Some(last) = page.last().filter(|_| page.len() == limit) else {
            break;
        };
        filter.order = match filter.order {
            Order::Number(_) => Order::Number(Some(last.number)),
            Order::NumberDescending(_) => Order::NumberDescending(Some(last.number)),
            Order::SubjectKeyId(_) => {
                Order::SubjectKeyId(Some((last.subject_key_id, Some(last.number))))
            }
        };
    }
    assert_eq!(
        got,
        want.iter().map(|seen| seen.number).collect::<Vec<_>>(),
        "{filter:?}"
    );
}

fn passes(seen: &Seen, filter: &CertificateFilter) -> bool {
    let live = |state| seen.state == state && seen.not_after >= filter.now;
    let standing = match filter.status {
        None => !matches!(seen.state, State::Deleted(_) | State::Purged(_)),
        Some(StatusFilter::Any) => true,
        Some(StatusFilter::Pending) => seen.state == State::Pending,
        Some(StatusFilter::Active) => live(State::Active),
        Some(StatusFilter::OnHold) => live(State::OnHold),
        Some(StatusFilter::Revoked) => matches!(seen.state, State::Revoked(_)),
        Some(StatusFilter::Expired) => {
            matches!(seen.state, State::Active | State::OnHold) && seen.not_after < filter.now
        }
        Some(StatusFilter::Deleted) => matches!(seen.state, State::Deleted(_)),
        Some(StatusFilter::Purged) => matches!(seen.state, State::Purged(_)),
    };
    let contains = |text: &String| {
        seen.subject_line
            .to_ascii_lowercase()
            .contains(&text.to_ascii_lowercase())
    };
    standing
        && filter
            .owner
            .as_ref()
            .is_none_or(|owner| seen.owner == *owner)
        && filter
            .domain
            .as_ref()
            .is_none_or(|domain| seen.domain == *domain)
        && filter
            .issuer
            .as_ref()
            .is_none_or(|issuer| seen.issuer == *issuer)
        && filter
            .serial
            .as_ref()
            .is_none_or(|serial| seen.serial == *serial)
        && filter.subject_key_id.is_none_or(|key| seen.key == key)
        && filter.subject_contains.as_ref().is_none_or(contains)
}

fn in_order(a: &Seen, b: &Seen, order: &Order) -> Ordering {
    match order {
        Order::Number(_) => a.number.cmp(&b.number),
        Order::NumberDescending(_) => b.number.cmp(&a.number),
        Order::SubjectKeyId(_) => (a.key, a.number).cmp(&(b.key, b.number)),
    }
}

#[tokio::test]
async fn a_page_can_start_after_a_key_alone() {
    on_every_store(async |store| {
        settle(store).await;
        let seen = fill(store, 0..60).await;
        let after = seen[7].key;
        let order = Order::SubjectKeyId(Some((after, None)));
        let filter = CertificateFilter {
            order,
            status: Some(StatusFilter::Any),
            ..CertificateFilter::all(NOW)
        };
        let got = store.certificates(filter, 100).await.unwrap();
        assert_eq!(
            got.len(),
            seen.iter().filter(|seen| seen.key > after).count()
        );
        assert!(
            got.iter()
                .all(|certificate| certificate.subject_key_id > after)
        );
    })
    .await;
}

#[tokio::test]
async fn an_issuer_is_found_in_every_spelling() {
    on_every_store(async |store| {
        settle(store).await;
        let number = stored(store, certificate(1)).await;
        for issuer in ["CN=test  CA,O=CHANCERY", "/O=chancery/CN=Test CA"] {
            let issuer = Some(Name::parse(issuer).unwrap());
            let filter = CertificateFilter {
                issuer,
                ..CertificateFilter::all(NOW)
            };
            let got = store.certificates(filter, 9).await.unwrap();
            assert_eq!(got.iter().map(|c| c.number).collect::<Vec<_>>(), [number]);
        }
    })
    .await;
}

#[tokio::test]
async fn any_text_can_be_asked_for() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        for (text, want) in [
            (String::new(), 1),
            ("x".repeat(100_000), 0),
            ("%_\\".repeat(5_000), 0),
            ("\u{1f512}\u{1f512}\u{1f512}".to_owned(), 0),
            ("\" OR joe*".to_owned(), 0),
        ] {
            let filter = CertificateFilter {
                subject_contains: Some(text.clone()),
                ..CertificateFilter::all(NOW)
            };
            assert_eq!(
                store.certificates(filter, 9).await.unwrap().len(),
                want,
                "{text:.9}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn nobodys_certificates_are_none() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        for order in [Order::Number(None), Order::SubjectKeyId(None)] {
            for (owner, domain) in [(Some("u9"), None), (None, Some("d9"))] {
                let filter = CertificateFilter {
                    owner: owner.map(user_id),
                    domain: domain.map(domain_id),
                    order: order.clone(),
                    ..CertificateFilter::all(NOW)
                };
                assert_eq!(store.certificates(filter, 9).await.unwrap(), []);
            }
        }
    })
    .await;
}
