//! Writing faults of ours to the log: the whole chain of causes, once. What callers did wrong is not logged here.

use chancery_app::Error;

/// Logs an internal error with its causes; other errors are the caller's business.
pub(crate) fn internal(error: &Error) {
    let Error::Internal(cause) = error else {
        return;
    };
    let mut chain = cause.to_string();
    let mut next = cause.source();
    while let Some(source) = next {
        chain.push_str(": ");
        chain.push_str(&source.to_string());
        next = source.source();
    }
    tracing::error!(error = chain, "a request failed inside");
}
