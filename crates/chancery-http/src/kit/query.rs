//! Reading what stands after the question mark of an address (`application/x-www-form-urlencoded`, in UTF-8).

use chancery_app::Error;
use percent_encoding::percent_decode_str;

/// The parameters, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`, percent-encoded UTF-8 with `+` for a space. What has no `=` has an empty value.
    pub(crate) fn read(text: &str) -> Result<Query, Error> {
        let decoded = |text: &str| match percent_decode_str(&text.replace('+', " ")).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(Error::Invalid("the query is not in UTF-8".to_owned())),
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Query)
    }

    /// The value of a parameter that may stand there once.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Error::Invalid(format!("{name} is given twice"))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let text = "issuerName=CN=Joe%20Test,+O=H%26P&limit=5&&flag&a=1&a=2&%6Darker=x";
        let query = Query::read(text).unwrap();
        for (name, value) in [
            ("issuerName", Some("CN=Joe Test, O=H&P")),
            ("limit", Some("5")),
            ("flag", Some("")),
            ("marker", Some("x")),
            ("absent", None),
        ] {
            assert_eq!(query.value(name).unwrap(), value, "{name}");
        }
        assert_eq!(query.values("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.pairs().count(), 6);
        let error = query.value("a").unwrap_err().to_string();
        assert_eq!(error, "a is given twice");
        let error = Query::read("a=%ff").unwrap_err().to_string();
        assert_eq!(error, "the query is not in UTF-8");
    }
}
