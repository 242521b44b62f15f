//! Reading a row column by column, in the order in which they were selected.

use rusqlite::Row;
use rusqlite::types::FromSql;

use crate::store::StoreError;

/// A row that is read from left to right.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    /// The row, from its first column.
    pub(super) fn of(row: &'a Row<'a>) -> Columns<'a> {
        Columns { row, next: 0 }
    }

    /// The next column.
    pub(super) fn next<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// Passes over columns.
    pub(super) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// The next column's value, through `read`; what cannot be read there means that the database is damaged.
    pub(super) fn parse<F: FromSql, T>(
        &mut self,
        read: impl FnOnce(F) -> Option<T>,
    ) -> Result<T, StoreError> {
        let place = self.next;
        read(self.next()?).ok_or_else(|| damaged(self.row, place))
    }

    /// The next two columns, read together.
    pub(super) fn parse_pair<F: FromSql, G: FromSql, T>(
        &mut self,
        read: impl FnOnce(F, G) -> Option<T>,
    ) -> Result<T, StoreError> {
        let place = self.next;
        read(self.next()?, self.next()?).ok_or_else(|| damaged(self.row, place))
    }
}

fn damaged(row: &Row<'_>, place: usize) -> StoreError {
    let name = row.as_ref().column_name(place).unwrap_or("?");
    StoreError::Broken(
        format!("the database is damaged: column {name} holds what this program never writes")
            .into(),
    )
}
