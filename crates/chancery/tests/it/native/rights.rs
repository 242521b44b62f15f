//! Who may do what: every role at every operation, on what is the caller's own, its domain's and another domain's.

use std::cell::Cell;

use serde_json::{Value, json};

use super::importing::foreign;
use super::{refused, text, texts};
use crate::server::{P256, Server};
use crate::wire::Answer;

/// The callers: one of each role, and one without any. All are of the domain `home`.
const ROLES: [&str; 7] = [
    "administrator",
    "operator",
    "approver",
    "auditor",
    "domain-administrator",
    "self-service",
    "nobody",
];

/// Whose it is that something is done to.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Whose {
    Own,
    Home,
    Away,
}

/// Something that needs a right.
struct Operation {
    /// What a refusal is called in the audit trail.
    action: &'static str,
    /// The status when it is done.
    done: u16,
    /// How far it goes for each of [`ROLES`]: `e`verywhere, `d`omain, `o`wn, `-` not at all.
    reach: &'static str,
    /// Does it.
    run: fn(&Case<'_>) -> Answer,
}

const fn of(
    action: &'static str,
    done: u16,
    reach: &'static str,
    run: fn(&Case<'_>) -> Answer,
) -> Operation {
    Operation {
        action,
        done,
        reach,
        run,
    }
}

const CERTIFICATES: [Operation; 17] = [
    of("certificate.read", 200, "eeeedo-", |case| case.get("")),
    of("certificate.read", 200, "eeeedo-", |case| case.get("/pem")),
    of("certificate.read", 200, "eeeedo-", |case| case.get("/der")),
    of("certificate.read", 200, "eeeedo-", |case| {
        case.get("/chain")
    }),
    of("certificate.export-private-key", 200, "e---do-", |case| {
        case.post(&[], "pkcs12", json!({"password": "x"}))
    }),
    of("certificate.issue", 201, "ee--do-", |case| {
        case.call(
            "POST",
            "/certificates",
            json!({"key": "ec-p256", "subject": "CN=new", "owner": case.owner()}),
        )
    }),
    of("certificate.import", 200, "ee--do-", |case| {
        let (pem, _) = foreign(case.server.scratch(), P256, "/CN=foreign");
        case.call(
            "POST",
            "/certificates/import",
            json!({"certificates": pem, "owner": case.owner()}),
        )
    }),
    of("certificate.renew", 201, "ee--do-", |case| {
        case.post(&[], "renew", json!({}))
    }),
    of("certificate.hold", 200, "ee--do-", |case| {
        case.post(&[], "hold", json!({}))
    }),
    of("certificate.release", 200, "ee--do-", |case| {
        case.post(&["hold"], "release", json!({}))
    }),
    of("certificate.revoke", 200, "ee--do-", |case| {
        case.post(&[], "revoke", json!({"reason": "superseded"}))
    }),
    of("certificate.delete", 204, "ee--do-", |case| {
        case.call(
            "DELETE",
            &format!("/certificates/{}", case.certificate(&[])),
            Value::Null,
        )
    }),
    of("certificate.purge", 200, "e------", |case| {
        case.post(&["delete"], "purge", json!({}))
    }),
    of("order.place", 202, "ee--do-", |case| {
        case.post(&[], "regenerate", json!({"auto_approve": true}))
    }),
    of("order.read", 200, "eeeedo-", |case| {
        case.call("GET", &case.order(), Value::Null)
    }),
    of("order.approve", 200, "e-e-d--", |case| {
        case.call("POST", &format!("{}/approve", case.order()), json!({}))
    }),
    of("order.reject", 200, "e-e-d--", |case| {
        case.call("POST", &format!("{}/reject", case.order()), json!({}))
    }),
];

const USERS: [Operation; 7] = [
    of("user.read", 200, "eeeedoo", |case| {
        case.call("GET", &case.user(), Value::Null)
    }),
    of("user.add", 201, "e---d--", |case| {
        case.call(
            "POST",
            "/users",
            json!({"name": case.fresh(), "domain": case.domain()}),
        )
    }),
    of("user.change", 200, "e---d--", |case| {
        case.call("PATCH", &case.user(), json!({"name": case.fresh()}))
    }),
    of("user.change", 200, "e---d--", |case| {
        case.call("PATCH", &case.user(), json!({"roles": ["self-service"]}))
    }),
    of("user.change", 200, "eooodoo", |case| {
        case.call("PATCH", &case.user(), json!({"password": "another"}))
    }),
    of("user.remove-api-key", 204, "eooodoo", |case| {
        case.call("DELETE", &format!("{}/api-key", case.user()), Value::Null)
    }),
    of("user.api-key", 201, "eooodoo", |case| {
        case.call("POST", &format!("{}/api-key", case.user()), json!({}))
    }),
];

const REST: [Operation; 11] = [
    of("domain.read", 200, "eeeeddd", |case| {
        case.call("GET", &format!("/domains/{}", case.domain()), Value::Null)
    }),
    of("domain.add", 201, "e------", |case| {
        case.call("POST", "/domains", json!({"id": case.fresh()}))
    }),
    of("domain.change", 200, "e------", |case| {
        case.call(
            "PATCH",
            &format!("/domains/{}", case.domain()),
            json!({"name": case.fresh()}),
        )
    }),
    of("domain.remove", 204, "e------", |case| {
        let id = case.fresh();
        case.server
            .native("POST", "/domains", &json!({"id": id}))
            .expect(201);
        case.call("DELETE", &format!("/domains/{id}"), Value::Null)
    }),
    of("audit.read", 200, "e--e---", |case| {
        case.call("GET", "/audit", Value::Null)
    }),
    of("authority.list", 200, "eeeeee-", |case| {
        case.call("GET", "/authorities", Value::Null)
    }),
    of("authority.list", 200, "eeeeee-", |case| {
        case.call("GET", "/authorities/root", Value::Null)
    }),
    of("authority.add", 201, "e------", |case| {
        let name = case.fresh();
        let subject = format!("CN={name}");
        let body = json!({"name": name, "subject": subject, "parent": "root"});
        case.call("POST", "/authorities", body)
    }),
    of("authority.request", 201, "e------", |case| {
        let name = case.fresh();
        let body = json!({"name": name, "subject": "CN=far", "offline": true});
        case.call("POST", "/authorities", body)
    }),
    of("", 200, "eeeeeee", |case| {
        case.call("GET", "/profiles", Value::Null)
    }),
    of("", 200, "eeeeeee", |case| {
        case.call("GET", "/whoami", Value::Null)
    }),
];

/// One caller doing one thing to what is somebody's.
struct Case<'a> {
    server: &'a Server,
    /// The caller's id and API key.
    caller: (String, String),
    whose: Whose,
    /// Makes names that were not there before.
    count: &'a Cell<u32>,
}

impl Case<'_> {
    fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.server
            .native_as(&self.caller.0, &self.caller.1, method, path, &body)
    }

    fn fresh(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("fresh-{}", self.count.get())
    }

    fn domain(&self) -> &'static str {
        if self.whose == Whose::Away {
            "away"
        } else {
            "home"
        }
    }

    fn owner(&self) -> &str {
        match self.whose {
            Whose::Own => &self.caller.0,
            Whose::Home => "home-owner",
            Whose::Away => "away-owner",
        }
    }

    /// A certificate that belongs to the owner, after those actions of the administrator's.
    fn certificate(&self, actions: &[&str]) -> String {
        let body = json!({"key": "ec-p256", "subject": "CN=joe", "owner": self.owner()});
        let id = text(
            &self
                .server
                .native("POST", "/certificates", &body)
                .expect(201)
                .json(),
            "id",
        )
        .to_owned();
        for action in actions {
            let path = format!("/certificates/{id}");
            match *action {
                "delete" => self
                    .server
                    .native("DELETE", &path, &Value::Null)
                    .expect(204),
                action => self
                    .server
                    .native("POST", &format!("{path}/{action}"), &json!({}))
                    .expect(200),
            };
        }
        id
    }

    fn get(&self, part: &str) -> Answer {
        self.call(
            "GET",
            &format!("/certificates/{}{part}", self.certificate(&[])),
            Value::Null,
        )
    }

    fn post(&self, before: &[&str], action: &str, body: Value) -> Answer {
        self.call(
            "POST",
            &format!("/certificates/{}/{action}", self.certificate(before)),
            body,
        )
    }

    /// A work order of the administrator's, about a certificate that belongs to the owner.
    fn order(&self) -> String {
        let path = format!("/certificates/{}/regenerate", self.certificate(&[]));
        let order = self.server.native("POST", &path, &json!({})).expect(202);
        format!("/orders/{}", order.json()["number"])
    }

    /// A user of the domain: the caller, or one without roles that reach farther.
    fn user(&self) -> String {
        if self.whose == Whose::Own {
            return format!("/users/{}", self.caller.0);
        }
        let id = self.fresh();
        let user = json!({"name": id, "id": id, "domain": self.domain()});
        self.server.native("POST", "/users", &user).expect(201);
        format!("/users/{id}")
    }
}

/// A server with the domains `home` and `away` and a user who owns things in each.
fn server_with_two_domains() -> Server {
    let server = Server::start();
    for domain in ["home", "away"] {
        server.add_user(
            &format!("{domain}-owner"),
            &format!("{domain}-owner"),
            domain,
            "self-service",
            "x",
        );
    }
    server
}

/// A caller in the domain `home`: its id and API key.
fn caller(server: &Server, id: &str, role: &str) -> (String, String) {
    let roles: &[&str] = if role == "nobody" { &[] } else { &[role] };
    let user = json!({"name": id, "id": id, "domain": "home", "roles": roles});
    server.native("POST", "/users", &user).expect(201);
    let answer = server
        .native("POST", &format!("/users/{id}/api-key"), &json!({}))
        .expect(201)
        .json();
    (id.to_owned(), text(&answer, "api_key").to_owned())
}

/// Every role at each of these, by the table; refusals stand in the audit trail and nothing else of the caller does
/// that says so.
fn check(operations: &[Operation], callers_are_spent: bool) {
    let server = server_with_two_domains();
    let count = Cell::new(0);
    for (at, role) in ROLES.into_iter().enumerate() {
        let mut refusals = Vec::new();
        let lasting = caller(&server, role, role);
        for (number, operation) in operations.iter().enumerate() {
            for whose in [Whose::Own, Whose::Home, Whose::Away] {
                let spent = callers_are_spent && whose == Whose::Own;
                let caller = if spent {
                    caller(&server, &format!("{role}-{number}"), role)
                } else {
                    lasting.clone()
                };
                let case = Case {
                    server: &server,
                    caller,
                    whose,
                    count: &count,
                };
                let reach = operation.reach.as_bytes()[at];
                let allowed = match whose {
                    Whose::Own => reach != b'-',
                    Whose::Home => matches!(reach, b'd' | b'e'),
                    Whose::Away => reach == b'e',
                };
                let answer = (operation.run)(&case);
                let what = format!(
                    "{role}: {} ({number}), {whose:?}: {}",
                    operation.action, answer.status
                );
                if allowed {
                    assert_eq!(
                        answer.status,
                        operation.done,
                        "{what}: {}",
                        String::from_utf8_lossy(&answer.body)
                    );
                    continue;
                }
                assert_eq!(answer.status, 403, "{what}");
                refused(&answer, 403, "forbidden");
                if spent {
                    assert_eq!(
                        refused_actions(&server, &case.caller.0),
                        [operation.action],
                        "{what}"
                    );
                } else {
                    refusals.push(operation.action.to_owned());
                }
            }
        }
        assert_eq!(refused_actions(&server, role), refusals, "{role}");
    }
}

/// What somebody was refused, by the audit trail, oldest first.
fn refused_actions(server: &Server, actor: &str) -> Vec<String> {
    let trail = server
        .native(
            "GET",
            &format!("/audit?limit=1000&actor={actor}"),
            &Value::Null,
        )
        .expect(200)
        .json();
    let entries = trail["entries"].as_array().unwrap();
    let refused = entries.iter().filter(|entry| entry["outcome"] == "refused");
    let mut actions: Vec<String> = refused
        .map(|entry| text(entry, "action").to_owned())
        .collect();
    actions.reverse();
    actions
}

#[test]
fn every_role_does_with_certificates_what_it_may() {
    check(&CERTIFICATES, false);
}

#[test]
fn every_role_does_with_users_what_it_may() {
    check(&USERS, true);
}

#[test]
fn every_role_does_with_all_else_what_it_may() {
    check(&REST, false);
}

#[test]
fn lists_show_what_a_role_reaches() {
    let server = server_with_two_domains();
    for role in ROLES {
        let (id, key) = caller(&server, role, role);
        for owner in [id.as_str(), "home-owner", "away-owner"] {
            let body =
                json!({"key": "ec-p256", "subject": format!("CN={role} {owner}"), "owner": owner});
            server.native("POST", "/certificates", &body).expect(201);
        }
        let see = |path: &str, member: &str, of: &str| {
            let answer = server.native_as(&id, &key, "GET", path, &Value::Null);
            if answer.status == 403 {
                refused(&answer, 403, "forbidden");
                return "refused".to_owned();
            }
            let mut seen = texts(&answer.expect(200).json()[of], member);
            seen.sort();
            seen.dedup();
            seen.join(" ")
        };
        let certificates = |query: &str| {
            see(
                &format!("/certificates?subject={role}&{query}"),
                "owner",
                "certificates",
            )
        };
        let users = |query: &str| see(&format!("/users?limit=1000&{query}"), "domain", "users");
        let domains = see("/domains", "id", "domains");
        let mut everyone = [&id, "away-owner", "home-owner"];
        let mut home = [&id, "home-owner"];
        everyone.sort_unstable();
        home.sort_unstable();
        let seen = [
            certificates(""),
            certificates("domain=home"),
            certificates("domain=away"),
            certificates("owner=away-owner"),
            certificates(&format!("owner={id}")),
            users(""),
            users("domain=away"),
            domains,
        ];
        let (everyone, home) = (everyone.join(" "), home.join(" "));
        let want: [&str; 8] = match role {
            "domain-administrator" => [&home, &home, "refused", "", &id, "home", "refused", "home"],
            "self-service" => [&id, &id, "", "refused", &id, "home", "refused", "home"],
            "nobody" => [
                "refused", "refused", "refused", "refused", "refused", "refused", "refused", "home",
            ],
            _ => [
                &everyone,
                &home,
                "away-owner",
                "away-owner",
                &id,
                "away default home",
                "away",
                "away default home",
            ],
        };
        assert_eq!(seen, want, "{role}");
    }
}

/// What a domain's administrator may not do inside its own domain: reach beyond it by giving roles, taking over who has
/// them, or moving users across its border.
#[test]
fn nobody_gives_or_takes_more_than_they_have() {
    let server = server_with_two_domains();
    let (id, key) = caller(&server, "chief", "domain-administrator");
    caller(&server, "an-operator", "operator");
    let password = json!({"password": "mine now"});
    for (method, path, body, action) in [
        (
            "POST",
            "/users",
            json!({"name": "new", "domain": "home", "roles": ["operator"]}),
            "user.grant",
        ),
        (
            "POST",
            "/users",
            json!({"name": "new", "domain": "home", "roles": ["self-service", "auditor"]}),
            "user.grant",
        ),
        (
            "PATCH",
            "/users/home-owner",
            json!({"roles": ["administrator"]}),
            "user.grant",
        ),
        (
            "PATCH",
            "/users/chief",
            json!({"roles": ["administrator"]}),
            "user.grant",
        ),
        (
            "PATCH",
            "/users/an-operator",
            password.clone(),
            "user.grant",
        ),
        (
            "PATCH",
            "/users/an-operator",
            json!({"roles": ["self-service"]}),
            "user.grant",
        ),
        (
            "PATCH",
            "/users/an-operator",
            json!({"disabled": true}),
            "user.grant",
        ),
        (
            "POST",
            "/users/an-operator/api-key",
            json!({}),
            "user.grant",
        ),
        (
            "DELETE",
            "/users/an-operator/api-key",
            Value::Null,
            "user.grant",
        ),
        ("DELETE", "/users/an-operator", Value::Null, "user.grant"),
        (
            "PATCH",
            "/users/home-owner",
            json!({"domain": "away"}),
            "user.change",
        ),
        (
            "PATCH",
            "/users/away-owner",
            json!({"domain": "home"}),
            "user.change",
        ),
        ("PATCH", "/users/admin", password.clone(), "user.change"),
        ("DELETE", "/users/away-owner", Value::Null, "user.remove"),
    ] {
        let answer = server.native_as(&id, &key, method, path, &body);
        assert_eq!(
            answer.status,
            403,
            "{method} {path} {body}: {}",
            answer.text()
        );
        assert_eq!(
            refused_actions(&server, &id).last().map(String::as_str),
            Some(action),
            "{method} {path} {body}"
        );
    }
    for body in [
        json!({"roles": ["domain-administrator", "self-service"]}),
        json!({"disabled": true}),
    ] {
        server
            .native_as(&id, &key, "PATCH", "/users/home-owner", &body)
            .expect(200);
    }
    server
        .native_as(&id, &key, "DELETE", "/users/home-owner", &Value::Null)
        .expect(204);
    // Their own password is everybody's to change, and nothing else beside it.
    let (joe, key) = caller(&server, "joe", "self-service");
    let body = json!({"password": "mine", "roles": ["administrator"]});
    refused(
        &server.native_as(&joe, &key, "PATCH", "/users/joe", &body),
        403,
        "forbidden",
    );
    let shown = server
        .native("GET", "/users/joe", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (&shown["roles"], &shown["has_password"]),
        (&json!(["self-service"]), &json!(false))
    );
}

/// Whether there is a user is told to nobody who may not see it.
#[test]
fn users_that_are_not_there_look_like_users_of_others() {
    let server = server_with_two_domains();
    let (id, key) = caller(&server, "joe", "self-service");
    for path in ["/users/away-owner", "/users/no-such"] {
        for (method, path, body) in [
            ("GET", path.to_owned(), Value::Null),
            ("PATCH", path.to_owned(), json!({"name": "x"})),
            ("DELETE", path.to_owned(), Value::Null),
            ("POST", format!("{path}/api-key"), json!({})),
            (
                "POST",
                "/certificates".to_owned(),
                json!({"key": "ec-p256", "subject": "CN=x", "owner": path.replace("/users/", "")}),
            ),
        ] {
            refused(
                &server.native_as(&id, &key, method, &path, &body),
                403,
                "forbidden",
            );
        }
    }
}
