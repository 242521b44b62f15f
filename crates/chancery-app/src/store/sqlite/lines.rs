//! Subjects in long stretches: all that a search must look through when a text is in too many of them, or too short,
//! for the index of runs.
//!
//! A stretch is a row of a thousand subjects, written once their certificates are indexed (see subjects.rs), so that a
//! search reads a twentieth of what the certificates take, and compares many octets at a time. Knows no other column of
//! certificates.

use std::collections::HashSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use crate::search::SubjectCondition;
use crate::store::StoreError;

/// Numbers of one stretch.
pub(super) const STRETCH: i64 = 1_000;

/// Stands before the first line of a stretch and after each.
const END: u8 = 0xff;

/// The line of a number that no certificate has.
const NOBODY: u8 = 0xfe;

/// Octets that are compared at once.
const LANE: usize = 32;

/// The number up to which the stretches know every subject.
pub(super) fn known_up_to(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT last FROM subject_lines ORDER BY first DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Writes the stretch of the numbers above `known` up to `last`, whose certificates must all be there.
pub(super) fn write(connection: &Connection, known: i64, last: i64) -> Result<(), StoreError> {
    let mut lines = vec![END];
    let mut next = known + 1;
    let mut statement = connection.prepare_cached(
        "SELECT number, subject_line FROM certificates NOT INDEXED
         WHERE number > ?1 AND number <= ?2 ORDER BY number",
    )?;
    let mut rows = statement.query([known, last])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        while next < number {
            lines.extend([NOBODY, END]);
            next += 1;
        }
        lines.extend(text(row.get_ref(1)?)?.as_bytes());
        lines.push(END);
        next += 1;
    }
    drop(rows);
    while next <= last {
        lines.extend([NOBODY, END]);
        next += 1;
    }
    connection
        .prepare_cached("INSERT INTO subject_lines (first, last, lines) VALUES (?1, ?2, ?3)")?
        .execute(params![known + 1, last, lines])?;
    Ok(())
}

/// A text as the database holds it.
pub(super) fn text(value: ValueRef<'_>) -> Result<&str, StoreError> {
    value
        .as_str()
        .map_err(|error| StoreError::Broken(error.into()))
}

/// What is looked for in stretches.
pub(super) struct Sought {
    look_for: LookFor,
    whatever_its_case: bool,
}

enum LookFor {
    /// A part of subjects; or a whole one, with its ends.
    Part(Vec<u8>),
    /// Whole subjects.
    Whole(HashSet<Vec<u8>>),
}

impl Sought {
    /// What a condition looks for. Its texts are not empty unless they are whole subjects.
    pub(super) fn of(condition: &SubjectCondition) -> Sought {
        let octets = |text: &String| text.as_bytes().to_vec();
        let with_ends = |text: &String| [&[END], text.as_bytes(), &[END]].concat();
        let (look_for, whatever_its_case) = match condition {
            SubjectCondition::Contains(text) => (LookFor::Part(octets(text)), false),
            SubjectCondition::ContainsIgnoringCase(text) => {
                (LookFor::Part(octets(&text.to_ascii_lowercase())), true)
            }
            SubjectCondition::IsOneOf(texts) => match texts.as_slice() {
                [text] => (LookFor::Part(with_ends(text)), false),
                texts => (LookFor::Whole(texts.iter().map(octets).collect()), false),
            },
            SubjectCondition::IsIgnoringCase(text) => {
                (LookFor::Part(with_ends(&text.to_ascii_lowercase())), true)
            }
        };
        Sought {
            look_for,
            whatever_its_case,
        }
    }

    /// Places (from 0) of the lines of a stretch in which it is, in their order.
    fn places(&self, lines: &[u8], folded: &mut Vec<u8>) -> Vec<usize> {
        let lines = if self.whatever_its_case {
            folded.clear();
            folded.extend_from_slice(lines);
            folded.make_ascii_lowercase();
            folded.as_slice()
        } else {
            lines
        };
        match &self.look_for {
            LookFor::Part(part) => Finder::new(lines, part).places(),
            LookFor::Whole(wholes) => lines
                .get(1..)
                .unwrap_or_default()
                .split_inclusive(|octet| *octet == END)
                .enumerate()
                .filter(|(_, line)| {
                    let line = line.strip_suffix(&[END]);
                    line.is_some_and(|line| wholes.contains(line))
                })
                .map(|(place, _)| place)
                .collect(),
        }
    }
}

/// The numbers of certificates in whose subjects it is, stretch by stretch, each stretch in the order of its numbers.
/// Only numbers above the first limit and below the second; the newest stretch comes first if `newest_first`. Ends when
/// `meet` gives false.
pub(super) fn search(
    connection: &Connection,
    sought: &Sought,
    (above, below): (i64, i64),
    newest_first: bool,
    mut meet: impl FnMut(Vec<i64>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let sql = if newest_first {
        "SELECT first, lines FROM subject_lines WHERE first < ?2 AND last > ?1 ORDER BY first DESC"
    } else {
        "SELECT first, lines FROM subject_lines WHERE first < ?2 AND last > ?1 ORDER BY first"
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([above, below])?;
    let mut folded = Vec::new();
    while let Some(row) = rows.next()? {
        let first: i64 = row.get(0)?;
        let lines = row
            .get_ref(1)?
            .as_blob()
            .map_err(|error| StoreError::Broken(error.into()))?;
        let numbers: Vec<i64> = sought
            .places(lines, &mut folded)
            .into_iter()
            .map(|place| first.saturating_add(i64::try_from(place).unwrap_or(i64::MAX)))
            .filter(|number| *number > above && *number < below)
            .collect();
        if !numbers.is_empty() && !meet(numbers)? {
            break;
        }
    }
    Ok(())
}

/// One needle in one stretch.
///
/// Three octets of the needle are compared at every place first, many places at once (the compiler makes vector
/// instructions of it); the needle only where they are right.
struct Finder<'a> {
    lines: &'a [u8],
    needle: &'a [u8],
    /// The place of the line on which `at` stands.
    place: usize,
    at: usize,
    places: Vec<usize>,
}

/// Three octets of a needle with the octets of a stretch that stand where they would, place by place.
type Columns<'a, T> = [(u8, &'a T); 3];

impl<'a> Finder<'a> {
    fn new(lines: &'a [u8], needle: &'a [u8]) -> Finder<'a> {
        Finder {
            lines,
            needle,
            place: 0,
            at: 1,
            places: Vec::new(),
        }
    }

    /// The places of the lines that hold the needle.
    fn places(mut self) -> Vec<usize> {
        let [i, j, k] = self.rarest();
        if let (Some(first), Some(second), Some(third)) =
            (self.column(i), self.column(j), self.column(k))
        {
            self.compare([first, second, third]);
        }
        self.places
    }

    /// Where in the needle the octets stand that are rarest in the stretch, as its beginning tells.
    fn rarest(&self) -> [usize; 3] {
        let mut seen = [0_u32; 256];
        for octet in self.lines.iter().take(2 * 1024) {
            if let Some(count) = seen.get_mut(usize::from(*octet)) {
                *count += 1;
            }
        }
        let count = |octet: &u8| seen.get(usize::from(*octet)).copied().unwrap_or(0);
        let mut order: Vec<(u32, usize)> = self.needle.iter().map(count).zip(0..).collect();
        order.sort_unstable();
        let last = order.len().saturating_sub(1);
        [0, 1, 2].map(|nth: usize| order.get(nth.min(last)).map_or(0, |(_, at)| *at))
    }

    /// An octet of the needle, and the octets that stand where it would, for every place at which the needle fits.
    fn column(&self, at: usize) -> Option<(u8, &'a [u8])> {
        let fits = (self.lines.len() + 1).checked_sub(self.needle.len())?;
        Some((*self.needle.get(at)?, self.lines.get(at..at + fits)?))
    }

    fn compare(&mut self, columns: Columns<'_, [u8]>) {
        let [(a, a_column), (b, b_column), (c, c_column)] = columns;
        let (a_lanes, a_left) = a_column.as_chunks::<LANE>();
        let (b_lanes, b_left) = b_column.as_chunks::<LANE>();
        let (c_lanes, c_left) = c_column.as_chunks::<LANE>();
        let lanes = a_lanes.iter().zip(b_lanes).zip(c_lanes);
        for (lane, ((a_lane, b_lane), c_lane)) in lanes.enumerate() {
            let mut any = false;
            for ((x, y), z) in a_lane.iter().zip(b_lane).zip(c_lane) {
                any |= (*x == a) & (*y == b) & (*z == c);
            }
            if any {
                self.look_along(lane * LANE, [(a, a_lane), (b, b_lane), (c, c_lane)]);
            }
        }
        let left = a_column.len() - a_left.len();
        self.look_along(left, [(a, a_left), (b, b_left), (c, c_left)]);
    }

    /// Looks at the places from `start` on at which the octets are right.
    fn look_along(&mut self, start: usize, columns: Columns<'_, [u8]>) {
        let [(a, a_column), (b, b_column), (c, c_column)] = columns;
        let octets = a_column.iter().zip(b_column).zip(c_column);
        for (step, ((x, y), z)) in octets.enumerate() {
            if *x == a && *y == b && *z == c {
                self.look_at(start + step);
            }
        }
    }

    /// Is the needle here? Then its line is one of the places.
    fn look_at(&mut self, start: usize) {
        if self.lines.get(start..start + self.needle.len()) != Some(self.needle) {
            return;
        }
        // A whole subject starts with the end of the line before.
        let inside = start + usize::from(self.needle.first() == Some(&END));
        self.place += ends(self.lines.get(self.at..inside).unwrap_or_default());
        self.at = inside;
        if self.places.last() != Some(&self.place) {
            self.places.push(self.place);
        }
    }
}

/// How many lines end in these octets. They are counted in so small parts that an octet holds a part's count, of which a
/// vector instruction adds many at once.
fn ends(octets: &[u8]) -> usize {
    let part = |part: &[u8]| part.iter().map(|octet| u8::from(*octet == END)).sum::<u8>();
    octets.chunks(128).map(part).map(usize::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that a plain look finds.
    fn plainly(lines: &[&str], condition: &SubjectCondition) -> Vec<usize> {
        let met = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| condition.holds(line));
        met.map(|(place, _)| place).collect()
    }

    #[track_caller]
    fn check(lines: &[&str], condition: &SubjectCondition) {
        let mut stretch = vec![END];
        for line in lines {
            stretch.extend(line.as_bytes());
            stretch.push(END);
        }
        let got = Sought::of(condition).places(&stretch, &mut Vec::new());
        assert_eq!(got, plainly(lines, condition), "{condition:?}");
    }

    #[test]
    fn every_line_is_found_once_wherever_the_text_stands() {
        let long = "abcABC".repeat(40);
        let numbered: Vec<String> = (0..300).map(|n| format!("/O=Example/CN=joe-{n}")).collect();
        let mut lines = vec![
            "",
            "a",
            "",
            "",
            "aa",
            "aaaa",
            &long,
            "/CN=J\u{f6}rg",
            "\u{f6}",
            "a\0b",
            "\n",
            "b\n",
            "",
        ];
        lines.extend(numbered.iter().map(String::as_str));
        lines.extend(["x", ""]);
        let texts = [
            "a",
            "A",
            "aa",
            "ab",
            "bcA",
            "BCABCA",
            "=",
            "joe-29",
            "JOE-299",
            "/O=Example/CN=joe-7",
            "e-1",
            "\u{f6}",
            "\u{c3}",
            "a\0b",
            "\n",
            "x",
            "nobody",
            &long,
            "Example/CN=joe-0/O",
        ];
        for text in texts {
            check(&lines, &SubjectCondition::Contains(text.to_owned()));
            check(
                &lines,
                &SubjectCondition::ContainsIgnoringCase(text.to_owned()),
            );
        }
        for text in texts.into_iter().chain(["", "/o=example/cn=JOE-7"]) {
            check(&lines, &SubjectCondition::IsIgnoringCase(text.to_owned()));
            check(&lines, &SubjectCondition::IsOneOf(vec![text.to_owned()]));
            let several = vec![
                text.to_owned(),
                String::new(),
                "/O=Example/CN=joe-9".to_owned(),
            ];
            check(&lines, &SubjectCondition::IsOneOf(several));
        }
        check(&[], &SubjectCondition::Contains("a".to_owned()));
        check(&[""], &SubjectCondition::IsIgnoringCase(String::new()));
    }

    #[test]
    fn numbers_without_a_certificate_are_never_found() {
        let stretch = [&[END, NOBODY, END][..], b"a", &[END, NOBODY, END, END]].concat();
        let places = |condition| Sought::of(&condition).places(&stretch, &mut Vec::new());
        assert_eq!(places(SubjectCondition::Contains("a".to_owned())), [1]);
        assert_eq!(places(SubjectCondition::IsOneOf(vec![String::new()])), [3]);
        assert_eq!(
            places(SubjectCondition::IsOneOf(vec![
                String::new(),
                "b".to_owned()
            ])),
            [3]
        );
    }
}
