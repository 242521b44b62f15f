//! Lists of certificates: filters, and pages in both orders while others come in.

use serde_json::{Value, json};

use super::importing::foreign;
use super::{before_they_end, refused, text, texts};
use crate::server::{P256, Server, eventually};
use crate::wire::Answer;

/// A page of certificates; `query` starts with nothing or an `&`.
#[track_caller]
fn page(server: &Server, query: &str) -> Value {
    server
        .native("GET", &format!("/certificates?{query}"), &Value::Null)
        .expect(200)
        .json()
}

fn names(page: &Value) -> Vec<String> {
    texts(&page["certificates"], "name")
}

/// Every page from the first to the last, as names, with `between` done after each one but the last.
#[track_caller]
fn walk(server: &Server, query: &str, limit: usize, mut between: impl FnMut()) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = page(server, &format!("{query}&limit={limit}{after}"));
        let shown = names(&page).len();
        let more = page["next"].is_string();
        assert!(
            shown == limit || (!more && shown < limit),
            "{shown} by {limit}"
        );
        assert!(
            shown > 0 || found.is_empty(),
            "a page was promised that is not there"
        );
        found.extend(names(&page));
        match &page["next"] {
            Value::Null => return found,
            next => after = format!("&after={}", next.as_str().unwrap()),
        }
        assert!(found.len() < 1000, "the pages never end");
        between();
    }
}

fn ask_for(server: &Server, name: &str, more: Value) -> Answer {
    let mut body = json!({"key": "ec-p256", "subject": format!("CN={name}"), "name": name});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    server.native("POST", "/certificates", &body)
}

fn issue(server: &Server, name: &str, more: Value) -> Value {
    ask_for(server, name, more).expect(201).json()
}

fn act(server: &Server, name: &str, action: &str, body: Value) {
    server
        .native("POST", &format!("/certificates/{name}/{action}"), &body)
        .expect(200);
}

/// One certificate of every standing, each named after what it is.
fn one_of_each(server: &Server) -> Vec<Value> {
    server.add_joe();
    let joes = json!({"owner": "000000003002"});
    let made: Vec<Value> = [
        ("active", json!({"subject": "CN=Joe Example,O=Acme 100%"})),
        ("joes", joes),
        (
            "by-root",
            json!({"authority": "root", "subject": "CN=under_root"}),
        ),
        ("held", json!({})),
        ("revoked", json!({})),
        ("deleted", json!({})),
        ("purged", json!({})),
    ]
    .into_iter()
    .map(|(name, more)| issue(server, name, more))
    .collect();
    before_they_end(|end| ask_for(server, "expired", json!({"not_after": end})).checked(201));
    act(server, "held", "hold", json!({}));
    act(server, "revoked", "revoke", json!({"reason": "superseded"}));
    for name in ["deleted", "purged"] {
        server
            .native("DELETE", &format!("/certificates/{name}"), &Value::Null)
            .expect(204);
    }
    act(server, "purged", "purge", json!({}));
    made
}

#[test]
fn filters_find_what_they_say() {
    let server = Server::start();
    let made = one_of_each(&server);
    let (foreign, _) = foreign(server.scratch(), P256, "/C=DE/CN=Fremd");
    let imported = server
        .native(
            "POST",
            "/certificates/import",
            &json!({"certificates": foreign}),
        )
        .expect(200)
        .json();
    let imported = imported["certificates"][0].clone();
    let fremd = text(&imported, "name").to_owned();
    eventually(|| {
        let shown = server.native("GET", "/certificates/expired", &Value::Null);
        match shown.json() {
            shown if shown["status"] == "expired" => Ok(()),
            shown => Err(shown),
        }
    });
    let (serial, key) = (text(&made[0], "serial"), text(&made[1], "subject_key_id"));
    let issuing = "CN%3DChancery%20Issuing,O%3DChancery";
    let respelt = "/O%3DCHANCERY/CN%3Dchancery%20%20issuing";
    // The server's own certificates are in the store too, for TLS and for OCSP, and that of the issuing authority; it owns
    // them itself.
    let own = names(&page(&server, "owner=chancery-server"));
    let (authority, own): (Vec<_>, Vec<_>) = own
        .iter()
        .partition(|name| name.starts_with("chancery-issuing-"));
    let ([authority], [own, responder]) = (authority.as_slice(), own.as_slice()) else {
        panic!("three of its own: {authority:?} {own:?}");
    };
    let listed = [
        "active", "joes", "by-root", "held", "revoked", "expired", &fremd, own, responder,
        authority,
    ];
    let all = [
        "active", "joes", "by-root", "held", "revoked", "expired", &fremd, own, responder,
        authority, "deleted", "purged",
    ];
    for (query, want) in [
        (String::new(), &listed[..]),
        ("status=any".into(), &all),
        (
            "status=active".into(),
            &[
                "active", "joes", "by-root", &fremd, own, responder, authority,
            ],
        ),
        ("status=on-hold".into(), &["held"]),
        ("status=revoked".into(), &["revoked"]),
        ("status=expired".into(), &["expired"]),
        ("status=deleted".into(), &["deleted"]),
        ("status=purged".into(), &["purged"]),
        ("status=pending".into(), &[]),
        ("owner=000000003002".into(), &["joes"]),
        ("owner=nobody".into(), &[]),
        ("domain=000000001001".into(), &["joes"]),
        ("domain=default&status=on-hold".into(), &["held"]),
        ("subject=joe%20e".into(), &["active"]),
        ("subject=joe".into(), &["active", "joes"]),
        ("subject=JOE%20EXAMPLE".into(), &["active"]),
        ("subject=acme%20100%25".into(), &["active"]),
        ("subject=O%3DAcme".into(), &["active"]),
        ("subject=100%25%25".into(), &[]),
        ("subject=under_root".into(), &["by-root"]),
        ("subject=under.root".into(), &[]),
        ("subject=u_der".into(), &[]),
        ("subject=oe".into(), &["active", "joes"]),
        ("subject=e&status=expired".into(), &["expired"]),
        (
            "issuer=CN%3DChancery%20Root,O%3DChancery".into(),
            &["by-root", authority],
        ),
        ("issuer=C%3DDE,CN%3DFremd".into(), &[]),
        ("issuer=CN%3DFremd,C%3DDE".into(), &[&fremd]),
        (format!("issuer={issuing}&status=on-hold"), &["held"]),
        (format!("issuer={respelt}&serial={serial}"), &["active"]),
        (
            format!("issuer={issuing}&serial={}", serial.to_uppercase()),
            &["active"],
        ),
        (
            format!("issuer=CN%3DChancery%20Root,O%3DChancery&serial={serial}"),
            &[],
        ),
        (format!("subject_key_id={key}"), &["joes"]),
        (format!("subject_key_id={}", key.to_uppercase()), &["joes"]),
        (format!("subject_key_id={key}&owner=admin"), &[]),
        (
            format!(
                "subject_key_id={key}&owner=000000003002&domain=000000001001&subject=JOES&status=active&issuer={issuing}"
            ),
            &["joes"],
        ),
    ] {
        let mut found = names(&page(&server, &query));
        let mut want: Vec<String> = want.iter().map(|name| (*name).to_owned()).collect();
        found.sort();
        want.sort();
        assert_eq!(found, want, "{query}");
    }
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=x",
        "order=up",
        "status=good",
        "serial=1",
        "serial=x&issuer=CN%3Da",
        "issuer=x",
        "subject_key_id=12",
        "owner=a%20b",
        "colour=red",
        "limit=1&limit=2",
    ] {
        refused(
            &server.native("GET", &format!("/certificates?{query}"), &Value::Null),
            400,
            "invalid",
        );
    }
}

#[test]
fn pages_have_neither_duplicates_nor_gaps() {
    let server = Server::start();
    for number in 0..12 {
        issue(
            &server,
            &format!("c-{number:02}"),
            json!({"subject": format!("CN=paged {}", number % 3)}),
        );
    }
    for query in [
        "status=any",
        "subject=paged",
        "subject=paged%201",
        "owner=admin",
        "domain=default",
        "issuer=CN%3DChancery%20Issuing,O%3DChancery",
    ] {
        let newest = names(&page(&server, &format!("{query}&limit=1000")));
        let oldest = names(&page(&server, &format!("{query}&limit=1000&order=oldest")));
        assert!(newest.iter().eq(oldest.iter().rev()), "{query}");
        assert!(
            oldest.len() >= 4
                && oldest.is_sorted_by_key(|name| name.strip_prefix("c-").map(str::to_owned)),
            "{query}: {oldest:?}"
        );
        for limit in [1, 2, 5, 12, 13, 1000] {
            assert_eq!(
                walk(&server, query, limit, || {}),
                newest,
                "{query} by {limit}"
            );
            assert_eq!(
                walk(&server, &format!("{query}&order=oldest"), limit, || {}),
                oldest,
                "{query} by {limit}"
            );
        }
    }
}

#[test]
fn what_comes_in_meanwhile_does_not_disturb_pages() {
    let server = Server::start();
    let mut before: Vec<String> = (0..9).map(|number| format!("before-{number}")).collect();
    for name in &before {
        issue(&server, name, json!({}));
    }
    let mut late = 0;
    let mut come = || {
        late += 1;
        issue(&server, &format!("late-{late}"), json!({}));
        if late == 2 {
            act(&server, "before-4", "hold", json!({}));
        }
    };
    let newest = walk(&server, "owner=admin", 2, &mut come);
    assert!(newest.iter().eq(before.iter().rev()), "{newest:?}");
    // Oldest first, what comes in at the end is seen at the end.
    let mut rounds = 0;
    let oldest = walk(&server, "owner=admin&order=oldest", 4, || {
        rounds += 1;
        if rounds <= 2 {
            issue(&server, &format!("later-{rounds}"), json!({}));
        }
    });
    before.extend((1..=late).map(|number| format!("late-{number}")));
    before.extend((1..=2).map(|number| format!("later-{number}")));
    assert_eq!(oldest, before);
}

#[test]
fn many_at_once_get_every_number_once() {
    let server = Server::start();
    let all: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let server = &server;
                scope.spawn(move || {
                    (0..6)
                        .map(|n| issue(server, &format!("t-{thread}-{n}"), json!({})))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut numbers: Vec<i64> = all
        .iter()
        .map(|one| one["number"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    // The issuing authority's certificate was the first, its OCSP responder's the second, the server's own the third.
    assert_eq!(numbers, (4..28).collect::<Vec<i64>>());
    let mut made: Vec<String> = all.iter().map(|one| text(one, "name").to_owned()).collect();
    let mut found = walk(&server, "owner=admin", 5, || {});
    made.sort();
    found.sort();
    assert_eq!(found, made);
}
