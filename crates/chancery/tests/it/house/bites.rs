//! Proof that the rules bite: a small tree that keeps them all, then one breach at a time.

use std::fs;
use std::path::Path;

use super::{Rule, apis, borders, shape};

const RULES: &[Rule] = &[
    borders::manifests,
    borders::sql_in_the_store,
    borders::rusqlite_in_the_store,
    borders::private_store,
    borders::pure_core,
    borders::apis_apart,
    apis::api_folders,
    apis::routes_in_readme,
    apis::exhaustive_errors,
    shape::file_lengths,
    shape::function_lengths,
    shape::module_headers,
    shape::telling_names,
    shape::reasons_for_exemptions,
    shape::finished,
    shape::plain_getters,
    shape::no_paths_of_a_machine,
    shape::front_documents,
    shape::numbered_decisions,
];

const APP: &str = "crates/chancery-app";
const CORE: &str = "crates/chancery-core";
const HTTP: &str = "crates/chancery-http";
const KEYSTONE: &str = "crates/chancery-http/src/apis/keystone";

/// A tree that breaks nothing, and comes close to it where a rule might see too much.
const CLEAN: &[(&str, &str)] = &[
    (
        "README.md",
        concat!(
            "Routes such as /x/wo",
            "rk/orders are no path of a machine."
        ),
    ),
    ("ARCHITECTURE.md", ""),
    ("CHANGELOG.md", ""),
    ("CONTRIBUTING.md", ""),
    ("LICENSE", ""),
    ("SECURITY.md", ""),
    ("docs/decisions/0001-rust.md", ""),
    ("docs/decisions/0002-sqlite.md", ""),
    ("target/debug/build/x/out/utils.rs", "fn get_it() {}"),
    (
        "crates/chancery-core/Cargo.toml",
        "[package]\nname = \"axum\"\n[dependencies]\nhttparse = \"1\"\n",
    ),
    (
        "crates/chancery-core/src/lib.rs",
        "//! What is true.\n#[cfg(test)]\nmod tests {\n    use std::{fs, io};\n}\n",
    ),
    (
        "crates/chancery-app/Cargo.toml",
        "[dependencies]\nchancery-core.workspace = true\nrusqlite = \"1\"\n",
    ),
    (
        "crates/chancery-app/src/lib.rs",
        "//! What we do.\nmod store;\n// rusqlite: SELECT a FROM b\nconst A: &str = \"select one from many\";\n",
    ),
    (
        "crates/chancery-app/src/store/mod.rs",
        "//! SQL.\nuse rusqlite as _;\nconst A: &str = \"SELECT a FROM b\";\n",
    ),
    (
        "crates/chancery-app/src/store/0001.sql",
        "CREATE TABLE b (a);",
    ),
    (
        "crates/chancery-http/Cargo.toml",
        "[dependencies]\nchancery-app.workspace = true\naxum = \"1\"\n",
    ),
    (
        "crates/chancery-http/src/apis/mod.rs",
        "//! One table.\npub mod keystone;\nuse self::keystone as _;\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/README.md",
        "| `GET /v2.0/ids/{id}?x` | done |\n| `/v2.0/open` |",
    ),
    (
        "crates/chancery-http/src/apis/keystone/mod.rs",
        "//! A vendor.\nfn router() { Router::new().route(\"/ids/{id}\", get(one)) }\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/errors.rs",
        "//! Errors.\nfn f(e: E) -> u8 { match e { E::A { .. } => 1, E::B(_) => 2, } }\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/wire.rs",
        "//! Words.\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/map.rs",
        "//! Both ways.\nuse super::wire;\nuse crate::apis::keystone;\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/extract.rs",
        "//! Who.\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/handlers.rs",
        "//! Do.\n#[get(path = \"/v2.0/open\")]\nfn open() {}\n",
    ),
    (
        "crates/chancery-http/src/apis/keystone/golden/01.request.http",
        concat!("GET /tm", "p/x HTTP/1.1\n\n"),
    ),
    ("crates/chancery-http/src/apis/pki/README.md", ""),
    ("crates/chancery-http/src/apis/pki/mod.rs", "//! CRL.\n"),
    (
        "crates/chancery/tests/it/main.rs",
        "#[expect(dead_code, reason = \"x\")]\nfn target() { a.expect(\"SELECT a FROM b\"); /* TODO(ann) */ }\n",
    ),
    (
        "bench/src/main.rs",
        "//! Measures.\nuse rusqlite as _;\nconst A: &str = \"INSERT INTO b\";\n",
    ),
];

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(path, text).unwrap();
}

fn clean_tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in CLEAN {
        write(tree.path(), path, text);
    }
    tree
}

/// Writes `text` to `path` in a clean tree; the rule, and it alone, must then answer with one line holding `answer`.
#[track_caller]
fn check(rule: Rule, path: &str, text: &str, answer: &str) {
    let tree = clean_tree();
    write(tree.path(), path, text);
    let wrong = rule(tree.path());
    assert!(
        matches!(wrong.as_slice(), [only] if only.contains(answer)),
        "{path}: expected `{answer}`, got {wrong:#?}"
    );
    let others = RULES
        .iter()
        .filter(|other| !std::ptr::fn_addr_eq(**other, rule));
    let others: Vec<String> = others.flat_map(|other| other(tree.path())).collect();
    assert!(
        others.is_empty(),
        "{path}: other rules answer too: {others:#?}"
    );
}

/// Removes `path` from a clean tree.
#[track_caller]
fn check_without(rule: Rule, path: &str, answer: &str) {
    let tree = clean_tree();
    fs::remove_file(tree.path().join(path)).unwrap();
    let wrong = rule(tree.path());
    assert!(
        matches!(wrong.as_slice(), [only] if only.contains(answer)),
        "{path}: expected `{answer}`, got {wrong:#?}"
    );
}

#[test]
fn a_clean_tree_breaks_no_rule() {
    let tree = clean_tree();
    let wrong: Vec<String> = RULES.iter().flat_map(|rule| rule(tree.path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_empty_tree_lacks_documents_only() {
    let tree = tempfile::tempdir().unwrap();
    let wrong: Vec<String> = RULES.iter().flat_map(|rule| rule(tree.path())).collect();
    assert_eq!(wrong, shape::front_documents(tree.path()));
}

#[test]
fn a_manifest_that_points_back_is_seen() {
    let core = &format!("{CORE}/Cargo.toml");
    let app = &format!("{APP}/Cargo.toml");
    check(
        borders::manifests,
        core,
        "[dependencies]\nserde_json.workspace = true",
        "does without `serde_json`",
    );
    check(
        borders::manifests,
        core,
        "[dependencies.tokio]\nversion = \"1\"",
        "does without `tokio`",
    );
    check(
        borders::manifests,
        core,
        "[dev-dependencies]\nchancery-app.workspace = true",
        "`chancery-app` points the wrong way",
    );
    check(
        borders::manifests,
        app,
        "[dependencies]\ntower-http = \"1\"",
        "`tower-http` speaks HTTP",
    );
    check(
        borders::manifests,
        app,
        "[target.'cfg(unix)'.dependencies]\nweb = { package = \"axum\" }",
        "`axum` speaks HTTP",
    );
    check(
        borders::manifests,
        app,
        "[dependencies]\nchancery-http = { path = \"../chancery-http\" }",
        "points the wrong way",
    );
    check(
        borders::manifests,
        &format!("{HTTP}/Cargo.toml"),
        "[dependencies]\nrusqlite = \"1\"",
        "does without `rusqlite`",
    );
    check(
        borders::manifests,
        "crates/chancery-extra/Cargo.toml",
        "",
        "stands for a forbidden import",
    );
}

#[test]
fn sql_outside_the_store_is_seen() {
    let path = &format!("{APP}/src/issue.rs");
    for sql in [
        "SELECT a\\nFROM b",
        "INSERT OR IGNORE INTO b",
        "UPDATE b SET a",
        "DELETE FROM b",
        "CREATE TABLE b",
    ] {
        check(
            borders::sql_in_the_store,
            path,
            &format!("//! x\nfn f() {{\n    q(\"{sql}\");\n}}\n"),
            "issue.rs:3: SQL",
        );
    }
    check(
        borders::sql_in_the_store,
        path,
        "//! x\nconst A: &str = r#\"\n  SELECT \"a\"\n  FROM b\"#;\n",
        "issue.rs:2: SQL",
    );
    check(
        borders::sql_in_the_store,
        &format!("{APP}/src/0001.sql"),
        "",
        "SQL files belong",
    );
}

#[test]
fn rusqlite_outside_the_store_is_seen() {
    check(
        borders::rusqlite_in_the_store,
        &format!("{APP}/src/error.rs"),
        "//! x\nuse rusqlite::Error;\n",
        "error.rs:2",
    );
}

#[test]
fn an_open_store_is_seen() {
    for text in [
        "pub mod store;",
        "mod store;\npub use store::{Row, Store};",
        "mod store;\npub use crate::store::*;",
    ] {
        check(
            borders::private_store,
            &format!("{APP}/src/lib.rs"),
            &format!("//! x\n{text}\n"),
            "the store is private",
        );
    }
}

#[test]
fn the_world_in_core_is_seen() {
    let path = &format!("{CORE}/src/serial.rs");
    for (text, name) in [
        ("use std::fs::File;", "fs"),
        ("use std::{fmt, net::IpAddr, thread};", "thread"),
        ("fn f() { SystemTime::now(); }", "SystemTime"),
        ("fn f(random: &SystemRandom) {}", "SystemRandom"),
        ("async fn f() {}", "async"),
    ] {
        let tree = clean_tree();
        write(tree.path(), path, &format!("//! x\n{text}\n"));
        let wrong = borders::pure_core(tree.path());
        assert!(
            wrong
                .iter()
                .any(|line| line.contains(&format!("serial.rs:2: `{name}` in core"))),
            "{text}: {wrong:#?}"
        );
    }
}

#[test]
fn an_api_that_names_another_is_seen() {
    for text in [
        "use crate::apis::pki;",
        "use super::super::pki::crl;",
        "use crate::apis::{keystone, pki::{crl, ocsp}};",
    ] {
        check(
            borders::apis_apart,
            &format!("{KEYSTONE}/map.rs"),
            &format!("//! x\n{text}\n"),
            "map.rs:2: reaches into apis/pki",
        );
    }
    check(
        borders::apis_apart,
        &format!("{HTTP}/src/kit/pem.rs"),
        "//! x\nuse crate::apis::keystone::wire;\n",
        "apis/keystone",
    );
}

#[test]
fn an_api_without_its_files_is_seen() {
    check_without(
        apis::api_folders,
        &format!("{KEYSTONE}/errors.rs"),
        "keystone: errors.rs is missing",
    );
    check_without(
        apis::api_folders,
        &format!("{KEYSTONE}/golden/01.request.http"),
        "keystone: golden is missing",
    );
    check_without(
        apis::api_folders,
        &format!("{HTTP}/src/apis/pki/README.md"),
        "pki: README.md is missing",
    );
    check(
        apis::api_folders,
        &format!("{HTTP}/src/apis/sbc.rs"),
        "//! x\n",
        "an API is a folder",
    );
}

#[test]
fn a_route_that_the_readme_lacks_is_seen() {
    let path = &format!("{KEYSTONE}/mod.rs");
    check(
        apis::routes_in_readme,
        path,
        "//! x\nfn r() { a.route(\n    \"/ids\", b) }\n",
        "mod.rs:3: route /ids is not in",
    );
    check(
        apis::routes_in_readme,
        path,
        "//! x\nfn r() { a.route(&format!(\"/ids\"), b) }\n",
        "as one literal",
    );
    check(
        apis::routes_in_readme,
        path,
        "//! x\n#[utoipa::path(get, path = \"/v3\")]\nfn r() {}\n",
        "route /v3",
    );
}

#[test]
fn a_catch_all_in_an_error_table_is_seen() {
    for arm in ["_ => 2", "_ if x => 2", "other => 2"] {
        let text = format!("//! x\nfn f(e: E) -> u8 {{ match e {{ E::A => 1, {arm} }} }}\n");
        check(
            apis::exhaustive_errors,
            &format!("{KEYSTONE}/errors.rs"),
            &text,
            "errors.rs:2: `",
        );
    }
}

#[test]
fn long_files_and_functions_are_seen() {
    let path = &format!("{CORE}/tests/long.rs");
    check(
        shape::file_lengths,
        path,
        &"// x\n".repeat(801),
        "801 lines",
    );
    check(
        shape::function_lengths,
        &format!("{CORE}/src/long.rs"),
        &format!(
            "//! x\nfn long() {{\n{}}}\n",
            "    f(); // x\n\n".repeat(81)
        ),
        "fn long has 81 lines",
    );
    let tree = clean_tree();
    write(
        tree.path(),
        path,
        &format!(
            "fn f() {{\n{}}}\n{}",
            "    f();\n".repeat(80),
            "// x\n".repeat(718)
        ),
    );
    assert_eq!(
        shape::file_lengths(tree.path()).len() + shape::function_lengths(tree.path()).len(),
        0
    );
}

#[test]
fn a_source_file_without_a_header_is_seen() {
    check(
        shape::module_headers,
        &format!("{CORE}/src/x509/crl.rs"),
        "use std::fmt;\n\n//! Late.\n",
        "crl.rs: start with",
    );
    check(
        shape::module_headers,
        "bench/src/load.rs",
        "// x\n",
        "load.rs: start with",
    );
}

#[test]
fn names_that_fit_anything_are_seen() {
    check(
        shape::telling_names,
        &format!("{CORE}/src/utils.rs"),
        "//! x\n",
        "`utils` fits any content",
    );
    check(
        shape::telling_names,
        &format!("{CORE}/src/types/key.rs"),
        "//! x\n",
        "`types` fits any content",
    );
    check(
        shape::telling_names,
        &format!("{CORE}/src/lib.rs"),
        "//! x\nmod helpers {}\n",
        "lib.rs:2: mod `helpers`",
    );
}

#[test]
fn an_exemption_without_a_reason_is_seen() {
    let path = &format!("{CORE}/src/lib.rs");
    for text in [
        "#[allow(dead_code)]",
        "#[expect(dead_code)]",
        "#![allow(dead_code)]",
        "#[cfg_attr(test, expect(dead_code))]",
    ] {
        check(
            shape::reasons_for_exemptions,
            path,
            &format!("//! x\n{text}\nfn f() {{}}\n"),
            "lib.rs:2: write #[expect",
        );
    }
}

#[test]
fn unfinished_places_are_seen() {
    // In two parts, so that nothing takes this line itself for such a place.
    const LEFT_OUT: &str = concat!("unimple", "mented!");
    let path = &format!("{CORE}/src/lib.rs");
    check(
        shape::finished,
        path,
        "//! x\n\n/// ToDo: more\n",
        "lib.rs:3: finish it",
    );
    check(
        shape::finished,
        path,
        &format!("//! x\nfn f() {{\n    {LEFT_OUT}(\"x\")\n}}\n"),
        &format!("lib.rs:3: {LEFT_OUT}"),
    );
}

#[test]
fn getters_with_a_prefix_are_seen() {
    check(
        shape::plain_getters,
        &format!("{CORE}/src/lib.rs"),
        "//! x\nfn get_name() {}\n",
        "lib.rs:2: call it name",
    );
}

#[test]
fn a_path_of_a_machine_is_seen() {
    let place = concat!("in /wo", "rk/main");
    check(
        shape::no_paths_of_a_machine,
        "docs/install.md",
        place,
        "install.md:1: ",
    );
    check(
        shape::no_paths_of_a_machine,
        "check",
        concat!("\ncd \"/tm", "p/x\""),
        "check:2: ",
    );
}

#[test]
fn a_missing_document_is_seen() {
    check_without(
        shape::front_documents,
        "SECURITY.md",
        "SECURITY.md is missing",
    );
}

#[test]
fn a_decision_out_of_order_is_seen() {
    check(
        shape::numbered_decisions,
        "docs/decisions/0004-late.md",
        "",
        "0004-late.md: expected 0003-title.md",
    );
    check(
        shape::numbered_decisions,
        "docs/decisions/0003.md",
        "",
        "0003.md: expected 0003-title.md",
    );
}
