//! A SELECT put together from parts, each with its parameters.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::store::StoreError;

/// A statement in the making. Its text comes from literals alone; whatever was asked for is a parameter.
pub(super) struct Query {
    sql: String,
    params: Vec<Value>,
}

impl Query {
    /// Starts with `SELECT ... FROM ... WHERE ...`.
    pub(super) fn new(select: &str) -> Query {
        Query {
            sql: select.to_owned(),
            params: Vec::new(),
        }
    }

    /// Adds text without a parameter.
    pub(super) fn text(mut self, text: &'static str) -> Query {
        self.sql.push(' ');
        self.sql.push_str(text);
        self
    }

    /// Adds text with one `?`, and its value.
    pub(super) fn with(mut self, text: &'static str, value: impl Into<Value>) -> Query {
        self.params.push(value.into());
        self.text(text)
    }

    /// Adds text with one `?` if there is a value for it.
    pub(super) fn with_some(self, text: &'static str, value: Option<impl Into<Value>>) -> Query {
        match value {
            Some(value) => self.with(text, value),
            None => self,
        }
    }

    /// Adds text, and after it a list of values in parentheses.
    pub(super) fn with_each(mut self, text: &'static str, values: &[i64]) -> Query {
        self = self.text(text);
        let marks = vec!["?"; values.len()];
        self.sql.push_str(&format!(" ({})", marks.join(", ")));
        self.params
            .extend(values.iter().map(|value| Value::from(*value)));
        self
    }

    /// Ends with `LIMIT`.
    pub(super) fn limit(self, limit: usize) -> Query {
        self.with("LIMIT ?", i64::try_from(limit).unwrap_or(i64::MAX))
    }

    /// Ends with `LIMIT` and `OFFSET`.
    pub(super) fn stretch(self, offset: u64, limit: u64) -> Query {
        self.with("LIMIT ?", i64::try_from(limit).unwrap_or(i64::MAX))
            .with("OFFSET ?", i64::try_from(offset).unwrap_or(i64::MAX))
    }

    /// Runs it and reads every row.
    pub(super) fn rows<T>(
        self,
        connection: &Connection,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(connection, |row| {
            found.push(read(row)?);
            Ok(true)
        })?;
        Ok(found)
    }

    /// Runs it and reads rows as long as `read` gives true.
    pub(super) fn each(
        self,
        connection: &Connection,
        mut read: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(self.params))?;
        while let Some(row) = rows.next()? {
            if !read(row)? {
                break;
            }
        }
        Ok(())
    }

    /// How SQLite would go about it, a line for each step.
    #[cfg(test)]
    pub(super) fn plan(self, connection: &Connection) -> Vec<String> {
        let explained = Query {
            sql: format!("EXPLAIN QUERY PLAN {}", self.sql),
            params: self.params,
        };
        explained.rows(connection, |row| Ok(row.get(3)?)).unwrap()
    }
}
