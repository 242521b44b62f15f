//! Addresses and queries that mean nothing, and calls that ask for what cannot be done.

use serde_json::{Value, json};

use super::{CONFLICT, INVALID, NO_PRIVATE_KEY, NOT_FOUND, POLICY, Target, WRONG_METHOD};

#[test]
fn addresses_and_queries_that_mean_nothing_are_refused() {
    let target = Target::new();
    let long = format!("/certificates/{}", "x".repeat(10_000));
    for (path, want) in [
        ("/certificates?limit=0", INVALID),
        ("/certificates?limit=-1", INVALID),
        ("/certificates?limit=1001", INVALID),
        (
            "/certificates?limit=1000000000000000000000000000000",
            INVALID,
        ),
        ("/certificates?limit=ten", INVALID),
        ("/certificates?limit=", INVALID),
        ("/certificates?limit=5&limit=6", INVALID),
        ("/certificates?after=abc", INVALID),
        ("/certificates?after=-", INVALID),
        ("/certificates?after=99999999999999999999", INVALID),
        ("/certificates?status=foo", INVALID),
        ("/certificates?status=Active", INVALID),
        ("/certificates?order=random", INVALID),
        ("/certificates?owner=a%20b", INVALID),
        ("/certificates?owner=", INVALID),
        ("/certificates?domain=a%00b", INVALID),
        ("/certificates?serial=12", INVALID),
        ("/certificates?issuer=CN%3Dx&serial=xyz", INVALID),
        ("/certificates?issuer=nobody", INVALID),
        ("/certificates?subject_key_id=12", INVALID),
        ("/certificates?sort=name", INVALID),
        ("/users?limit=0", INVALID),
        ("/users?domain=a%20b", INVALID),
        ("/users/a%20b", INVALID),
        ("/domains?limit=1001", INVALID),
        ("/audit?limit=0", INVALID),
        ("/audit?before=abc", INVALID),
        ("/audit?certificate=kept", INVALID),
        ("/audit?actor=a%20b", INVALID),
        ("/certificates/%ff", INVALID),
        ("/certificates/%00", NOT_FOUND),
        ("/certificates/kept%00", NOT_FOUND),
        ("/certificates/..", NOT_FOUND),
        ("/certificates/../whoami", NOT_FOUND),
        ("/certificates/%2e%2e%2fwhoami", NOT_FOUND),
        ("/certificates/..%2f..%2f..%2f..%2fetc%2fpasswd", NOT_FOUND),
        ("/certificates/-1", NOT_FOUND),
        ("/certificates/0", NOT_FOUND),
        ("/certificates/99999999999999999999999", NOT_FOUND),
        ("/certificates/5f5641a7e74e187a7e3d5266", NOT_FOUND),
        ("/certificates/KEPT", NOT_FOUND),
        ("/certificates/'%20OR%201=1--", NOT_FOUND),
        (&long, NOT_FOUND),
        ("/certificates/", NOT_FOUND),
        ("/certificates/kept/private-key", NOT_FOUND),
        ("/authorities/..%2froot", NOT_FOUND),
        ("/users/nobody", NOT_FOUND),
        ("/domains/nowhere", NOT_FOUND),
        ("", NOT_FOUND),
        ("/", NOT_FOUND),
        ("/nothing/here?x=%00", NOT_FOUND),
        ("/../../etc/passwd", NOT_FOUND),
        ("/certificates/kept/revoke", WRONG_METHOD),
        ("/tokens", WRONG_METHOD),
    ] {
        target.check(path, "GET", path, b"", want);
    }
    for (method, path) in [
        ("PUT", "/certificates"),
        ("DELETE", "/certificates"),
        ("PATCH", "/certificates/kept"),
        ("POST", "/whoami"),
        ("TRACE", "/certificates"),
        ("BREW", "/certificates/kept"),
        ("get", "/certificates"),
    ] {
        target.check(&format!("{method} {path}"), method, path, b"", WRONG_METHOD);
    }
    target.check_sound();
}

#[test]
fn other_calls_refuse_what_they_cannot_do() {
    let target = Target::new();
    let certificate = &target.certificate;
    let broken = certificate.replacen("MII", "MIJ", 1);
    let key = std::fs::read_to_string(target.server.scratch().join("subject.key.pem")).unwrap();
    let import = "/certificates/import";
    for (method, path, body, want) in [
        ("POST", "/certificates/kept/revoke", json!({}), INVALID),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": "because"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": 1}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": "superseded", "comment": "x"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/none/revoke",
            json!({"reason": "superseded"}),
            NOT_FOUND,
        ),
        (
            "POST",
            "/certificates/kept/release",
            json!({}),
            (409, "refused"),
        ),
        (
            "POST",
            "/certificates/kept/purge",
            json!({}),
            (409, "refused"),
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({}),
            NO_PRIVATE_KEY,
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({"csr": "x"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({"csr": target.csr, "days": 0}),
            POLICY,
        ),
        (
            "POST",
            "/certificates/kept/pkcs12",
            json!({"password": "x"}),
            NO_PRIVATE_KEY,
        ),
        (
            "POST",
            "/certificates/kept/pkcs12",
            json!({"password": ""}),
            INVALID,
        ),
        ("POST", import, json!({"certificates": ""}), INVALID),
        ("POST", import, json!({"certificates": "x"}), INVALID),
        ("POST", import, json!({"certificates": target.csr}), INVALID),
        ("POST", import, json!({"certificates": broken}), INVALID),
        (
            "POST",
            import,
            json!({"certificates": format!("{certificate}{broken}")}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": certificate, "private_key": "x"}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": format!("{certificate}{certificate}"), "private_key": key}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": certificate, "owner": "nobody"}),
            NOT_FOUND,
        ),
        ("POST", "/users", json!({"name": ""}), INVALID),
        ("POST", "/users", json!({"name": "a:b"}), INVALID),
        ("POST", "/users", json!({"name": "a\u{0}b"}), INVALID),
        ("POST", "/users", json!({"name": "x".repeat(129)}), INVALID),
        ("POST", "/users", json!({"name": "x", "id": "a b"}), INVALID),
        (
            "POST",
            "/users",
            json!({"name": "x", "roles": ["king"]}),
            INVALID,
        ),
        (
            "POST",
            "/users",
            json!({"name": "x", "domain": "a b"}),
            INVALID,
        ),
        (
            "POST",
            "/users",
            json!({"name": "x", "password": ""}),
            INVALID,
        ),
        ("POST", "/users", json!({"name": "admin"}), CONFLICT),
        (
            "POST",
            "/users",
            json!({"name": "x", "id": "admin"}),
            CONFLICT,
        ),
        ("PATCH", "/users/admin", json!({"disabled": true}), INVALID),
        ("PATCH", "/users/admin", json!({"domain": "a b"}), INVALID),
        ("DELETE", "/users/admin", Value::Null, INVALID),
        (
            "DELETE",
            "/users/chancery-server",
            Value::Null,
            (403, "forbidden"),
        ),
        ("POST", "/domains", json!({"id": "a b"}), INVALID),
        (
            "POST",
            "/domains",
            json!({"id": "x", "name": "x".repeat(4096)}),
            INVALID,
        ),
        ("POST", "/domains", json!({"id": "default"}), CONFLICT),
        ("DELETE", "/domains/default", Value::Null, CONFLICT),
        ("DELETE", "/tokens/current", Value::Null, INVALID),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let what = format!(
            "{method} {path} {}",
            body.chars().take(200).collect::<String>()
        );
        target.check(&what, method, path, body.as_bytes(), want);
    }
    target.check_sound();
}
