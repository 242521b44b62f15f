//! Groups, which are our roles: each has one id for good.

use chancery_core::role::Role;

use super::super::wire::{Item, group};
use super::{segment, under};

/// A role as a group in its envelope.
pub(crate) fn item(role: Role, provider: &str, through: Option<&str>) -> Item {
    let id = id(role);
    Item {
        path: format!("{}/{}", under(through, "groups"), segment(&id)),
        resource: group::Group {
            id: &id,
            provider,
            name: role.word(),
            description: description(role),
        }
        .node(),
        name: role.word().to_owned(),
        id: Some(id),
        kind: "GROUP",
    }
}

/// Where a list of groups stands.
pub(crate) fn list_path(through: Option<&str>) -> String {
    under(through, "groups")
}

/// The role with that id.
pub(crate) fn role(wanted: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| id(*role) == wanted)
}

/// The roles with one of these names (all if empty), by name.
pub(crate) fn named(names: &[String], descending: bool) -> Vec<Role> {
    let wanted = |role: &Role| names.is_empty() || names.iter().any(|name| name == role.word());
    let mut roles: Vec<Role> = Role::ALL.into_iter().filter(wanted).collect();
    roles.sort_unstable_by_key(|role| role.word());
    if descending {
        roles.reverse();
    }
    roles
}

/// "chancery" in ASCII, and a number that is never given to another role.
fn id(role: Role) -> String {
    let number = match role {
        Role::Administrator => 1,
        Role::Operator => 2,
        Role::Approver => 3,
        Role::Auditor => 4,
        Role::DomainAdministrator => 5,
        Role::SelfService => 6,
    };
    format!("6368616e63657279{number:016x}")
}

const fn description(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Everything, everywhere",
        Role::Operator => "The life of every certificate",
        Role::Approver => "Reads certificates and decides on requests",
        Role::Auditor => "Reads everything, changes nothing",
        Role::DomainAdministrator => "Certificates and users of the own domain",
        Role::SelfService => "The own certificates",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_id() {
        for one in Role::ALL {
            let id = id(one);
            assert_eq!(role(&id), Some(one));
            assert!(
                id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
                "{id}"
            );
        }
        assert_eq!(role("6368616e636572790000000000000000"), None);
        assert_eq!(
            named(&["auditor".to_owned(), "x".to_owned()], false),
            [Role::Auditor]
        );
        assert_eq!(named(&[], true).first(), Some(&Role::SelfService));
    }
}
