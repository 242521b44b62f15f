//! Text that is told back to who sent it.

/// Most characters of an error's text at each end: room for every place in a long list that is wrong.
pub(crate) const END: usize = 8_000;

/// The text, without its middle if it is longer than two ends: what a client sent is told back to it, but not all of it.
pub(crate) fn shortened(text: String, end: usize) -> String {
    let length = text.chars().count();
    if length <= 2 * end {
        return text;
    }
    let first: String = text.chars().take(end).collect();
    let last: String = text.chars().skip(length - end).collect();
    format!("{first} ... {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ends_of_long_text_are_told() {
        for text in ["", "ü", "üü", "üüüü"] {
            assert_eq!(shortened(text.to_owned(), 2), text);
        }
        assert_eq!(shortened("abüde".to_owned(), 2), "ab ... de");
    }
}
