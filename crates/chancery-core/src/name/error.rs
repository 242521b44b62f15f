//! What can be wrong with a name. Texts quote at most a short excerpt, escaped, so that they are safe to log and to
//! answer with.

use std::fmt;

use super::{Oid, attribute};

/// Longest excerpt of foreign text in an error, in characters.
const EXCERPT: usize = 24;

/// Why a name could not be read, made or issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Not the DER of a name.
    Der {
        /// Offset in the DER, in octets.
        at: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Not the text of a name.
    Text {
        /// Offset in the text, in octets of UTF-8.
        at: usize,
        /// What stands there: a short, escaped excerpt; empty at the end of the text.
        near: String,
        /// What is wrong there, and what to write instead.
        problem: &'static str,
    },
    /// A value that may not be issued, or does not fit its attribute.
    Value {
        /// The attribute type: keyword or dotted OID.
        attribute: String,
        /// What is wrong with the value.
        problem: &'static str,
    },
    /// A value with more characters than RFC 5280 appendix A allows for its attribute.
    TooLong {
        /// The attribute type: keyword or dotted OID.
        attribute: String,
        /// The most characters allowed.
        limit: usize,
    },
    /// The name as a whole is beyond a limit, or its shape is not allowed.
    Limit(&'static str),
}

impl NameError {
    /// A problem with the text that stands before `rest`, the unread part.
    pub(super) fn text(at: usize, rest: &str, problem: &'static str) -> NameError {
        let near = rest
            .chars()
            .take(EXCERPT)
            .flat_map(char::escape_debug)
            .collect();
        NameError::Text { at, near, problem }
    }

    /// A problem with a value of this attribute type.
    pub(super) fn value(oid: &Oid, problem: &'static str) -> NameError {
        NameError::Value {
            attribute: attribute::label(oid),
            problem,
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Der { at, problem } => write!(
                f,
                "not a distinguished name: {problem} at octet {at} of its DER"
            ),
            NameError::Text { near, problem, .. } if near.is_empty() => {
                write!(
                    f,
                    "not a distinguished name: {problem}, at the end of the text"
                )
            }
            NameError::Text { at, near, problem } => write!(
                f,
                "not a distinguished name: {problem}, at octet {at}: \"{near}\""
            ),
            NameError::Value { attribute, problem } => {
                write!(f, "the value of {attribute} {problem}")
            }
            NameError::TooLong { attribute, limit } => write!(
                f,
                "the value of {attribute} is over {limit} characters long"
            ),
            NameError::Limit(problem) => write!(f, "the distinguished name {problem}"),
        }
    }
}

impl std::error::Error for NameError {}
