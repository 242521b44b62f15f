//! What every API folder must hold: its files, a README that knows each route, and an error table without a catch-all.

use std::path::Path;

use super::source::{File, Source, names, places, rust_files, scan, tokens};

const APIS: &str = "crates/chancery-http/src/apis";

/// What a vendor's API is made of. CONTRIBUTING.md says what goes where.
const VENDOR: &[&str] = &[
    "README.md",
    "errors.rs",
    "extract.rs",
    "golden",
    "handlers.rs",
    "map.rs",
    "mod.rs",
    "wire.rs",
];

/// The folders that are no vendor's: our own API has no document to be golden against and splits its handlers by
/// resource; certificates, CRLs and OCSP have neither callers nor words of their own.
const OURS: &[(&str, &[&str])] = &[
    (
        "native",
        &[
            "README.md",
            "errors.rs",
            "extract.rs",
            "map.rs",
            "mod.rs",
            "wire.rs",
        ],
    ),
    ("pki", &["README.md", "mod.rs"]),
];

/// Every API folder holds the files that a reader expects there, and `apis/` holds nothing else than folders.
pub(super) fn api_folders(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for api in names(&root.join(APIS)) {
        let folder = root.join(APIS).join(&api);
        if !folder.is_dir() {
            if api != "mod.rs" {
                wrong.push(format!(
                    "{APIS}/{api}: an API is a folder; beside them stands mod.rs alone"
                ));
            }
            continue;
        }
        if names(&folder).is_empty() {
            continue; // left on a disk where an API was deleted; git does not know it
        }
        let required = OURS
            .iter()
            .find(|(name, _)| *name == api)
            .map_or(VENDOR, |(_, files)| files);
        for name in required {
            let there = if name.contains('.') {
                folder.join(name).is_file()
            } else {
                !names(&folder.join(name)).is_empty()
            };
            if !there {
                wrong.push(format!("{APIS}/{api}: {name} is missing; CONTRIBUTING.md, \"Add a vendor API\", says what it holds"));
            }
        }
    }
    wrong
}

/// Every route of an API stands in its README, where a reader looks for what we answer and what we do not.
pub(super) fn routes_in_readme(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for api in names(&root.join(APIS)) {
        let readme = std::fs::read_to_string(root.join(APIS).join(&api).join("README.md"))
            .unwrap_or_default();
        let written: Vec<&str> = readme
            .split(|letter: char| letter.is_whitespace() || "`|(),?".contains(letter))
            .collect();
        for file in rust_files(root, &format!("{APIS}/{api}")) {
            let source = scan(&file.text);
            for (at, route) in routes(&source) {
                let place = file.place(at);
                match route {
                    None => wrong.push(format!("{place}: write the route as one literal, so that it can be found by searching for it")),
                    Some(route) if !written.iter().any(|word| word.ends_with(route)) => {
                        wrong.push(format!("{place}: route {route} is not in {APIS}/{api}/README.md; add it to the table there"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    wrong
}

/// The first argument of every `.route(` and the value of every `path = ` of an OpenAPI attribute, if a literal.
fn routes(source: &Source) -> Vec<(usize, Option<&str>)> {
    let tokens = tokens(&source.code);
    let literal = |at| {
        source
            .literals
            .iter()
            .find(|literal| literal.at == at)
            .map(|literal| literal.text.as_str())
    };
    let mut found = Vec::new();
    for tail in places(&tokens, &[".", "route", "("]) {
        found.extend(
            tail.get(3)
                .map(|argument| (argument.at, literal(argument.at))),
        );
    }
    for tail in places(&tokens, &["path", "="]) {
        // An assignment to a variable of that name is no attribute: only a literal that starts with `/` is a route.
        let value = tail
            .get(2)
            .and_then(|value| Some((value.at, literal(value.at)?)));
        found.extend(
            value
                .filter(|(_, text)| text.starts_with('/'))
                .map(|(at, text)| (at, Some(text))),
        );
    }
    found
}

/// The error table of an API is exhaustive: a new kind of error must be given its status and words by hand, since a
/// catch-all turns a fault of ours into a client's error, or the reverse.
pub(super) fn exhaustive_errors(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for api in names(&root.join(APIS)) {
        for file in rust_files(root, &format!("{APIS}/{api}")) {
            if !file.path.ends_with("/errors.rs") {
                continue;
            }
            wrong.extend(catch_alls(&file.without_tests()));
        }
    }
    wrong
}

/// Arms that take whatever is left: `_ =>`, `_ if ... =>`, `other =>`.
fn catch_alls(file: &File) -> Vec<String> {
    let source = scan(&file.text);
    let tokens = tokens(&source.code);
    let mut wrong = Vec::new();
    for window in tokens.windows(4) {
        let [before, pattern, after, last] = window else {
            continue;
        };
        let starts_arm = ["{", ",", "}"].contains(&before.text);
        let binds_all = pattern
            .text
            .starts_with(|first: char| first == '_' || first.is_lowercase())
            && !["true", "false"].contains(&pattern.text);
        let ends_pattern = after.text == "if" || (after.text == "=" && last.text == ">");
        if starts_arm && binds_all && ends_pattern {
            wrong.push(format!("{}: `{}` takes every error that is left; name each kind, with its status and words", file.place(pattern.at), pattern.text));
        }
    }
    wrong
}
