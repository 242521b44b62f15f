//! Bodies that are no JSON of ours, and what cannot be certified.

use serde_json::json;

use super::{CONFLICT, INVALID, NOT_FOUND, NOT_JSON, POLICY, Target};

#[test]
fn bodies_that_are_no_json_of_ours_are_refused() {
    let target = Target::new();
    let good = json!({"csr": target.csr}).to_string();
    let make = r#"{"key":"ec-p256","subject":"CN=x"}"#;
    let deep = "[".repeat(100_000);
    let utf16: Vec<u8> = make.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, body) in [
        ("nothing", &b""[..]),
        ("white space", b" \r\n\t"),
        ("no JSON", b"csr=x"),
        ("half of it", &good.as_bytes()[..good.len() / 2]),
        (
            "invalid UTF-8",
            b"{\"key\":\"ec-p256\",\"subject\":\"CN=\xff\xfe\"}",
        ),
        ("UTF-16", &utf16),
        ("a byte order mark", format!("\u{feff}{make}").as_bytes()),
        (
            "half a surrogate",
            br#"{"key":"ec-p256","subject":"CN=\ud800"}"#,
        ),
        (
            "a member twice",
            br#"{"key":"ec-p256","subject":"CN=x","subject":"CN=y"}"#,
        ),
        (
            "an unknown member",
            br#"{"key":"ec-p256","subject":"CN=x","lifetime":7}"#,
        ),
        (
            "a member in another case",
            br#"{"Key":"ec-p256","subject":"CN=x"}"#,
        ),
        ("junk behind it", format!("{make} x").as_bytes()),
        ("two of them", format!("{make}{make}").as_bytes()),
        ("a comment", format!("{make}// x").as_bytes()),
        ("null", b"null"),
        ("a string", b"\"ec-p256\""),
        ("a number", b"1e999"),
        ("a list", format!("[{make}]").as_bytes()),
        (
            "members without names",
            br#"[null,"ec-p256",null,null,"CN=x",null,null,null,null,null,null]"#,
        ),
        ("100,000 brackets", deep.as_bytes()),
        (
            "100,000 brackets in a member",
            format!("{{\"csr\":{deep}").as_bytes(),
        ),
        (
            "a million digits",
            format!("{{\"days\":{}}}", "9".repeat(1_000_000)).as_bytes(),
        ),
        ("members of other types", br#"{"csr":["x"]}"#),
        (
            "text for a list",
            br#"{"key":"ec-p256","subject":"CN=x","names":"dns:x"}"#,
        ),
    ] {
        target.check(what, "POST", "/certificates", body, INVALID);
    }
    target.check("a list for nothing", "POST", "/tokens", b"[]", INVALID);
    let admin = ("Authorization", target.authorization.as_str());
    for kind in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "json",
        "",
        "application/jsonp",
    ] {
        let headers = [admin, ("Content-Type", kind)];
        target.check_with(
            kind,
            "POST",
            "/certificates",
            &headers,
            good.as_bytes(),
            NOT_JSON,
        );
    }
    for kind in [
        &[][..],
        &[("Content-Type", "Application/JSON; charset=utf-8")],
    ] {
        let headers = [&[admin], kind].concat();
        target
            .server
            .request(
                "POST",
                "/chancery/v1/certificates",
                &headers,
                good.as_bytes(),
            )
            .expect(201);
    }
    target.check_sound();
}

#[test]
fn what_cannot_be_certified_is_refused() {
    let target = Target::new();
    let many: Vec<String> = (0..101).map(|n| format!("dns:{n}.example")).collect();
    let long = |count| format!("CN={}", "x".repeat(count));
    for (members, want) in [
        (json!({"days": 0}), POLICY),
        (json!({"days": 1_000_000_000}), POLICY),
        (json!({"days": u32::MAX}), POLICY),
        (json!({"days": -1}), INVALID),
        (json!({"days": 1.5}), INVALID),
        (json!({"days": 1e30}), INVALID),
        (json!({"days": "7"}), INVALID),
        (
            json!({"not_before": "2026-06-02T00:00:00Z", "not_after": "2026-06-01T00:00:00Z"}),
            POLICY,
        ),
        (json!({"not_after": "2001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_before": "2001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_before": "3001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_after": "9999-12-31T23:59:59Z"}), POLICY),
        (json!({"not_after": "10000-01-01T00:00:00Z"}), INVALID),
        (
            json!({"not_after": "2030-01-01T00:00:00Z", "days": 7}),
            INVALID,
        ),
        (json!({"not_after": "2030-13-01T00:00:00Z"}), INVALID),
        (json!({"not_after": "2030-01-01"}), INVALID),
        (json!({"not_after": "tomorrow"}), INVALID),
        (json!({"not_after": 1_900_000_000}), INVALID),
        (json!({"subject": "nobody"}), INVALID),
        (json!({"subject": ""}), POLICY),
        (json!({"subject": "CN="}), POLICY),
        (json!({"subject": long(65)}), POLICY),
        (json!({"subject": long(4096)}), POLICY),
        (json!({"subject": long(1_000_000)}), INVALID),
        (json!({"subject": "CN=a\\00b"}), POLICY),
        (json!({"subject": "CN=a\u{0}b"}), POLICY),
        (json!({"subject": "CN=a\u{202e}b"}), POLICY),
        (json!({"subject": "C=Germany"}), POLICY),
        (json!({"subject": "OU=x,".repeat(40) + "CN=x"}), POLICY),
        (json!({"subject": "CN=#deadbeef"}), INVALID),
        (json!({"names": many}), POLICY),
        (json!({"names": ["dns:a\u{0}b.example"]}), INVALID),
        (json!({"names": ["dns:a\nb.example"]}), INVALID),
        (json!({"names": ["dns:a b"]}), INVALID),
        (json!({"names": ["dns:b\u{fc}cher.example"]}), INVALID),
        (json!({"names": ["dns:*.*.example"]}), INVALID),
        (
            json!({"names": [format!("dns:{}.example", "x".repeat(64))]}),
            INVALID,
        ),
        (
            json!({"names": [format!("dns:{}", "x.".repeat(2000))]}),
            INVALID,
        ),
        (json!({"names": ["email:joe"]}), INVALID),
        (json!({"names": ["email:joe@a\r\nb"]}), INVALID),
        (json!({"names": ["ip:300.1.1.1"]}), INVALID),
        (json!({"names": ["uri:nothing"]}), INVALID),
        (json!({"names": [""]}), INVALID),
        (json!({"names": [7]}), INVALID),
        (json!({"profile": "no-such"}), INVALID),
        (json!({"profile": "../../etc/passwd"}), INVALID),
        (json!({"profile": "tls-server"}), POLICY),
        (
            json!({"profile": "tls-server", "names": ["email:joe@example.com"]}),
            POLICY,
        ),
        (json!({"authority": "no-such"}), NOT_FOUND),
        (json!({"owner": "no such"}), INVALID),
        (json!({"owner": ""}), INVALID),
        (json!({"owner": "x".repeat(129)}), INVALID),
        (json!({"owner": "nobody"}), NOT_FOUND),
        (json!({"name": "kept"}), CONFLICT),
        (json!({"name": ""}), INVALID),
        (json!({"name": "a b"}), INVALID),
        (json!({"name": "a/b"}), INVALID),
        (json!({"name": "a\u{0}b"}), INVALID),
        (json!({"name": "42"}), INVALID),
        (json!({"name": "5f5641a7e74e187a7e3d5266"}), INVALID),
        (json!({"name": "x".repeat(4096)}), INVALID),
        (json!({"key": "rsa-1024", "subject": "CN=x"}), INVALID),
        (json!({"key": "dsa", "subject": "CN=x"}), INVALID),
        (json!({"key": "ec-p256"}), INVALID),
        (
            json!({"key": "ec-p256", "csr": "x", "subject": "CN=x"}),
            INVALID,
        ),
        (
            json!({"key": "ec-p256", "subject": "CN=x", "profile": "tls-client", "days": 826}),
            POLICY,
        ),
    ] {
        target.check_issue(members, want);
    }
    target.check_sound();
}
