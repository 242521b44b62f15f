//! Headers that may stand there once: of two that differ, a proxy before this server may have read the other.

use axum::http::{HeaderMap, HeaderValue};

/// The header's only value; none if it is missing or stands there twice.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => value,
        (_, Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_headers_none_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(single(&headers, "a"), None);
        let (one, same) = (HeaderValue::from_static("1"), HeaderValue::from_static("1"));
        headers.append("a", one.clone());
        assert_eq!(single(&headers, "A"), Some(&one));
        headers.append("a", same);
        assert_eq!(single(&headers, "a"), None);
    }
}
