//! Reading what stands after the question mark of an address (`application/x-www-form-urlencoded`, in UTF-8).

use std::fmt;

use percent_encoding::percent_decode_str;

/// The parameters, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Query(Vec<(String, String)>);

/// Why a query cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum QueryFault {
    /// It is not UTF-8.
    Encoding,
    /// This parameter stands there twice.
    Twice(String),
}

impl Query {
    /// Reads `a=b&c=d`, percent-encoded UTF-8 with `+` for a space. What has no `=` has an empty value.
    pub(crate) fn read(text: &str) -> Result<Query, QueryFault> {
        let decoded = |text: &str| match percent_decode_str(&text.replace('+', " ")).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(QueryFault::Encoding),
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Query)
    }

    /// The value of a parameter that may stand there once.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, QueryFault> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(QueryFault::Twice(name.to_owned())),
        }
    }

    /// Every value of a parameter, in order.
    pub(crate) fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.pairs()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Every name with its value, in order.
    pub(crate) fn pairs(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for QueryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryFault::Encoding => f.write_str("the query is not in UTF-8"),
            QueryFault::Twice(name) => write!(f, "{name} is given twice"),
        }
    }
}

impl std::error::Error for QueryFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let text = "issuerName=CN=Joe%20Test,+O=H%26P&limit=5&&flag&a=1&a=2&%6Darker=x";
        let query = Query::read(text).unwrap();
        assert_eq!(query.value("issuerName"), Ok(Some("CN=Joe Test, O=H&P")));
        assert_eq!(query.value("limit"), Ok(Some("5")));
        assert_eq!(query.value("flag"), Ok(Some("")));
        assert_eq!(query.value("marker"), Ok(Some("x")));
        assert_eq!(query.value("absent"), Ok(None));
        assert_eq!(query.values("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.pairs().count(), 6);
        assert_eq!(query.value("a"), Err(QueryFault::Twice("a".to_owned())));
        assert_eq!(Query::read("a=%ff"), Err(QueryFault::Encoding));
    }
}
