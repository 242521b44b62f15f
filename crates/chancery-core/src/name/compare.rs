//! Comparing names (RFC 5280 section 7.1): the match key.
//!
//! Of the string preparation of RFC 4518 this takes what changes results for names in certificates: transcoding (the
//! string type makes no difference), the mapping of section 2.2 (controls and invisible characters vanish, every kind
//! of space is a space, full case folding), normalisation (NFKC, section 2.3) and insignificant space handling (section
//! 2.6.1). The prohibition and bidi steps are left out: they refuse names, and who compares must not.

use unicode_normalization::UnicodeNormalization;

use super::Rdn;
use super::print::escape_into;

/// The key of a name: its levels in order, the attributes of each level sorted.
pub(super) fn key(rdns: &[Rdn]) -> String {
    let levels = rdns.iter().filter(|rdn| !rdn.attributes().is_empty());
    levels.map(level_key).collect::<Vec<_>>().join(",")
}

/// Whether string preparation maps this character to nothing (RFC 4518 section 2.2): controls, invisible and
/// direction marks.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{6dd}' | '\u{70f}' | '\u{1806}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{206a}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

fn level_key(rdn: &Rdn) -> String {
    let mut attributes: Vec<String> = rdn
        .attributes()
        .iter()
        .map(|attribute| {
            let mut key = format!("{}=", attribute.oid());
            match attribute.text() {
                Some(text) => escape_into(&mut key, &prepare(text), ",+#\\"),
                None => key.push_str(&format!("#{}", hex::encode(attribute.value_der()))),
            }
            key
        })
        .collect();
    attributes.sort_unstable();
    attributes.join("+")
}

/// Maps, folds and normalises the characters; drops space at both ends, and makes one of each run of space.
fn prepare(text: &str) -> String {
    if text.is_ascii() {
        return spaced(text.chars().filter(|c| !is_ignored(*c)));
    }
    let mapped = folded(text.chars().filter(|c| !is_ignored(*c)));
    // What normalisation brings forth may be capitals or invisible (the small letters of RFC 3454, table B.2, know it).
    let again = folded(mapped.nfkc().filter(|c| !is_ignored(*c)));
    spaced(again.nfkc())
}

fn folded(characters: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    characters.for_each(|c| fold_into(&mut folded, c));
    folded
}

/// In small letters, with its space put in order.
fn spaced(characters: impl Iterator<Item = char>) -> String {
    let mut prepared = String::new();
    for c in characters {
        if !c.is_whitespace() {
            prepared.push(c.to_ascii_lowercase());
        } else if !prepared.is_empty() && !prepared.ends_with(' ') {
            prepared.push(' ');
        }
    }
    prepared.truncate(prepared.trim_end_matches(' ').len());
    prepared
}

/// Appends the full case folding of a character.
///
/// Upper case, then lower case, tells the same characters apart as Unicode's CaseFolding.txt, with two exceptions.
fn fold_into(out: &mut String, c: char) {
    match c {
        _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
        // Dotless i would become an i, which it is not.
        'ı' => out.push(c),
        // Its lower case is ß, the upper case of which is SS.
        'ẞ' => out.push_str("ss"),
        _ => out.extend(c.to_uppercase().flat_map(char::to_lowercase)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;

    fn check(match_expected: bool, table: &[(&str, &str)]) {
        for (left, right) in table {
            let (a, b) = (Name::parse(left).unwrap(), Name::parse(right).unwrap());
            assert_eq!(a.matches(&b), match_expected, "{left} | {right}");
            assert_eq!(
                a.match_key() == b.match_key(),
                match_expected,
                "{left} | {right}"
            );
        }
    }

    #[test]
    fn names_that_are_the_same_name() {
        check(
            true,
            &[
                ("", ""),
                ("CN=Joe Test,O=X", "cn=JOE TEST,o=x"),
                ("CN=\\ a   b\\ ", "CN=a b"),
                ("CN=a\\09b", "CN=a b"),
                ("CN=a\u{a0}b\u{ad}c", "CN=a bc"),
                ("CN=STRASSE", "CN=straße"),
                ("CN=STRAẞE", "CN=straße"),
                ("CN=ΣΊΣΥΦΟΣ", "CN=σίσυφος"),
                ("CN=Jose\u{301}", "CN=JOSÉ"),
                ("CN=\u{1e9b}\u{323}", "CN=Ṩ"),
                ("CN=ﬁn ①", "CN=FIN 1"),
                ("CN=ℌans", "CN=hans"),
                ("CN=１２３", "CN=123"),
                (
                    "CN=한국",
                    "CN=\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}",
                ),
                ("CN=a+O=b+OU=c", "OU=C+CN=A+O=B"),
                ("CN=#1e020061", "CN=#130161"),
                ("CN=#1401e9", "CN=É"),
                ("CN=#1c0400000061", "CN=A"),
                ("CN=", "CN=\\ "),
            ],
        );
    }

    #[test]
    fn names_that_are_not_the_same_name() {
        check(
            false,
            &[
                ("CN=a", "CN=b"),
                ("CN=a", "O=a"),
                ("CN=a", "CN=a,O=b"),
                ("CN=a,O=b", "O=b,CN=a"),
                ("CN=a+O=b", "CN=a,O=b"),
                ("CN=a b", "CN=ab"),
                ("CN=admın", "CN=admin"),
                ("CN=a\\,2.5.4.10=b", "CN=a,O=b"),
                ("CN=a\\+2.5.4.10=b", "CN=a+O=b"),
                ("CN=#030100", "CN=\\#030100"),
                ("CN=#030100", "CN=#030101"),
                ("CN=#0500", "CN="),
            ],
        );
    }
}
