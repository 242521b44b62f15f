//! Who may know whom: the crates' manifests, the private store, a pure core, and APIs that never meet.

use std::path::Path;

use super::source::{File, Token, files, names, places, rust_files, scan, shipped_files, tokens};

/// What one crate may depend on.
struct Crate {
    folder: &'static str,
    /// The crates of this workspace that it may name.
    may_name: &'static [&'static str],
    speaks_http: bool,
    /// Families of crates that it must not name: `tower` stands for `tower` and `tower-http` alike.
    must_not_name: &'static [&'static str],
}

const HTTP: &[&str] = &[
    "axum", "http", "hyper", "reqwest", "tower", "ureq", "utoipa",
];

const CRATES: &[Crate] = &[
    Crate {
        folder: "crates/chancery-core",
        may_name: &[],
        speaks_http: false,
        must_not_name: &[
            "async", "futures", "rand", "rusqlite", "serde", "tokio", "toml", "tracing",
        ],
    },
    Crate {
        folder: "crates/chancery-app",
        may_name: &["chancery-core"],
        speaks_http: false,
        must_not_name: &[],
    },
    Crate {
        folder: "crates/chancery-http",
        may_name: &["chancery-app", "chancery-core"],
        speaks_http: true,
        must_not_name: &["rusqlite"],
    },
    Crate {
        folder: "crates/chancery",
        may_name: &["chancery-app", "chancery-core", "chancery-http"],
        speaks_http: true,
        must_not_name: &["rusqlite"],
    },
];

/// Imports go one way, and every crate but the measuring programs stands for a forbidden import.
pub(super) fn manifests(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in names(&root.join("crates")) {
        let folder = format!("crates/{name}");
        if !CRATES.iter().any(|one| one.folder == folder) {
            wrong.push(format!("{folder}: a crate stands for a forbidden import; say which in the table of this rule"));
        }
    }
    for one in CRATES {
        let path = format!("{}/Cargo.toml", one.folder);
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else {
            continue;
        };
        for name in dependencies(&text) {
            if name.starts_with("chancery") && !one.may_name.contains(&name.as_str()) {
                wrong.push(format!("{path}: `{name}` points the wrong way; imports go chancery -> http -> app -> core"));
            }
            if !one.speaks_http && in_family(&name, HTTP) {
                wrong.push(format!(
                    "{path}: `{name}` speaks HTTP; that belongs in chancery-http"
                ));
            }
            if in_family(&name, one.must_not_name) {
                wrong.push(format!("{path}: this crate does without `{name}`; move what needs it to the crate that has it"));
            }
        }
    }
    wrong
}

fn in_family(name: &str, families: &[&str]) -> bool {
    families.iter().any(|family| {
        name.strip_prefix(family)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// The names under every `[...dependencies]` of a manifest, and what a renamed one really is.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header.ends_with("dependencies");
            if let Some((_, name)) = header.split_once("dependencies.") {
                found.push(name.trim_matches('"').into());
            }
        } else if inside && line.starts_with(|first: char| first.is_alphanumeric() || first == '"')
        {
            let name = line.split(['.', '=', ' ']).next().unwrap_or(line);
            found.push(name.trim_matches('"').into());
        }
        if let Some((_, renamed)) = line.split_once("package = \"") {
            found.extend(renamed.split('"').next().map(String::from));
        }
    }
    found
}

const STORE: &str = "crates/chancery-app/src/store/";

/// SQL stands in the store and nowhere else. The crates' `tests/` and `bench/` are left out: they look into a database
/// from outside, as an operator would, and no product code can call them.
pub(super) fn sql_in_the_store(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in product_files(root) {
        for literal in scan(&file.text)
            .literals
            .iter()
            .filter(|literal| is_sql(&literal.text))
        {
            wrong.push(format!(
                "{}: SQL outside {STORE}; give the store a method in the words of the use case",
                file.place(literal.at)
            ));
        }
    }
    for file in files(root, "crates")
        .iter()
        .filter(|file| file.path.ends_with(".sql") && !file.path.starts_with(STORE))
    {
        wrong.push(format!("{}: SQL files belong under {STORE}", file.path));
    }
    wrong
}

/// SQL is written in capitals here, and prose is not.
fn is_sql(literal: &str) -> bool {
    const STATEMENTS: &[(&str, &str)] = &[
        ("SELECT", "FROM"),
        ("INSERT", "INTO"),
        ("UPDATE", "SET"),
        ("DELETE", "FROM"),
        ("CREATE", "TABLE"),
    ];
    let flat = literal.replace("\\n", " ");
    let words: Vec<&str> = flat
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .collect();
    let position = |word: &str| words.iter().position(|one| *one == word);
    STATEMENTS.iter().any(|(first, then)| {
        position(first).is_some_and(|start| position(then).is_some_and(|end| start < end))
    })
}

/// Only the store names the database library.
pub(super) fn rusqlite_in_the_store(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in product_files(root) {
        let source = scan(&file.text);
        for token in tokens(&source.code)
            .iter()
            .filter(|token| token.text == "rusqlite")
        {
            let place = file.place(token.at);
            wrong.push(format!(
                "{place}: only the store names rusqlite; return a core type from there"
            ));
        }
    }
    wrong
}

/// The product's own sources outside the store.
fn product_files(root: &Path) -> Vec<File> {
    let mut files = shipped_files(root);
    files.retain(|file| file.path.starts_with("crates/") && !file.path.starts_with(STORE));
    files
}

/// The store is a private module and stays behind its door: no other crate can reach round a use case.
pub(super) fn private_store(root: &Path) -> Vec<String> {
    let path = "crates/chancery-app/src/lib.rs";
    let mut wrong = Vec::new();
    for file in files(root, "crates/chancery-app/src")
        .iter()
        .filter(|file| file.path == path)
    {
        let source = scan(&file.text);
        let tokens = tokens(&source.code);
        let mut open = places(&tokens, &["pub", "mod", "store"]);
        for door in [
            &["pub", "use", "store"][..],
            &["pub", "use", "crate", ":", ":", "store"],
        ] {
            let reexports = places(&tokens, door);
            open.extend(reexports.into_iter().filter(|tail| {
                let names = first_names(tail.get(door.len() + 2..).unwrap_or_default());
                names.iter().any(|name| ["Store", "*"].contains(&name.text))
            }));
        }
        wrong.extend(open.iter().filter_map(|tail| tail.first()).map(|token| {
            format!(
                "{}: the store is private; offer a use case on `App` instead",
                file.place(token.at)
            )
        }));
    }
    wrong
}

/// Core holds values and decisions: time, randomness, files and the network reach it as arguments or not at all.
/// Its tests may ask other programs, and are left out.
pub(super) fn pure_core(root: &Path) -> Vec<String> {
    const WORLD: &[&str] = &["env", "fs", "io", "process", "thread"];
    const EFFECTS: &[&str] = &[
        "Instant",
        "SecureRandom",
        "SystemRandom",
        "SystemTime",
        "TcpListener",
        "TcpStream",
        "UdpSocket",
        "async",
        "await",
    ];
    let mut wrong = Vec::new();
    for file in rust_files(root, "crates/chancery-core/src")
        .into_iter()
        .map(File::without_tests)
    {
        let source = scan(&file.text);
        let tokens = tokens(&source.code);
        let mut outside: Vec<Token<'_>> = Vec::new();
        for tail in places(&tokens, &["std", ":", ":"]) {
            outside.extend(
                first_names(tail.get(3..).unwrap_or_default())
                    .iter()
                    .filter(|name| WORLD.contains(&name.text)),
            );
        }
        outside.extend(tokens.iter().filter(|token| EFFECTS.contains(&token.text)));
        wrong.extend(outside.iter().map(|token| {
            let place = file.place(token.at);
            format!("{place}: `{}` in core, which has no I/O, clock, randomness or async; take the value as an argument", token.text)
        }));
    }
    wrong
}

const APIS: &str = "crates/chancery-http/src/apis";

/// No API folder names another, and what they share names none: so each can be deleted alone.
pub(super) fn apis_apart(root: &Path) -> Vec<String> {
    let mut apis = names(&root.join(APIS));
    apis.retain(|name| root.join(APIS).join(name).is_dir());
    let mut wrong = Vec::new();
    for own in &apis {
        for file in rust_files(root, &format!("{APIS}/{own}")) {
            wrong.extend(foreign(&file, &apis, own));
        }
    }
    for file in rust_files(root, "crates/chancery-http/src/kit") {
        wrong.extend(foreign(&file, &apis, ""));
    }
    wrong
}

fn foreign(file: &File, apis: &[String], own: &str) -> Vec<String> {
    let source = scan(&file.text);
    let tokens = tokens(&source.code);
    let mut wrong = Vec::new();
    for tail in [
        places(&tokens, &["apis", ":", ":"]),
        places(&tokens, &["super", ":", ":"]),
    ]
    .concat()
    {
        for name in first_names(tail.get(3..).unwrap_or_default()) {
            if name.text != own && apis.iter().any(|api| api == name.text) {
                let place = file.place(name.at);
                wrong.push(format!("{place}: reaches into apis/{}; what two APIs need belongs in kit/ or in a use case", name.text));
            }
        }
    }
    wrong
}

/// The names that directly follow `path::`: one, or those of the list in braces.
fn first_names<'a>(tail: &[Token<'a>]) -> Vec<Token<'a>> {
    if tail.first().is_none_or(|token| token.text != "{") {
        return tail.first().copied().into_iter().collect();
    }
    let mut found = Vec::new();
    let (mut depth, mut fresh) = (0, false);
    for token in tail {
        match token.text {
            "{" => (depth, fresh) = (depth + 1, depth == 0),
            "}" => depth -= 1,
            "," => fresh = depth == 1,
            _ if fresh => {
                found.push(*token);
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}
