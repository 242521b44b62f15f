//! What is done with the configuration as a whole, and what is told of it.

use chancery_app::{ConfigurationAction, Operation, RestoreSource};

use super::super::wire::Envelope;
use crate::kit::node::Node;

/// What a client wants to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// `save`
    Save,
    /// `activate`
    Activate,
    /// `verify`
    Verify,
    /// `restore`, from there.
    Restore(RestoreSource),
}

/// Reads the parameters `action` and, for a restore, `source`.
///
/// # Errors
/// Says what was wrong.
pub(crate) fn wanted(action: Option<&str>, source: Option<&str>) -> Result<Wanted, String> {
    match action {
        Some("save") => Ok(Wanted::Save),
        Some("activate") => Ok(Wanted::Activate),
        Some("verify") => Ok(Wanted::Verify),
        Some("restore") => match source {
            None | Some("saved") => Ok(Wanted::Restore(RestoreSource::Saved)),
            Some("running") => Ok(Wanted::Restore(RestoreSource::Running)),
            Some(_) => Err("source must be saved or running".to_owned()),
        },
        Some(_) | None => Err("action must be save, verify, activate or restore".to_owned()),
    }
}

/// An operation as a client polls it: it was done when it was answered. What a verification found wrong stands among the
/// messages.
pub(crate) fn state(operation: &Operation) -> Envelope {
    let is_bad = operation.action == ConfigurationAction::Verify && !operation.findings.is_empty();
    let status = if is_bad { "failure" } else { "success" };
    let parts = [
        Node::text("operation", operation.action.word()),
        Node::text("status", status),
    ];
    let findings = operation.findings.iter();
    Envelope {
        messages: findings.map(|text| Node::text("message", text)).collect(),
        ..Envelope::saying([Node::of("operationState", parts)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancery_core::time::Time;

    #[test]
    fn actions_are_read() {
        assert_eq!(wanted(Some("save"), None), Ok(Wanted::Save));
        assert_eq!(wanted(Some("verify"), Some("x")), Ok(Wanted::Verify));
        assert_eq!(wanted(Some("activate"), None), Ok(Wanted::Activate));
        for (source, want) in [
            (None, RestoreSource::Saved),
            (Some("saved"), RestoreSource::Saved),
            (Some("running"), RestoreSource::Running),
        ] {
            assert_eq!(wanted(Some("restore"), source), Ok(Wanted::Restore(want)));
        }
        assert!(wanted(Some("restore"), Some("backup")).is_err());
        for action in [None, Some(""), Some("backup"), Some("Save")] {
            assert!(wanted(action, None).is_err(), "{action:?}");
        }
    }

    #[test]
    fn findings_are_told() {
        let mut operation = Operation {
            id: "0".repeat(32),
            action: ConfigurationAction::Verify,
            at: Time::from_unix(0),
            findings: Vec::new(),
        };
        let text = state(&operation).document();
        let state_of = |status: &str| {
            format!(
                "<operationState>\n<operation>verify</operation>\n<status>{status}</status>\n</operationState>"
            )
        };
        assert!(text.contains(&state_of("success")), "{text}");
        assert!(text.contains("<messages/>"), "{text}");
        operation.findings.push("something is wrong".to_owned());
        let text = state(&operation).document();
        assert!(text.contains(&state_of("failure")), "{text}");
        assert!(
            text.contains("<message>something is wrong</message>"),
            "{text}"
        );
    }
}
