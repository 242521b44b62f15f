//! Listings: every combination of conditions, orders, pages and windows against a plain look at everything.

use std::cmp::Ordering;

use chancery_core::key::KeyId;
use chancery_core::revocation::Reason;

use super::*;
use crate::search::{CertificateFilter, Order, StatusFilter, SubjectCondition};

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

/// Conditions on subjects: of every form, met by many, few and none, with all that means something to some database.
fn conditions() -> Vec<Option<SubjectCondition>> {
    use SubjectCondition::{Contains, ContainsIgnoringCase, IsIgnoringCase, IsOneOf};
    let text = |text: &str| text.to_owned();
    let any_case = [
        "joe",
        "jo",
        "%",
        "100%_",
        "sure\\",
        "e/cn=J",
        "\"gmbh\"",
        "nobody",
        "xC3\\xB6rg",
        "joe\0",
        "",
    ];
    let as_written = [
        "JOE",
        "/CN=1",
        "n",
        "SURE",
        "*",
        "JOE*",
        "O=[E]",
        "'",
        "/C=US/O=Example/CN=joe6",
    ];
    let mut conditions = vec![
        None,
        Some(IsOneOf(vec![])),
        Some(IsOneOf(vec![subject_line(7)])),
        Some(IsOneOf(vec![
            subject_line(7).to_lowercase(),
            text("jo"),
            text(""),
        ])),
        Some(IsOneOf((0..100).map(|n| subject_line(3 * n)).collect())),
        Some(IsOneOf(vec![
            subject_line(6),
            subject_line(6),
            "x".repeat(100_000),
        ])),
        Some(IsIgnoringCase(subject_line(10).to_lowercase())),
        Some(IsIgnoringCase(text("/c=us/o=example/cn=joe_"))),
        Some(IsIgnoringCase(text(""))),
    ];
    conditions.extend(any_case.map(|any| Some(ContainsIgnoringCase(text(any)))));
    conditions.extend(as_written.map(|written| Some(Contains(text(written)))));
    conditions
}

/// Compares every listing of the store with a plain look at `all`.
pub(in crate::store) async fn check_all(store: &dyn Store, all: &[Seen]) {
    let statuses = || std::iter::once(None).chain(StatusFilter::ALL.into_iter().map(Some));
    let known = &all[7];
    for (place, subject) in conditions().into_iter().enumerate() {
        for (standing, status) in statuses().enumerate() {
            // A serial number alone is no condition.
            for bits in (0_u32..32).filter(|bits| bits & 12 != 8) {
                let filter = CertificateFilter {
                    owner: (bits & 1 != 0).then(|| known.owner.clone()),
                    domain: (bits & 2 != 0).then(|| known.domain.clone()),
                    issuer: (bits & 4 != 0).then(|| known.issuer.clone()),
                    serial: (bits & 8 != 0).then(|| known.serial.clone()),
                    subject_key_id: (bits & 16 != 0).then_some(known.key),
                    subject: subject.clone(),
                    status,
                    ..CertificateFilter::all(NOW)
                };
                // Small and large pages in turn: every page boundary is met somewhere.
                let turn = place + standing + bits as usize;
                let limit = [3, 50, 7][turn % 3];
                let orders = [
                    Order::Number(None),
                    Order::NumberDescending(None),
                    Order::SubjectKeyId(None),
                ];
                for (way, order) in orders.into_iter().enumerate() {
                    let filter = CertificateFilter {
                        order,
                        ..filter.clone()
                    };
                    // The orders take turns with the less simple conditions, of which there are many.
                    if place == 0 || bits < 8 || (turn + way).is_multiple_of(3) {
                        check_pages(store, all, filter.clone(), limit).await;
                    }
                    if bits < 4 || (turn + way) % 3 == 1 {
                        check_window(store, all, &filter, turn % 11, limit).await;
                    }
                }
            }
        }
    }
}

/// The certificates of a listing, in its order, by a plain look.
fn listed<'a>(all: &'a [Seen], filter: &CertificateFilter) -> Vec<&'a Seen> {
    let mut listed: Vec<&Seen> = all.iter().filter(|seen| passes(seen, filter)).collect();
    listed.sort_by(|a, b| in_order(a, b, &filter.order));
    listed
}

/// Compares one window with a plain look.
pub(in crate::store) async fn check_window(
    store: &dyn Store,
    all: &[Seen],
    filter: &CertificateFilter,
    offset: usize,
    limit: usize,
) {
    let want = listed(all, filter);
    let got = store
        .window(filter.clone(), offset as u64, limit)
        .await
        .unwrap();
    assert_eq!(got.total, want.len() as u64, "{filter:?}");
    assert_eq!(
        got.certificates
            .iter()
            .map(|c| c.number)
            .collect::<Vec<_>>(),
        want.iter()
            .skip(offset)
            .take(limit)
            .map(|seen| seen.number)
            .collect::<Vec<_>>(),
        "{filter:?} after {offset}"
    );
}

/// Follows a listing to its end.
async fn check_pages(store: &dyn Store, all: &[Seen], mut filter: CertificateFilter, limit: usize) {
    let want = listed(all, &filter);
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
        Some(StatusFilter::Signed) => matches!(
            seen.state,
            State::Active | State::OnHold | State::Revoked(_)
        ),
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
        && filter
            .subject
            .as_ref()
            .is_none_or(|condition| met(condition, seen.subject_line.as_bytes()))
}

/// Does a condition hold? Octet by octet, another way than the store's.
fn met(condition: &SubjectCondition, line: &[u8]) -> bool {
    let inside = |text: &str, same: fn(&[u8], &[u8]) -> bool| {
        (0..=line.len()).any(|start| {
            let part = line.get(start..start + text.len());
            part.is_some_and(|part| same(part, text.as_bytes()))
        })
    };
    match condition {
        SubjectCondition::Contains(text) => inside(text, |a, b| a == b),
        SubjectCondition::ContainsIgnoringCase(text) => {
            inside(text, |a, b| a.eq_ignore_ascii_case(b))
        }
        SubjectCondition::IsOneOf(texts) => texts.iter().any(|text| text.as_bytes() == line),
        SubjectCondition::IsIgnoringCase(text) => text.as_bytes().eq_ignore_ascii_case(line),
    }
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
            for condition in [
                SubjectCondition::Contains(text.clone()),
                SubjectCondition::ContainsIgnoringCase(text.clone()),
            ] {
                let filter = CertificateFilter {
                    subject: Some(condition),
                    ..CertificateFilter::all(NOW)
                };
                let got = store.window(filter, 0, 9).await.unwrap();
                assert_eq!(got.certificates.len(), want, "{text:.9}");
                assert_eq!(got.total, want as u64, "{text:.9}");
            }
            for condition in [
                SubjectCondition::IsOneOf(vec![text.clone(); 100]),
                SubjectCondition::IsIgnoringCase(text.clone()),
            ] {
                let filter = CertificateFilter {
                    subject: Some(condition),
                    ..CertificateFilter::all(NOW)
                };
                assert_eq!(
                    store.window(filter, 0, 9).await.unwrap().total,
                    0,
                    "{text:.9}"
                );
            }
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

/// A window's page and total are of one moment: while certificates are added and deleted, a page that could hold all has
/// as many as the total says, and a reader never sees fewer than it saw before the last deletion.
#[tokio::test]
async fn totals_agree_with_pages_under_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Arc::new(SqliteStore::open(&path, &StoreConfig::default()).unwrap());
    settle(store.as_ref()).await;
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..300 {
                let number = stored(store.as_ref(), certificate(n)).await;
                if n % 3 == 0 {
                    let to = State::Deleted(None);
                    moved(store.as_ref(), number, State::Active, to, NOW)
                        .await
                        .unwrap();
                }
            }
        })
    };
    let reading: Vec<_> = ["joe", "JOE-1", "=", "joe-2"]
        .into_iter()
        .map(|text| {
            let store = Arc::clone(&store);
            let filter = CertificateFilter {
                subject: Some(SubjectCondition::ContainsIgnoringCase(text.to_owned())),
                ..CertificateFilter::all(NOW)
            };
            tokio::spawn(async move {
                let mut asked = 0;
                loop {
                    let window = store.window(filter.clone(), 0, 1_000).await.unwrap();
                    assert_eq!(window.total, window.certificates.len() as u64);
                    asked += 1;
                    let all = CertificateFilter::all(NOW);
                    if asked > 20 && store.window(all, 0, 0).await.unwrap().total == 200 {
                        return store.window(filter, 0, 0).await.unwrap().total;
                    }
                }
            })
        })
        .collect();
    writing.await.unwrap();
    let mut totals = Vec::new();
    for reader in reading {
        totals.push(reader.await.unwrap());
    }
    let plainly = |start: &str| {
        let live = (0..300).filter(|n| n % 3 != 0).map(|n: u32| n.to_string());
        live.filter(|n| n.starts_with(start)).count() as u64
    };
    assert_eq!(totals, [200, plainly("1"), 200, plainly("2")]);
    drop(store);
    // After a restart nothing is kept, and the same is counted.
    let store = SqliteStore::open(&path, &StoreConfig::default()).unwrap();
    let filter = CertificateFilter {
        subject: Some(SubjectCondition::ContainsIgnoringCase("joe-2".to_owned())),
        ..CertificateFilter::all(NOW)
    };
    assert_eq!(
        store.window(filter, 0, 5).await.unwrap().total,
        plainly("2")
    );
}

/// Windows at every place of a listing, past its end too, and while certificates leave it.
#[tokio::test]
async fn windows_are_right_at_every_place() {
    on_every_store(async |store| {
        settle(store).await;
        let mut seen = fill(store, 0..60).await;
        let subjects = [
            None,
            Some(SubjectCondition::Contains("a".to_owned())),
            Some(SubjectCondition::ContainsIgnoringCase("joe".to_owned())),
        ];
        for round in 0..3 {
            for (n, subject) in subjects.iter().enumerate() {
                for order in [
                    Order::Number(None),
                    Order::NumberDescending(None),
                    Order::SubjectKeyId(None),
                ] {
                    let filter = CertificateFilter {
                        subject: subject.clone(),
                        order,
                        ..CertificateFilter::all(NOW)
                    };
                    for offset in (0..65).step_by(n + 1).chain([1_000_000, usize::MAX]) {
                        for limit in [0, 1, 20] {
                            check_window(store, &seen, &filter, offset, limit).await;
                        }
                    }
                }
            }
            let active = seen.iter_mut().filter(|one| one.state == State::Active);
            for one in active.skip(round).step_by(4) {
                let to = State::Deleted(None);
                moved(store, one.number, State::Active, to, NOW)
                    .await
                    .unwrap();
                one.state = to;
            }
        }
    })
    .await;
}
