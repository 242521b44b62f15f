//! The words of this API: what is sent and what is answered, as JSON.

mod accounts;
mod certificate;
mod order;
mod overview;
mod record;

pub(crate) use accounts::{
    ApiKey, Domain, DomainChange, DomainList, ListQuery, NewDomain, NewUser, Token, User,
    UserChange, UserList, UserQuery, WhoAmI,
};
pub(crate) use certificate::{
    Certificate, CertificateList, CertificateQuery, Import, ImportAnswer, Issue, Nothing, Pkcs12,
    Renew, Revoke,
};
pub(crate) use order::{Order, OrderList, OrderQuery, Regenerate, Reject};
pub(crate) use overview::{
    Audit, AuditEntry, AuditQuery, Authority, AuthorityList, Problem, Profile, ProfileList,
};
pub(crate) use record::{Record, RecordList, SignRecord};
