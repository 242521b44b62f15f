//! What may be wrong with a configuration that can be saved all the same.

use std::collections::HashSet;

use chancery_core::certificate::Status;

use crate::attach::good;
use crate::store::records::StoredElement;

/// An attribute whose values are keys of other elements. An empty value refers to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The kind of the elements that refer.
    pub from: &'static str,
    /// Their attribute.
    pub attribute: &'static str,
    /// The kind of the elements that are referred to.
    pub to: &'static str,
}

/// References to elements that are not there, a line each.
pub(super) fn dangling(all: &[StoredElement], references: &[Reference]) -> Vec<String> {
    let there: HashSet<(&str, &str)> = all
        .iter()
        .map(|stored| (stored.element.kind.as_str(), stored.element.key.as_str()))
        .collect();
    let mut findings = Vec::new();
    for element in all.iter().map(|stored| &stored.element) {
        for reference in references.iter().filter(|it| it.from == element.kind) {
            let values = element
                .attributes
                .iter()
                .filter(|(name, _)| name == reference.attribute)
                .flat_map(|(_, values)| values);
            for value in values.filter(|value| !value.is_empty()) {
                if !there.contains(&(reference.to, value.as_str())) {
                    findings.push(format!(
                        "{} {:?}: {} refers to the {} {value:?}, which is not there",
                        element.kind, element.key, reference.attribute, reference.to
                    ));
                }
            }
        }
    }
    findings
}

/// A record whose certificate is of no use at that standing.
pub(super) fn unfit(stored: &StoredElement, status: Status) -> Option<String> {
    let refusal = good(status).err()?;
    let element = &stored.element;
    Some(format!("{} {:?}: {refusal}", element.kind, element.key))
}
