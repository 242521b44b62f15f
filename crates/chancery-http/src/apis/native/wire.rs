//! The words of this API: what is sent and what is answered, as JSON.

mod accounts;
mod authority;
mod certificate;
mod order;
mod overview;
mod record;
mod revocation;

pub(crate) use accounts::{
    ApiKey, Domain, DomainChange, DomainList, ListQuery, NewDomain, NewUser, Token, User,
    UserChange, UserList, UserQuery, WhoAmI,
};
pub(crate) use authority::{
    Authority, AuthorityList, ImportAuthority, ImportCrl, NewAuthority, Rollover,
};
pub(crate) use certificate::{
    Certificate, CertificateList, CertificateQuery, Import, ImportAnswer, Issue, Nothing, Pkcs12,
    Renew, Revoke,
};
pub(crate) use order::{Order, OrderList, OrderQuery, Regenerate, Reject};
pub(crate) use overview::{Audit, AuditEntry, AuditQuery, Problem, Profile, ProfileList};
pub(crate) use record::{Record, RecordList, SignRecord};
pub(crate) use revocation::{
    NewRelease, NewRevocation, Revocation, RevocationList, RevocationPreview, RevocationQuery,
};
