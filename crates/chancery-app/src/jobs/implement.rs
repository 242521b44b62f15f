//! Doing work orders that are approved. Each is claimed, and then done in one commit: the certificate, what becomes of the
//! old one, the order's end and the audit trail. A crash before that commit leaves the order open, and the next start
//! does it anew; after it there is nothing left to do. So nothing is done twice, and nothing is lost.

use chancery_core::certificate::{Action, Certificate};
use chancery_core::csr::Csr;
use chancery_core::identity::CertificateId;
use chancery_core::plan::Request;
use chancery_core::workorder::{AfterRegenerate, OrderAction, OrderKind, WorkOrder};
use chancery_core::x509;
use tokio::task::JoinSet;

use crate::audit::NewAuditEntry;
use crate::issue::{Signed, end_after, off_the_async_threads, sealing_purpose, sign};
use crate::keys::software;
use crate::orders::movement_of;
use crate::renew::renewable;
use crate::search::CertificateRef;
use crate::store::orders::{Filling, OrderStep, OrderTask, StoredOrder};
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Error};

/// Orders that are done at the same time, so that they share commits and one slow key does not hold up many others.
const AT_ONCE: usize = 16;

impl App {
    /// Does every order that is approved and not done. An order that cannot be done fails with its reason, which is no
    /// error here.
    ///
    /// # Errors
    /// What kept an order from ending either way; it stays open, and the others were done all the same.
    pub(crate) async fn implement_orders(&self) -> Result<(), Error> {
        let (mut after, mut outcome) = (0, Ok(()));
        loop {
            let numbers = self.store().orders_to_do(after, AT_ONCE).await?;
            let Some(last) = numbers.last() else {
                return outcome;
            };
            after = *last;
            let mut at_work = JoinSet::new();
            for number in numbers {
                let app = self.clone();
                at_work.spawn(async move { app.implement(number).await });
            }
            while let Some(done) = at_work.join_next().await {
                let done = done.unwrap_or_else(|fault| Err(Error::internal(fault)));
                outcome = outcome.and(done);
            }
        }
    }

    /// Does one order to its end. One that is not approved, or has ended, is left alone.
    async fn implement(&self, number: i64) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.claimed(number).await? else {
                return Ok(());
            };
            let refused = match self.implementation(&stored).await {
                Ok(steps) => match self.store().commit(steps).await {
                    Ok(_) => {
                        self.0.orders.ended(number);
                        return Ok(());
                    }
                    // Somebody moved one of the certificates or the order meanwhile: decide anew.
                    Err(StoreError::Stale) => continue,
                    Err(error @ (StoreError::Conflict(_) | StoreError::Policy(_))) => error.into(),
                    Err(error) => return Err(error.into()),
                },
                Err(error @ (Error::Busy | Error::TimedOut)) => return Err(error),
                Err(error) => error,
            };
            match self.give_up(&stored.order, &refused).await {
                Err(Error::Changed) => {}
                given_up => return given_up,
            }
        }
        Err(Error::Busy)
    }

    /// An order that is being done from now on, if it was not already; none if there is nothing to do about it.
    async fn claimed(&self, number: i64) -> Result<Option<StoredOrder>, Error> {
        let (mut stored, _) = self.stored_order(number).await?;
        let Ok(claimed) = stored.order.state.after(OrderAction::Claim) else {
            return Ok(None);
        };
        if stored.order.state != claimed {
            let steps = vec![
                self.order_step(&stored.order, claimed, None, None),
                Step::Audit(self.order_entry(None, &stored.order, "order.claim")),
            ];
            match self.store().commit(steps).await {
                // Another one has it in hand.
                Err(StoreError::Stale) => return Ok(None),
                committed => committed?,
            };
            stored.order.state = claimed;
        }
        Ok(Some(stored))
    }

    /// Ends an order that cannot be done, with the reason; its pending record goes.
    async fn give_up(&self, order: &WorkOrder, why: &Error) -> Result<(), Error> {
        if let Error::Internal(_) = why {
            tracing::error!(
                error = why as &dyn std::error::Error,
                order = order.number,
                "a work order failed"
            );
        }
        let failed = order
            .state
            .after(OrderAction::Fail)
            .map_err(Error::OrderRefused)?;
        let mut steps = self.without_record(None, order).await?;
        steps.extend([
            self.order_step(order, failed, None, Some(why.to_string())),
            Step::Audit(self.order_entry(None, order, "order.fail")),
        ]);
        self.store().commit(steps).await?;
        self.0.orders.ended(order.number);
        Ok(())
    }

    /// The steps that do an order and end it.
    async fn implementation(&self, stored: &StoredOrder) -> Result<Vec<Step>, Error> {
        let order = &stored.order;
        let done = order
            .state
            .after(OrderAction::Finish)
            .map_err(Error::OrderRefused)?;
        let mut steps = match movement_of(order.kind) {
            Some(action) => self.moving(order, action).await?,
            None => self.making(order, &stored.task).await?,
        };
        steps.extend([
            self.order_step(order, done, None, None),
            Step::Audit(self.order_entry(None, order, "order.finish")),
        ]);
        Ok(steps)
    }

    async fn moving(&self, order: &WorkOrder, action: Action) -> Result<Vec<Step>, Error> {
        let certificate = self.certificate_of(order.certificate).await?;
        Ok(self.movement(None, &certificate, action)?.1)
    }

    async fn making(&self, order: &WorkOrder, task: &OrderTask) -> Result<Vec<Step>, Error> {
        let now = self.now();
        let record = self.certificate_of(order.made).await?;
        let active = record
            .state
            .after(Action::Activate, record.circumstances(now))?;
        let old = match order.certificate {
            Some(id) => Some(self.certificate_of(Some(id)).await?),
            None => None,
        };
        let mut steps = Vec::new();
        if let Some(old) = &old {
            renewable(old.state)?;
            steps.push(Step::ExpectState(old.number, old.state));
        }
        let mut signed = self.sign_ordered(&record, old.as_ref(), task).await?;
        steps.extend(signed.expectation.take());
        steps.push(Step::ExpectSoundKey(signed.planned.public_key.key_id()));
        steps.push(self.filling(&record, old.as_ref(), signed)?);
        let action = match old {
            Some(_) => "certificate.renew",
            None => "certificate.issue",
        };
        steps.push(Step::Audit(NewAuditEntry {
            certificate: Some(record.id),
            object: Some(order.number.to_string()),
            ..self.audit_entry(None, action)
        }));
        if task.on_hold {
            let filled = Certificate {
                state: active,
                ..record
            };
            let held = self.movement(None, &filled, Action::Hold)?;
            steps.extend(held.1);
        }
        if let Some(old) = &old {
            steps.extend(self.fate_of(old, order)?);
        }
        Ok(steps)
    }

    /// Signs what a pending record promises: its serial number, subject and authority, with the key that the order names.
    async fn sign_ordered(
        &self,
        record: &Certificate,
        old: Option<&Certificate>,
        task: &OrderTask,
    ) -> Result<Signed, Error> {
        let profile = record.profile.as_deref().unwrap_or_default();
        let profile = self.profile(profile)?.clone();
        let authority = record.authority.as_deref().unwrap_or_default();
        let issuer = self.promising_authority(authority).await?;
        let held = match (&task.csr, task.key, old) {
            (Some(_), _, _) => None,
            (None, Some(algorithm), _) => Some(self.0.pool.take(algorithm).await?),
            (None, None, Some(old)) => Some(self.open_private_key(old).await?),
            (None, None, None) => return Err(Error::NoPrivateKey),
        };
        let old_der = match old {
            Some(old) => Some(old.der.clone().ok_or(Error::NoCertificate)?),
            None => None,
        };
        let (task, now) = (task.clone(), self.now());
        let (subject, serial) = (record.subject.clone(), record.serial.clone());
        off_the_async_threads(move || {
            let names = match old_der {
                Some(der) => x509::read_certificate(&der).map_err(Error::internal)?.names,
                None => task.names,
            };
            let public_key = match (&held, &task.csr) {
                (Some(key), _) => software::public_key_of(key)?,
                (None, Some(der)) => Csr::read(der).map_err(Error::internal)?.public_key,
                (None, None) => return Err(Error::NoPrivateKey),
            };
            let by_days = task
                .days
                .map(|days| end_after(&profile, task.not_before, days, now));
            let asked = Request {
                subject,
                names,
                public_key,
                not_before: task.not_before,
                not_after: task.not_after.or(by_days),
            };
            sign(asked, &profile, Some(&issuer), held, serial, now)
        })
        .await
    }

    fn filling(
        &self,
        record: &Certificate,
        old: Option<&Certificate>,
        signed: Signed,
    ) -> Result<Step, Error> {
        let sealed_key = match &signed.private_key {
            Some(key) => {
                let purpose = sealing_purpose(&record.id);
                Some(self.0.sealer.seal(&purpose, key.pkcs8())?)
            }
            None => None,
        };
        Ok(Step::Order(OrderStep::Fill(Box::new(Filling {
            certificate: record.number,
            der: signed.der,
            subject_key_id: signed.planned.public_key.key_id(),
            not_before: signed.planned.not_before,
            not_after: signed.planned.not_after,
            at: self.now(),
            sealed_key,
            replaces: old.map(|old| old.number),
        }))))
    }

    /// The steps by which the old certificate is revoked, if the configuration and the order's reason ask for it. One that
    /// has expired is left: its revocation would tell nobody anything.
    fn fate_of(&self, old: &Certificate, order: &WorkOrder) -> Result<Vec<Step>, Error> {
        let new_key = match order.kind {
            OrderKind::Regenerate | OrderKind::Reissue => true,
            OrderKind::Renew
            | OrderKind::Create
            | OrderKind::Revoke(_)
            | OrderKind::Suspend
            | OrderKind::Reinstate => false,
        };
        let configured = AfterRegenerate::from(self.0.config.orders.after_regenerate);
        match configured.revocation(&order.reason) {
            Some(reason) if new_key && !old.is_expired(self.now()) => {
                Ok(self.movement(None, old, Action::Revoke(reason))?.1)
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn certificate_of(&self, id: Option<CertificateId>) -> Result<Certificate, Error> {
        let id = id.ok_or(Error::NotFound("certificate"))?;
        self.find(&CertificateRef::Id(id)).await
    }
}
