//! Who may do what: roles, rights and how far each reaches.

use std::fmt;

/// A role that a user may hold; a user may hold several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Everything, everywhere.
    Administrator,
    /// The life of every certificate, but no users and no authorities.
    Operator,
    /// Reads certificates everywhere and decides on requests that others made.
    Approver,
    /// Reads everything, the audit trail included; changes nothing.
    Auditor,
    /// Certificates and users of their own domain.
    DomainAdministrator,
    /// The certificates that belong to the user.
    SelfService,
}

/// Something that needs a right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Right {
    /// List, show and export certificates (never private keys).
    ReadCertificates,
    /// Issue, renew and import certificates.
    IssueCertificates,
    /// Hold, release, revoke and delete certificates.
    ChangeCertificates,
    /// Wipe a deleted certificate's DER and key for good.
    PurgeCertificates,
    /// Export a private key that the server holds.
    ExportPrivateKeys,
    /// Decide on requests that others made.
    Approve,
    /// List and show users and domains.
    ReadUsers,
    /// Create, change and delete users.
    ChangeUsers,
    /// Create, change and delete domains; hand out roles that reach beyond a domain.
    ChangeDomains,
    /// Create and change authorities.
    ChangeAuthorities,
    /// Read the audit trail.
    ReadAudit,
}

/// How far a right reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// What belongs to the user.
    Own,
    /// What belongs to the user's domain.
    Domain,
    /// Everything.
    Everywhere,
}

impl Right {
    /// Every right.
    pub const ALL: [Right; 11] = [
        Right::ReadCertificates,
        Right::IssueCertificates,
        Right::ChangeCertificates,
        Right::PurgeCertificates,
        Right::ExportPrivateKeys,
        Right::Approve,
        Right::ReadUsers,
        Right::ChangeUsers,
        Right::ChangeDomains,
        Right::ChangeAuthorities,
        Right::ReadAudit,
    ];
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] = [
        Role::Administrator,
        Role::Operator,
        Role::Approver,
        Role::Auditor,
        Role::DomainAdministrator,
        Role::SelfService,
    ];

    /// How far `right` reaches for this role.
    pub const fn reach(self, right: Right) -> Reach {
        use Right::{
            Approve, ChangeAuthorities, ChangeCertificates, ChangeDomains, ChangeUsers,
            ExportPrivateKeys, IssueCertificates, PurgeCertificates, ReadAudit, ReadCertificates,
            ReadUsers,
        };
        match (self, right) {
            (Role::Administrator, _) => Reach::Everywhere,
            (
                Role::Operator,
                ReadCertificates | IssueCertificates | ChangeCertificates | ReadUsers,
            ) => Reach::Everywhere,
            (
                Role::Operator,
                PurgeCertificates | ExportPrivateKeys | Approve | ChangeUsers | ChangeDomains
                | ChangeAuthorities | ReadAudit,
            ) => Reach::Nothing,
            (Role::Approver, ReadCertificates | ReadUsers | Approve) => Reach::Everywhere,
            (
                Role::Approver,
                IssueCertificates | ChangeCertificates | PurgeCertificates | ExportPrivateKeys
                | ChangeUsers | ChangeDomains | ChangeAuthorities | ReadAudit,
            ) => Reach::Nothing,
            (Role::Auditor, ReadCertificates | ReadUsers | ReadAudit) => Reach::Everywhere,
            (
                Role::Auditor,
                IssueCertificates | ChangeCertificates | PurgeCertificates | ExportPrivateKeys
                | Approve | ChangeUsers | ChangeDomains | ChangeAuthorities,
            ) => Reach::Nothing,
            (
                Role::DomainAdministrator,
                ReadCertificates | IssueCertificates | ChangeCertificates | ExportPrivateKeys
                | Approve | ReadUsers | ChangeUsers,
            ) => Reach::Domain,
            (
                Role::DomainAdministrator,
                PurgeCertificates | ChangeDomains | ChangeAuthorities | ReadAudit,
            ) => Reach::Nothing,
            (
                Role::SelfService,
                ReadCertificates | IssueCertificates | ChangeCertificates | ExportPrivateKeys
                | ReadUsers,
            ) => Reach::Own,
            (
                Role::SelfService,
                PurgeCertificates | Approve | ChangeUsers | ChangeDomains | ChangeAuthorities
                | ReadAudit,
            ) => Reach::Nothing,
        }
    }

    /// The word for configuration, command line and native API: `domain-administrator`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Administrator => "administrator",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Auditor => "auditor",
            Role::DomainAdministrator => "domain-administrator",
            Role::SelfService => "self-service",
        }
    }

    /// The role with that word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How far `right` reaches for someone with all of `roles`: the farthest of them.
pub fn reach(roles: &[Role], right: Right) -> Reach {
    roles
        .iter()
        .map(|role| role.reach(right))
        .max()
        .unwrap_or(Reach::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn all_rights_are_all() {
        // A new right does not compile here before it is counted.
        let count = |right| match right {
            Right::ReadCertificates
            | Right::IssueCertificates
            | Right::ChangeCertificates
            | Right::PurgeCertificates
            | Right::ExportPrivateKeys
            | Right::Approve
            | Right::ReadUsers
            | Right::ChangeUsers
            | Right::ChangeDomains
            | Right::ChangeAuthorities
            | Right::ReadAudit => 11,
        };
        let mut all = Right::ALL.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count(Right::ReadAudit));
    }

    #[test]
    fn only_administrators_touch_authorities_and_domains() {
        for role in Role::ALL {
            let want = if role == Role::Administrator {
                Reach::Everywhere
            } else {
                Reach::Nothing
            };
            assert_eq!(role.reach(Right::ChangeAuthorities), want, "{role}");
            assert_eq!(role.reach(Right::ChangeDomains), want, "{role}");
            assert_eq!(role.reach(Right::PurgeCertificates), want, "{role}");
        }
    }

    #[test]
    fn auditors_and_approvers_change_no_certificate() {
        for role in [Role::Auditor, Role::Approver] {
            assert_eq!(role.reach(Right::IssueCertificates), Reach::Nothing);
            assert_eq!(role.reach(Right::ChangeCertificates), Reach::Nothing);
        }
    }

    #[test]
    fn several_roles_reach_as_far_as_the_farthest() {
        assert_eq!(reach(&[], Right::ReadCertificates), Reach::Nothing);
        assert_eq!(
            reach(&[Role::SelfService], Right::ReadCertificates),
            Reach::Own
        );
        assert_eq!(
            reach(&[Role::SelfService, Role::Auditor], Right::ReadCertificates),
            Reach::Everywhere
        );
        assert_eq!(
            reach(
                &[Role::SelfService, Role::DomainAdministrator],
                Right::IssueCertificates
            ),
            Reach::Domain
        );
    }
}
