//! How work orders are stored and ended, beside what [`super::Store`] says of them.

use chancery_core::identity::{CertificateId, CertificateNumber, UserId};
use chancery_core::key::{KeyAlgorithm, KeyId};
use chancery_core::san::GeneralName;
use chancery_core::time::Time;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use crate::audit::NewAuditEntry;

/// A part of a commit that is about a work order.
#[derive(Debug)]
pub(crate) enum OrderStep {
    /// Stores a work order. Fails with [`super::StoreError::OrderOpen`] while another about the same certificate is open,
    /// or that certificate is pending itself.
    Add(Box<NewOrder>),
    /// Moves a work order from one state to another; fails with [`super::StoreError::Stale`] if it is not in `from`.
    Move {
        /// Which.
        order: i64,
        /// The state in which it must be.
        from: OrderState,
        /// The state in which it will be.
        to: OrderState,
        /// Who decided, if this is a decision.
        by: Option<UserId>,
        /// When.
        at: Time,
        /// Why it ended so.
        outcome: Option<String>,
    },
    /// Fills a pending certificate and makes it active; fails with [`super::StoreError::Stale`] if it is not pending.
    Fill(Box<Filling>),
}

/// A work order about to be stored.
#[derive(Debug)]
pub(crate) struct NewOrder {
    pub(crate) kind: OrderKind,
    pub(crate) state: OrderState,
    pub(crate) certificate: Option<CertificateId>,
    /// The pending certificate, which the same commit may have added.
    pub(crate) made: Option<CertificateId>,
    pub(crate) reason: String,
    pub(crate) asked_by: UserId,
    pub(crate) asked_at: Time,
    pub(crate) decided_at: Option<Time>,
    pub(crate) task: OrderTask,
    /// The audit entry that tells of it, about the object with the number that it gets.
    pub(crate) told: NewAuditEntry,
}

/// What it takes to make a work order's certificate, beside what its pending record says.
#[derive(Clone, Default, Debug)]
pub(crate) struct OrderTask {
    /// The holder's PKCS#10 request, DER.
    pub(crate) csr: Option<Vec<u8>>,
    /// The kind of key to make. With neither it is the old certificate's key.
    pub(crate) key: Option<KeyAlgorithm>,
    pub(crate) not_before: Option<Time>,
    pub(crate) not_after: Option<Time>,
    pub(crate) days: Option<u32>,
    /// Is the certificate to start on hold?
    pub(crate) on_hold: bool,
    /// Alternative names, where no old certificate has them.
    pub(crate) names: Vec<GeneralName>,
}

/// What makes a pending certificate a signed one.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) certificate: CertificateNumber,
    pub(crate) der: Vec<u8>,
    pub(crate) subject_key_id: KeyId,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    /// When it was signed.
    pub(crate) at: Time,
    /// Its private key, sealed, if we hold it.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// The certificate that it replaces, which will name this one in turn.
    pub(crate) replaces: Option<CertificateNumber>,
}

/// A work order as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredOrder {
    pub(crate) order: WorkOrder,
    pub(crate) task: OrderTask,
}
