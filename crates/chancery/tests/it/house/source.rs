//! The tree as the rules see it: its text files, and Rust source with comments and literals told apart from code.
//! Must not know any rule.

use std::fs;
use std::path::Path;

/// Folders that hold what was built, downloaded or run, not what was written.
const NOT_OURS: &[&str] = &[".git", "target", "chancery-data", "__pycache__"];

/// One text file of the repository.
pub(super) struct File {
    /// From the repository's root, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// Leaves out what is only built for tests: the inline module at the end, or all of `tests.rs`, of a `tests` folder
    /// and of `testing.rs`.
    pub(super) fn without_tests(mut self) -> File {
        let end = if ["/tests.rs", "/testing.rs"]
            .iter()
            .any(|end| self.path.ends_with(end))
            || self.path.contains("/tests/")
        {
            Some(0)
        } else {
            self.text.find("\nmod tests {")
        };
        self.text.truncate(end.unwrap_or(self.text.len()));
        self
    }

    /// `path:line` of a byte offset.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.bytes().take(at);
        format!(
            "{}:{}",
            self.path,
            1 + before.filter(|byte| *byte == b'\n').count()
        )
    }
}

/// Every text file under `folder` (empty: the whole repository), ordered by path. A folder that does not exist has none.
pub(super) fn files(root: &Path, folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    for name in names(&root.join(folder)) {
        let path = [folder, &name]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join("/");
        if root.join(&path).is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                found.extend(files(root, &path));
            }
        } else if let Ok(text) = fs::read_to_string(root.join(&path)) {
            found.push(File { path, text });
        }
    }
    found
}

/// The Rust files under `folder`.
pub(super) fn rust_files(root: &Path, folder: &str) -> Vec<File> {
    files(root, folder)
        .into_iter()
        .filter(|file| file.path.ends_with(".rs"))
        .collect()
}

/// The Rust files that are built into a product crate or the measuring programs, their inline tests included.
pub(super) fn shipped_files(root: &Path) -> Vec<File> {
    let mut shipped = rust_files(root, "crates");
    shipped.retain(|file| file.path.split('/').nth(2) == Some("src"));
    shipped.extend(rust_files(root, "bench/src"));
    shipped
}

/// The names in a folder, ordered; none if it cannot be read.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into())
        .collect();
    names.sort();
    names
}

/// A literal or a comment, and the byte offset where it starts.
pub(super) struct Piece {
    pub(super) at: usize,
    pub(super) text: String,
}

/// Rust source, taken apart.
pub(super) struct Source {
    /// As long as the text, line for line: comments are blanks, and literals are runs of `"`.
    pub(super) code: String,
    /// What stands between the quotes of every literal, escapes as written.
    pub(super) literals: Vec<Piece>,
    pub(super) comments: Vec<Piece>,
}

enum Kind {
    Code,
    Comment,
    Literal,
}

/// Takes Rust source apart. Good enough for code that rustfmt has accepted; it is no parser.
pub(super) fn scan(text: &str) -> Source {
    let mut source = Source {
        code: String::new(),
        literals: Vec::new(),
        comments: Vec::new(),
    };
    let (mut at, mut in_word) = (0, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first_piece(rest, in_word);
        let piece = rest.get(..length).unwrap_or(rest);
        match kind {
            Kind::Code => source.code.push_str(piece),
            Kind::Comment => {
                source.code.push_str(&masked(piece, ' '));
                source.comments.push(Piece {
                    at,
                    text: piece.into(),
                });
            }
            Kind::Literal => {
                source.code.push_str(&masked(piece, '"'));
                let inner = piece
                    .split_once('"')
                    .and_then(|(_, inner)| inner.rsplit_once('"'))
                    .map_or("", |(inner, _)| inner);
                source.literals.push(Piece {
                    at,
                    text: inner.into(),
                });
            }
        }
        in_word = piece.ends_with(is_word);
        at += piece.len();
    }
    source
}

/// What `rest` starts with, and its length in bytes. `in_word`: the character before it belongs to a name.
fn first_piece(rest: &str, in_word: bool) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Literal, quoted(rest));
    }
    if let Some(length) = raw_string(rest).filter(|_| !in_word) {
        return (Kind::Literal, length);
    }
    if let Some(length) = character(rest) {
        return (Kind::Literal, length);
    }
    (Kind::Code, rest.chars().next().map_or(1, char::len_utf8))
}

/// The length of a block comment, with those inside it.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(tail) = rest.get(at..) {
        match tail {
            "" => break,
            _ if tail.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
            _ if tail.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += tail.chars().next().map_or(1, char::len_utf8),
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string with escapes, quotes included.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"..."`, `br#"..."#` and their kin; none for a raw name such as `r#type`.
fn raw_string(rest: &str) -> Option<usize> {
    let after_r = rest
        .strip_prefix(['b', 'c'])
        .unwrap_or(rest)
        .strip_prefix('r')?;
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    let inner = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(rest.len() - inner.len() + length)
}

/// The length of a character literal; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        // The escaped character itself may be a quote: look behind it.
        let tail = escape.get(1..)?;
        return Some(tail.find('\'')? + "'\\x'".len());
    }
    let one = inner.chars().next()?;
    inner
        .get(one.len_utf8()..)?
        .starts_with('\'')
        .then_some(one.len_utf8() + 2)
}

fn masked(piece: &str, with: char) -> String {
    piece
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { with })
        .collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A name, a number, a literal, or one sign of the code.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

impl Token<'_> {
    pub(super) fn is_name(&self) -> bool {
        self.text.starts_with(is_word)
    }
}

/// The tokens of scanned code.
pub(super) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = code.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        let length = match first {
            '"' => rest
                .find(|letter| letter != '"' && letter != '\n')
                .unwrap_or(rest.len()),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        if !first.is_whitespace() {
            found.push(Token {
                at,
                text: rest.get(..length).unwrap_or(rest),
            });
        }
        at += length;
    }
    found
}

/// Every place where the tokens read `pattern`, as the tokens from there on.
pub(super) fn places<'t, 'a>(tokens: &'t [Token<'a>], pattern: &[&str]) -> Vec<&'t [Token<'a>]> {
    let starts = 0..tokens.len();
    let tails = starts.filter_map(|start| tokens.get(start..));
    tails
        .filter(|tail| {
            tail.len() >= pattern.len()
                && tail
                    .iter()
                    .zip(pattern)
                    .all(|(token, text)| token.text == *text)
        })
        .collect()
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = r##"
        fn a<'x>(s: &'x str) { // fn b
            let (c, d, e) = ('"', '\'', '{'); /* fn /* nested */ { */
            let f = "fn \" {"; let g = r#"SELECT "x" {"#; let r#type = b"}";
        }"##;
    let source = scan(text);
    assert_eq!(source.code.len(), text.len());
    assert_eq!(source.code.matches("fn").count(), 1);
    assert_eq!(source.code.matches(['{', '}']).count(), 2);
    assert_eq!(source.comments.len(), 2);
    let literals: Vec<&str> = source
        .literals
        .iter()
        .map(|literal| literal.text.as_str())
        .collect();
    assert_eq!(literals, ["", "", "", r#"fn \" {"#, r#"SELECT "x" {"#, "}"]);
}
