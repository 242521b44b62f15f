//! How the tree is written: sizes, headers, names, exemptions from lints, unfinished places, documents.

use std::path::Path;

use super::source::{
    File, Source, Token, files, names, places, rust_files, scan, shipped_files, tokens,
};

const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 80;

/// No Rust file, test or not, is over 800 lines long.
pub(super) fn file_lengths(root: &Path) -> Vec<String> {
    let long = rust_files(root, "")
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path));
    long.filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, path)| {
            format!("{path}: {lines} lines; split it by purpose, each part under {FILE_LINES}")
        })
        .collect()
}

/// No function has over 80 lines of code. Clippy counts the same way, but can be told to look away; this cannot.
pub(super) fn function_lengths(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let shipped = rust_files(root, "").into_iter().map(File::without_tests);
    for file in shipped {
        let source = scan(&file.text);
        for (name, lines) in functions(&source) {
            if lines > FUNCTION_LINES {
                let place = file.place(name.at);
                wrong.push(format!("{place}: fn {} has {lines} lines of code; give its steps names, each under {FUNCTION_LINES}", name.text));
            }
        }
    }
    wrong
}

/// The name of every function with a body, and the lines in it that are neither blank nor comment.
fn functions(source: &Source) -> Vec<(Token<'_>, usize)> {
    let tokens = tokens(&source.code);
    let mut found = Vec::new();
    for tail in places(&tokens, &["fn"]) {
        let Some(name) = tail.get(1).filter(|name| name.is_name()) else {
            continue;
        };
        let (mut round, mut curly, mut open) = (0, 0, None);
        for token in tail {
            match token.text {
                "(" | "[" => round += 1,
                ")" | "]" => round -= 1,
                ";" if round == 0 && open.is_none() => break,
                "{" => {
                    open = open.or(Some(token.at));
                    curly += 1;
                }
                "}" => curly -= 1,
                _ => {}
            }
            let Some(start) = open.filter(|_| curly == 0) else {
                continue;
            };
            let body = source.code.get(start + 1..token.at).unwrap_or_default();
            found.push((
                *name,
                body.lines().filter(|line| !line.trim().is_empty()).count(),
            ));
            break;
        }
    }
    found
}

/// Every source file says first what it is and what it must not know.
pub(super) fn module_headers(root: &Path) -> Vec<String> {
    let bare = shipped_files(root)
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"));
    bare.map(|file| {
        format!(
            "{}: start with `//!`: what this is, and what it must not know",
            file.path
        )
    })
    .collect()
}

/// Names that say nothing, and so take in everything.
const BANNED: &[&str] = &[
    "common", "commons", "helper", "helpers", "manager", "managers", "misc", "model", "models",
    "prelude", "service", "services", "types", "util", "utils",
];

/// No file, folder or module has a name that would fit any content.
pub(super) fn telling_names(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in ["crates", "bench", "fuzz"]
        .iter()
        .flat_map(|folder| rust_files(root, folder))
    {
        for part in file
            .path
            .split('/')
            .map(|part| part.trim_end_matches(".rs"))
        {
            if BANNED.contains(&part) {
                wrong.push(format!(
                    "{}: `{part}` fits any content; name it after the idea or the use case",
                    file.path
                ));
            }
        }
        let source = scan(&file.text);
        for tail in places(&tokens(&source.code), &["mod"]) {
            if let Some(name) = tail.get(1).filter(|name| BANNED.contains(&name.text)) {
                let place = file.place(name.at);
                wrong.push(format!(
                    "{place}: mod `{}` fits any content; name it after the idea or the use case",
                    name.text
                ));
            }
        }
    }
    wrong
}

/// A lint is switched off with its reason beside it.
pub(super) fn reasons_for_exemptions(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in rust_files(root, "") {
        let source = scan(&file.text);
        let tokens = tokens(&source.code);
        for tail in [
            places(&tokens, &["#", "["]),
            places(&tokens, &["#", "!", "["]),
        ]
        .concat()
        {
            let mut depth = 0;
            let attribute: Vec<&str> = tail
                .iter()
                .map(|token| token.text)
                .take_while(|text| {
                    depth += i32::from(*text == "[") - i32::from(*text == "]");
                    depth > 0 || *text == "#" || *text == "!"
                })
                .collect();
            let has = |word| attribute.contains(&word);
            if let Some(first) = tail
                .first()
                .filter(|_| (has("allow") || has("expect")) && !has("reason"))
            {
                let place = file.place(first.at);
                wrong.push(format!(
                    "{place}: write #[expect(lint, reason = \"...\")], or mend what the lint found"
                ));
            }
        }
    }
    wrong
}

/// Nothing unfinished is left without somebody who finishes it.
pub(super) fn finished(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in rust_files(root, "") {
        let source = scan(&file.text);
        for comment in &source.comments {
            if without_owner(&comment.text) {
                wrong.push(format!(
                    "{}: finish it, or say who will: todo(name), in capitals",
                    file.place(comment.at)
                ));
            }
        }
        let tokens = tokens(&source.code);
        for tail in [
            places(&tokens, &["todo", "!"]),
            places(&tokens, &["unimplemented", "!"]),
        ]
        .concat()
        {
            wrong.extend(tail.first().map(|token| {
                format!(
                    "{}: {}! is a fault in waiting; write the code",
                    file.place(token.at),
                    token.text
                )
            }));
        }
    }
    wrong
}

/// Whether a comment bears a mark of unfinished work that is not followed by a name in parentheses.
fn without_owner(comment: &str) -> bool {
    let tokens = tokens(comment);
    tokens.iter().enumerate().any(|(index, token)| {
        let marked = ["todo", "fixme"]
            .iter()
            .any(|mark| token.text.eq_ignore_ascii_case(mark));
        let owned = [index + 1, index + 2].map(|next| {
            tokens
                .get(next)
                .map(|token| (token.text == "(", token.is_name()))
        });
        marked && !matches!(owned, [Some((true, _)), Some((_, true))])
    })
}

/// A function that hands something out is named after it.
pub(super) fn plain_getters(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in rust_files(root, "") {
        let source = scan(&file.text);
        for tail in places(&tokens(&source.code), &["fn"]) {
            if let Some(name) = tail.get(1).filter(|name| name.text.starts_with("get_")) {
                wrong.push(format!(
                    "{}: call it {}",
                    file.place(name.at),
                    name.text.trim_start_matches("get_")
                ));
            }
        }
    }
    wrong
}

/// Folders of somebody's machine, written apart so that this file passes its own rule.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
];

/// No path of the machine on which something was written; vendors' documents under `golden/` are quoted as they are.
pub(super) fn no_paths_of_a_machine(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files(root, "")
        .iter()
        .filter(|file| !file.path.contains("/golden/"))
    {
        for place in PLACES {
            for (at, _) in file.text.match_indices(place) {
                let before = file
                    .text
                    .get(..at)
                    .and_then(|text| text.chars().next_back());
                if !before.is_some_and(|letter| letter.is_alphanumeric() || "}._-".contains(letter))
                {
                    wrong.push(format!("{}: {place} is a folder of one machine; use a relative or a temporary path", file.place(at)));
                }
            }
        }
    }
    wrong
}

/// The documents that a newcomer, an operator and a lawyer look for.
pub(super) fn front_documents(root: &Path) -> Vec<String> {
    const EXPECTED: &[&str] = &[
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "SECURITY.md",
    ];
    let missing = EXPECTED.iter().filter(|name| !root.join(name).is_file());
    missing
        .map(|name| format!("{name} is missing at the root of the repository; write it"))
        .collect()
}

/// Decisions are numbered as they were taken, so that "see decision 12" stays true.
pub(super) fn numbered_decisions(root: &Path) -> Vec<String> {
    const FOLDER: &str = "docs/decisions";
    let mut wrong = Vec::new();
    let decisions = names(&root.join(FOLDER))
        .into_iter()
        .filter(|name| name != "README.md");
    for (expected, name) in (1..).zip(decisions) {
        let (number, title) = name.split_once('-').unwrap_or((&name, ""));
        if number != format!("{expected:04}") || !title.ends_with(".md") {
            wrong.push(format!("{FOLDER}/{name}: expected {expected:04}-title.md; decisions are numbered from 0001 without a gap"));
        }
    }
    wrong
}

#[test]
fn lines_of_a_function_are_its_code() {
    let source = scan(
        "trait T { fn a(b: [u8; 2]); }\nfn c() -> X\n{\n    // no\n\n    d(|| {\n    });\n}\n",
    );
    let found: Vec<(&str, usize)> = functions(&source)
        .iter()
        .map(|(name, lines)| (name.text, *lines))
        .collect();
    assert_eq!(found, [("c", 2)]);
}
