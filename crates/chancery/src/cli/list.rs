//! Lists: follows the server's cursors and prints page by page, so that a long list needs no memory and no waiting.
//! Must not know what is listed.

use clap::Args;
use serde_json::Value;

use super::Context;
use super::address::Resource;
use super::client::Client;
use super::failure::Failure;
use super::output;
use super::table::Table;

/// The most that the server gives in one answer.
const LARGEST_PAGE: u64 = 1000;

/// How much of a list to show.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Show at most this many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,

    /// Show all, however many they are.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Extent {
    fn most(self) -> u64 {
        if self.all { u64::MAX } else { self.limit }
    }
}

/// A column of a list: its title and how its cell is read from an object.
pub(crate) type Column = (&'static str, fn(&Value) -> String);

/// A list on the server.
pub(crate) struct List<'a> {
    /// Where it is.
    pub(crate) segments: &'a [&'a str],
    /// What to ask for, cursor and limit aside.
    pub(crate) query: Vec<(&'a str, String)>,
    /// The member of the answer that holds the entries.
    pub(crate) member: &'static str,
    /// The parameter that takes the answer's `next`.
    pub(crate) cursor: &'static str,
    /// How an entry is shown to people.
    pub(crate) columns: &'static [Column],
    /// The column that is cut where the terminal is too narrow.
    pub(crate) elastic: usize,
}

impl List<'_> {
    /// Prints as much of it as asked; without an extent the list comes in one answer.
    pub(crate) fn print(&self, context: &Context, extent: Option<Extent>) -> Result<(), Failure> {
        let client = context.client()?;
        let mut printer = Printer::new(self, context);
        let more = self.each_page(&client, extent, |entries| printer.page(&entries))?;
        printer.end()?;
        if more && let Some(extent) = extent {
            output::note(&format!(
                "{} shown; there are more: --limit N or --all",
                extent.limit
            ));
        }
        Ok(())
    }

    /// Hands over page after page, at least one; says whether there is more than was asked for.
    fn each_page(
        &self,
        client: &Client,
        extent: Option<Extent>,
        mut page: impl FnMut(Vec<Value>) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let mut left = extent.map_or(u64::MAX, Extent::most);
        let mut next: Option<String> = None;
        loop {
            let mut query = self.query.clone();
            if extent.is_some() {
                query.push(("limit", left.min(LARGEST_PAGE).to_string()));
            }
            if let Some(next) = next {
                query.push((self.cursor, next));
            }
            let answer = client.read(&Resource::new(self.segments).query(&query))?;
            let (entries, following) = self.taken_apart(answer);
            let empty = entries.is_empty();
            left = left.saturating_sub(entries.len() as u64);
            page(entries)?;
            next = following;
            if next.is_none() || left == 0 || empty {
                return Ok(next.is_some() && !empty);
            }
        }
    }

    fn taken_apart(&self, mut answer: Value) -> (Vec<Value>, Option<String>) {
        let next = match answer.get("next") {
            Some(Value::String(next)) => Some(next.clone()),
            Some(Value::Number(next)) => Some(next.to_string()),
            _ => None,
        };
        let entries = match answer.get_mut(self.member).map(Value::take) {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        (entries, next)
    }
}

/// Prints the pages as a table, or as one JSON array.
enum Printer {
    Table(Table, &'static [Column]),
    Json { begun: bool },
}

impl Printer {
    fn new(list: &List<'_>, context: &Context) -> Printer {
        if context.json() {
            return Printer::Json { begun: false };
        }
        let titles: Vec<&'static str> = list.columns.iter().map(|(title, _)| *title).collect();
        let table = Table::new(&titles, list.elastic, context.width());
        Printer::Table(table, list.columns)
    }

    fn page(&mut self, entries: &[Value]) -> Result<(), Failure> {
        let text = match self {
            Printer::Table(table, columns) => {
                let row = |entry| columns.iter().map(|(_, cell)| cell(entry)).collect();
                table.page(&entries.iter().map(row).collect::<Vec<_>>())
            }
            Printer::Json { begun } => entries
                .iter()
                .map(|entry| json_entry(entry, begun))
                .collect(),
        };
        output::bytes(text.as_bytes())
    }

    fn end(&self) -> Result<(), Failure> {
        match self {
            Printer::Table(..) => Ok(()),
            Printer::Json { begun: false } => output::bytes(b"[]\n"),
            Printer::Json { begun: true } => output::bytes(b"\n]\n"),
        }
    }
}

/// An entry of an array, with what stands before it.
fn json_entry(entry: &Value, begun: &mut bool) -> String {
    let before = if *begun { ",\n  " } else { "[\n  " };
    *begun = true;
    before.to_owned() + &format!("{entry:#}").replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::canned;

    fn list() -> List<'static> {
        List {
            segments: &["things"],
            query: Vec::new(),
            member: "things",
            cursor: "after",
            columns: &[],
            elastic: 0,
        }
    }

    #[test]
    fn entries_make_one_array() {
        let entries = [json!({"id": 1, "names": ["a"]}), json!({"id": 2})];
        let mut begun = false;
        let text: String = entries
            .iter()
            .map(|entry| json_entry(entry, &mut begun))
            .collect();
        let read: Value = serde_json::from_str(&format!("{text}\n]\n")).expect("JSON");
        assert_eq!(read, json!(entries));
        assert!(begun);
    }

    #[test]
    fn answers_are_taken_apart() {
        for (answer, count, next) in [
            (json!({"things": [1, 2], "next": "c"}), 2, Some("c")),
            (json!({"things": [1], "next": 17}), 1, Some("17")),
            (json!({"things": [], "next": null}), 0, None),
            (json!({"things": [1]}), 1, None),
            (json!({}), 0, None),
        ] {
            let (entries, found) = list().taken_apart(answer.clone());
            assert_eq!(entries.len(), count, "{answer}");
            assert_eq!(found.as_deref(), next, "{answer}");
        }
    }

    #[test]
    fn pages_are_followed_as_far_as_asked() {
        let client = canned::client(|_, path, _| {
            let value = |name: &str| {
                let found = path
                    .split(['?', '&'])
                    .find_map(|pair| pair.strip_prefix(name));
                found.and_then(|value| value.parse::<u64>().ok())
            };
            let start = value("after=").unwrap_or(0);
            let end = (start + value("limit=").unwrap_or(2500).min(1000)).min(2500);
            let next = (end < 2500).then(|| end.to_string());
            (
                200,
                json!({"things": (start..end).collect::<Vec<_>>(), "next": next}),
            )
        });
        let extent = |limit, all| Some(Extent { limit, all });
        for (extent, pages, more) in [
            (extent(7, false), &[7][..], true),
            (extent(1500, false), &[1000, 500], true),
            (extent(2500, false), &[1000, 1000, 500], false),
            (extent(50, true), &[1000, 1000, 500], false),
        ] {
            let mut seen = Vec::new();
            let page = |entries: Vec<Value>| {
                seen.push(entries.len());
                Ok(())
            };
            assert_eq!(list().each_page(&client, extent, page), Ok(more));
            assert_eq!(seen, pages);
        }
    }
}
