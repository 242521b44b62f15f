//! Tables and field lists for people: aligned by what a terminal shows, cut where it ends. Must not know what is in them.

use super::output::printable;

/// Between two columns.
const GAP: usize = 2;
/// A column is not cut below this, however narrow the terminal.
const LEAST: usize = 12;

/// A table that is printed page by page. Widths only grow, so that the pages of a long list stay aligned.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    widths: Vec<usize>,
    /// The column that gives way when the terminal is too narrow.
    elastic: usize,
    /// How wide a line may be; none: as wide as it gets.
    limit: Option<usize>,
    begun: bool,
}

impl Table {
    /// A table with that header, in upper case.
    pub(crate) fn new(header: &[&'static str], elastic: usize, limit: Option<usize>) -> Table {
        Table {
            header: header.to_vec(),
            widths: header.iter().map(|title| width(title)).collect(),
            elastic,
            limit,
            begun: false,
        }
    }

    /// The next rows, with the header before the first. Each row has as many cells as the header.
    pub(crate) fn page(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| one_line(cell)).collect())
            .collect();
        for row in &rows {
            for (widest, cell) in self.widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        let widths = self.fitted();
        let mut text = String::new();
        if !self.begun {
            self.begun = true;
            push_row(&mut text, self.header.iter().copied(), &widths);
        }
        for row in &rows {
            push_row(&mut text, row.iter().map(String::as_str), &widths);
        }
        text
    }

    /// The widths, the elastic one cut so that a line fits.
    fn fitted(&self) -> Vec<usize> {
        let mut widths = self.widths.clone();
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let excess = self.limit.map_or(0, |limit| total.saturating_sub(limit));
        if let Some(elastic) = widths.get_mut(self.elastic) {
            *elastic = elastic.saturating_sub(excess).max(LEAST.min(*elastic));
        }
        widths
    }
}

/// Field names and values, one to a line, the values aligned; a value of several lines goes on below itself. Empty
/// values are left out.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let shown = || fields.iter().filter(|(_, value)| !value.is_empty());
    let widest = shown().map(|(name, _)| width(name)).max().unwrap_or(0) + GAP;
    let mut text = String::new();
    for (name, value) in shown() {
        for (index, part) in printable(value).lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            push_padded(&mut text, name, widest);
            text.push_str(part);
            text.push('\n');
        }
    }
    text
}

fn push_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>, widths: &[usize]) {
    let start = text.len();
    for (cell, width) in cells.zip(widths) {
        push_padded(text, &cut(cell, *width), width + GAP);
    }
    let end = text.trim_end_matches(' ').len().max(start);
    text.truncate(end);
    text.push('\n');
}

fn push_padded(text: &mut String, cell: &str, to: usize) {
    text.push_str(cell);
    text.extend(std::iter::repeat_n(' ', to.saturating_sub(width(cell))));
}

fn one_line(cell: &str) -> String {
    printable(cell).replace('\n', " ")
}

/// As much of `text` as fits, an ellipsis for the rest.
fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |letter: &char| {
        let needs = letter_width(*letter);
        let room = needs <= left;
        left = left.saturating_sub(needs);
        room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('\u{2026}');
    kept
}

/// The cells of a terminal that `text` takes.
fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// The cells that a character takes: none for marks that sit on the one before, two for those that Unicode Standard
/// Annex 11 calls wide, in the blocks where names are found.
fn letter_width(letter: char) -> usize {
    match letter {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[[&str; 2]]) -> Vec<Vec<String>> {
        let row = |row: &[&str; 2]| row.iter().map(|cell| (*cell).to_owned()).collect();
        cells.iter().map(row).collect()
    }

    #[test]
    fn columns_are_aligned_without_trailing_blanks() {
        let mut table = Table::new(&["ID", "SUBJECT"], 1, None);
        let page = table.page(&rows(&[["1", "CN=joe"], ["12345", ""]]));
        assert_eq!(page, "ID     SUBJECT\n1      CN=joe\n12345\n");
    }

    #[test]
    fn later_pages_keep_the_widths_and_have_no_header() {
        let mut table = Table::new(&["ID", "SUBJECT"], 1, None);
        table.page(&rows(&[["12345", "a"]]));
        assert_eq!(table.page(&rows(&[["1", "b"]])), "1      b\n");
    }

    #[test]
    fn only_the_elastic_column_is_cut() {
        let mut table = Table::new(&["ID", "SUBJECT"], 1, Some(22));
        let page = table.page(&rows(&[["12345", "CN=somebody,O=somewhere"]]));
        assert_eq!(page, "ID     SUBJECT\n12345  CN=somebody,O=…\n");
        let mut narrow = Table::new(&["ID", "SUBJECT"], 1, Some(3));
        let page = narrow.page(&rows(&[["12345", "CN=somebody,O=somewhere"]]));
        assert_eq!(page.lines().last(), Some("12345  CN=somebody…"));
    }

    #[test]
    fn wide_and_combining_characters_count_as_shown() {
        for (text, want) in [
            ("joe", 3),
            ("Jörg", 4),
            ("Jo\u{308}rg", 4),
            ("山田", 4),
            ("", 0),
        ] {
            assert_eq!(width(text), want, "{text}");
        }
        assert_eq!(cut("山田太郎", 6), "山田…");
        assert_eq!(cut("山田太郎", 8), "山田太郎");
    }

    #[test]
    fn cells_and_values_are_harmless() {
        let mut table = Table::new(&["ID", "SUBJECT"], 1, None);
        let page = table.page(&rows(&[["1", "a\nb\u{1b}c"]]));
        assert_eq!(page.lines().last(), Some("1   a b\u{fffd}c"));
    }

    #[test]
    fn fields_leave_out_what_is_empty_and_align_the_rest() {
        let list = [
            ("id", "1".to_owned()),
            ("reason", String::new()),
            ("names", "dns:a\ndns:b".to_owned()),
        ];
        assert_eq!(fields(&list), "id     1\nnames  dns:a\n       dns:b\n");
    }
}
