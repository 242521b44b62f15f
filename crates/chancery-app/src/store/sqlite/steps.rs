//! The steps of a commit, each handed to the tables that it is about.

use chancery_core::identity::CertificateNumber;
use rusqlite::Connection;

use super::{
    accounts, audit, authorities, bulk, certificates, held_keys, orders, records, trust, users,
};
use crate::store::{Step, StoreError};

/// Does all steps inside the open transaction, in their order, and gives the numbers of the certificates, work orders
/// and bulk revocations that they added. After an error the caller rolls back.
pub(super) fn perform(
    connection: &Connection,
    steps: &[Step],
) -> Result<Vec<CertificateNumber>, StoreError> {
    let mut added = Vec::new();
    for step in steps {
        match step {
            Step::AddCertificate(new) => added.push(certificates::add(connection, new)?),
            Step::Move {
                certificate,
                from,
                to,
                at,
            } => {
                certificates::change_state(connection, *certificate, *from, *to, *at)?;
            }
            Step::Authority(step) => added.extend(authorities::perform(connection, step)?),
            Step::AddUser(user) => users::add_user(connection, user)?,
            Step::ExpectUser(user) => users::expect_user(connection, user)?,
            Step::ExpectSoundKey(key) => certificates::expect_sound_key(connection, key)?,
            Step::ExpectState(number, state) => {
                certificates::expect_state(connection, *number, *state)?;
            }
            Step::ChangeUser(user) => users::change_user(connection, user)?,
            Step::Attach { user, certificate } => {
                users::attach(connection, user, certificate)?;
            }
            Step::Detach { user, certificate } => {
                users::detach(connection, user, certificate)?;
            }
            Step::ExpectAdministrator => users::expect_administrator(connection)?,
            Step::KeepPrivateKey(certificate, sealed) => {
                held_keys::keep(connection, *certificate, sealed)?;
            }
            Step::RemoveUser(id) => users::remove_user(connection, id)?,
            Step::AddDomain(domain) => accounts::add_domain(connection, domain)?,
            Step::ChangeDomain(domain) => accounts::change_domain(connection, domain)?,
            Step::RemoveDomain(id) => accounts::remove_domain(connection, id)?,
            Step::Trust(step) => trust::perform(connection, step)?,
            Step::AddToken(token) => accounts::add_token(connection, token)?,
            Step::ExpectToken(hash) => accounts::expect_token(connection, hash)?,
            Step::RemoveToken(hash) => accounts::remove_token(connection, hash)?,
            Step::RemoveTokensOf(user) => accounts::remove_tokens_of(connection, user)?,
            Step::RemoveTokensExpiredBefore(time) => {
                accounts::remove_tokens_expired_before(connection, *time)?
            }
            Step::KeepSecret(name, sealed) => accounts::keep_secret(connection, name, sealed)?,
            Step::Order(step) => added.extend(orders::perform(connection, step)?),
            Step::Records(step) => records::perform(connection, step)?,
            Step::Bulk(step) => added.extend(bulk::perform(connection, step)?),
            Step::Audit(entry) => audit::add(connection, entry)?,
        }
    }
    Ok(added)
}
