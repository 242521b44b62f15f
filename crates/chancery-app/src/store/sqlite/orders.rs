//! Work orders: storing, moving from state to state, and reading back; and filling the certificates that they make.

use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::san::GeneralName;
use chancery_core::time::Time;
use chancery_core::workorder::{OrderState, WorkOrder};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::audit;
use super::certificates::optional_id;
use super::codes::{order_kind_code, order_kind_of, order_state_code, order_state_of};
use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::audit::NewAuditEntry;
use crate::orders::OrderFilter;
use crate::store::StoreError;
use crate::store::orders::{Filling, NewOrder, OrderStep, OrderTask, StoredOrder};

/// Does one step, and gives the number of the order that it added.
pub(super) fn perform(
    connection: &Connection,
    step: &OrderStep,
) -> Result<Option<i64>, StoreError> {
    match step {
        OrderStep::Add(new) => add(connection, new).map(Some),
        OrderStep::Move {
            order,
            from,
            to,
            by,
            at,
            outcome,
        } => {
            let outcome = outcome.as_deref();
            change_state(connection, *order, (*from, *to), by.as_ref(), *at, outcome).map(|()| None)
        }
        OrderStep::Fill(filling) => fill(connection, filling).map(|()| None),
    }
}

/// Stores an order with the audit entry that tells of it, and gives its number.
fn add(connection: &Connection, new: &NewOrder) -> Result<i64, StoreError> {
    if let Some(open) = new
        .certificate
        .map(|id| open_about(connection, &id))
        .transpose()?
        .flatten()
    {
        return Err(StoreError::OrderOpen(open));
    }
    let (kind, revocation) = order_kind_code(new.kind);
    connection
        .prepare_cached(
            "INSERT INTO work_orders (kind, revocation, state, certificate, made, owner, domain, reason, asked_by, asked_at,
                 decided_at, csr, key, not_before, not_after, days, on_hold)
             VALUES (?1, ?2, ?3, (SELECT number FROM certificates WHERE id = ?4),
                 (SELECT number FROM certificates WHERE id = ?5),
                 (SELECT owner FROM certificates WHERE id = coalesce(?4, ?5)),
                 (SELECT domain FROM certificates WHERE id = coalesce(?4, ?5)), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            kind,
            revocation,
            order_state_code(new.state),
            new.certificate.as_ref().map(CertificateId::octets),
            new.made.as_ref().map(CertificateId::octets),
            new.reason,
            new.asked_by.as_str(),
            new.asked_at.unix(),
            new.decided_at.map(Time::unix),
            new.task.csr,
            new.task.key.map(KeyAlgorithm::word),
            new.task.not_before.map(Time::unix),
            new.task.not_after.map(Time::unix),
            new.task.days,
            new.task.on_hold,
        ])?;
    let number = connection.last_insert_rowid();
    let mut name_of = connection.prepare_cached(
        "INSERT INTO work_order_names (work_order, place, name) VALUES (?1, ?2, ?3)",
    )?;
    for (place, name) in new.task.names.iter().enumerate() {
        name_of.execute(params![
            number,
            i64::try_from(place).unwrap_or(i64::MAX),
            name.to_string()
        ])?;
    }
    let told = NewAuditEntry {
        object: Some(number.to_string()),
        ..new.told.clone()
    };
    audit::add(connection, &told)?;
    Ok(number)
}

/// Moves an order from one state to another.
fn change_state(
    connection: &Connection,
    number: i64,
    (from, to): (OrderState, OrderState),
    by: Option<&UserId>,
    at: Time,
    outcome: Option<&str>,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE work_orders
             SET state = ?3, decided_by = coalesce(?4, decided_by),
                 decided_at = CASE WHEN ?4 IS NULL THEN decided_at ELSE ?5 END,
                 ended_at = CASE WHEN ?6 THEN NULL ELSE ?5 END, outcome = ?7
             WHERE number = ?1 AND state = ?2",
        )?
        .execute(params![
            number,
            order_state_code(from),
            order_state_code(to),
            by.map(UserId::as_str),
            at.unix(),
            to.is_open(),
            outcome,
        ])?;
    changed_one(changed, StoreError::Stale)
}

/// Fills a pending certificate with what was signed, and makes it active.
fn fill(connection: &Connection, filling: &Filling) -> Result<(), StoreError> {
    let filled = connection
        .prepare_cached(
            "UPDATE certificates
             SET der = ?2, subject_key_id = ?3, not_before = ?4, not_after = ?5, state = 1, state_since = ?6,
                 replaces = ?7, issuer_name = NULL, subject_name = NULL
             WHERE number = ?1 AND state = 0",
        )?
        .execute(params![
            filling.certificate,
            filling.der,
            filling.subject_key_id,
            filling.not_before.unix(),
            filling.not_after.unix(),
            filling.at.unix(),
            filling.replaces,
        ])?;
    if filled == 0 {
        return Err(StoreError::Stale);
    }
    if let Some(sealed) = &filling.sealed_key {
        super::held_keys::keep(connection, filling.certificate, sealed)?;
    }
    if let Some(old) = filling.replaces {
        connection
            .prepare_cached("UPDATE certificates SET replaced_by = ?2 WHERE number = ?1")?
            .execute(params![old, filling.certificate])?;
    }
    Ok(())
}

/// One order with what it takes to do it.
pub(super) fn find(
    connection: &Connection,
    number: i64,
) -> Result<Option<StoredOrder>, StoreError> {
    let found = Query::new(SELECT)
        .with("WHERE o.number = ?", number)
        .rows(connection, read)?;
    let Some(mut found) = found.into_iter().next() else {
        return Ok(None);
    };
    found.task.names = Query::new("SELECT name FROM work_order_names")
        .with("WHERE work_order = ?", number)
        .text("ORDER BY place")
        .rows(connection, |row| {
            Columns::of(row).parse(|name: String| GeneralName::parse(&name).ok())
        })?;
    Ok(Some(found))
}

/// Orders that pass `filter`, newest first.
pub(super) fn page(
    connection: &Connection,
    filter: &OrderFilter,
    owner: Option<&UserId>,
    domain: Option<&DomainId>,
    limit: usize,
) -> Result<Vec<WorkOrder>, StoreError> {
    page_query(filter, owner, domain, limit).rows(connection, |row| Ok(read(row)?.order))
}

/// Along the index of the rarest condition. What has ended is most of all there is, so several such states are no
/// condition to go by.
fn page_query(
    filter: &OrderFilter,
    owner: Option<&UserId>,
    domain: Option<&DomainId>,
    limit: usize,
) -> Query {
    let index = match (&filter.certificate, owner, domain) {
        (Some(_), _, _) => "NOT INDEXED",
        (None, Some(_), _) => "INDEXED BY work_orders_by_owner",
        (None, None, Some(_)) => "INDEXED BY work_orders_by_domain",
        (None, None, None) => match filter.states.as_slice() {
            [_] => "INDEXED BY work_orders_by_state",
            [] => "NOT INDEXED",
            several if several.iter().all(|state| state.is_open()) => {
                "INDEXED BY work_orders_by_state"
            }
            _ => "NOT INDEXED",
        },
    };
    let query = Query::new(SELECT)
        .text(index)
        .with("WHERE o.number < ?", filter.before.unwrap_or(i64::MAX))
        .with_some(
            "AND o.number IN (WITH it (number) AS (SELECT number FROM certificates WHERE id = ?)
                 SELECT w.number FROM it CROSS JOIN work_orders AS w ON w.certificate = it.number
                 UNION ALL SELECT w.number FROM it CROSS JOIN work_orders AS w ON w.made = it.number)",
            filter.certificate.map(|id| id.octets().to_vec()),
        )
        .with_some(
            "AND o.owner = (SELECT number FROM users WHERE id = ?)",
            owner.map(|id| id.as_str().to_owned()),
        )
        .with_some(
            "AND o.domain = (SELECT number FROM domains WHERE id = ?)",
            domain.map(|id| id.as_str().to_owned()),
        );
    let states: Vec<i64> = filter
        .states
        .iter()
        .map(|state| order_state_code(*state))
        .collect();
    let query = match states.is_empty() {
        true => query,
        false => query.with_each("AND o.state IN", &states),
    };
    query.text("ORDER BY o.number DESC").limit(limit)
}

/// The open order about a certificate, or the one that is to make it.
pub(super) fn open_of(
    connection: &Connection,
    certificate: CertificateNumber,
) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT number FROM work_orders WHERE certificate = ?1 AND state < 3
             UNION ALL SELECT number FROM work_orders WHERE made = ?1 AND state < 3 LIMIT 1",
        )?
        .query_row([certificate], |row| row.get(0))
        .optional()?)
}

/// The numbers of orders that are approved and not done yet, oldest first, after `after`.
pub(super) fn to_do(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    // Merged from two runs of the index.
    Query::new("SELECT number FROM work_orders WHERE state IN (1, 2)")
        .with("AND number > ?", after)
        .text("ORDER BY number")
        .limit(limit)
        .rows(connection, |row| Ok(row.get(0)?))
}

fn open_about(connection: &Connection, id: &CertificateId) -> Result<Option<i64>, StoreError> {
    let number: Option<CertificateNumber> = connection
        .prepare_cached("SELECT number FROM certificates WHERE id = ?1")?
        .query_row([id.octets()], |row| row.get(0))
        .optional()?;
    match number {
        Some(number) => open_of(connection, number),
        None => Err(StoreError::Missing),
    }
}

const SELECT: &str = "
    SELECT o.number, o.kind, o.revocation, o.state, (SELECT id FROM certificates WHERE number = o.certificate),
        (SELECT id FROM certificates WHERE number = o.made), o.reason, o.asked_by,
        (SELECT id FROM domains WHERE number = o.domain), o.asked_at, o.decided_by, o.decided_at, o.ended_at, o.outcome,
        o.csr, o.key, o.not_before, o.not_after, o.days, o.on_hold
    FROM work_orders AS o";

/// A row of [`SELECT`], without the names.
fn read(row: &Row<'_>) -> Result<StoredOrder, StoreError> {
    let mut columns = Columns::of(row);
    let user = |id: Option<String>| id.map(|id| UserId::parse(&id)).transpose().ok();
    let order = WorkOrder {
        number: columns.next()?,
        kind: columns.parse_pair(order_kind_of)?,
        state: columns.parse(order_state_of)?,
        certificate: columns.parse(optional_id)?,
        made: columns.parse(optional_id)?,
        reason: columns.next()?,
        asked_by: columns.parse(|id: String| UserId::parse(&id).ok())?,
        domain: columns.parse(|id: String| DomainId::parse(&id).ok())?,
        asked_at: Time::from_unix(columns.next()?),
        decided_by: columns.parse(user)?,
        decided_at: time(&mut columns)?,
        ended_at: time(&mut columns)?,
        outcome: columns.next()?,
    };
    let task = OrderTask {
        csr: columns.next()?,
        key: columns.parse(|word: Option<String>| match word {
            Some(word) => KeyAlgorithm::parse(&word).map(Some),
            None => Some(None),
        })?,
        not_before: time(&mut columns)?,
        not_after: time(&mut columns)?,
        days: columns.next()?,
        on_hold: columns.next()?,
        names: Vec::new(),
    };
    Ok(StoredOrder { order, task })
}

fn time(columns: &mut Columns<'_>) -> Result<Option<Time>, StoreError> {
    Ok(columns.next::<Option<i64>>()?.map(Time::from_unix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;

    /// However many orders there are, a page reads its own and few others.
    #[test]
    fn pages_go_along_an_index() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        let (owner, domain) = (UserId::parse("u").unwrap(), DomainId::parse("d").unwrap());
        let all = OrderFilter::default();
        let open = OrderFilter {
            states: vec![OrderState::Requested, OrderState::Approved],
            ..all.clone()
        };
        let about = OrderFilter {
            certificate: Some(CertificateId::from_octets(&[0; 12]).unwrap()),
            ..all.clone()
        };
        let (owner, domain) = (Some(&owner), Some(&domain));
        for (filter, owner, domain, want) in [
            (&all, None, None, "USING INTEGER PRIMARY KEY (rowid<?)"),
            (
                &open,
                None,
                None,
                "work_orders_by_state (state=? AND number<?)",
            ),
            (
                &all,
                owner,
                None,
                "work_orders_by_owner (owner=? AND number<?)",
            ),
            (
                &open,
                owner,
                None,
                "work_orders_by_owner (owner=? AND number<?)",
            ),
            (
                &all,
                None,
                domain,
                "work_orders_by_domain (domain=? AND number<?)",
            ),
            (&about, None, None, "USING INTEGER PRIMARY KEY (rowid=?)"),
        ] {
            let plan = page_query(filter, owner, domain, 9).plan(&connection);
            let orders = |line: &&String| line.starts_with("SEARCH o ");
            let line = plan
                .iter()
                .find(orders)
                .unwrap_or_else(|| panic!("{plan:?}"));
            assert!(line.contains(want), "{want}: {plan:?}");
            assert!(
                !plan.iter().any(|line| line.starts_with("SCAN o")),
                "{plan:?}"
            );
            assert!(
                !plan.iter().any(|line| line.starts_with("SCAN w")),
                "{plan:?}"
            );
        }
    }
}
