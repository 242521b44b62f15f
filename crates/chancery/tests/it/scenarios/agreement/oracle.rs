//! What must become of each certificate: the core's table of moves, and around it the few rules of what makes new
//! certificates, of work orders, of attachment and of records. It knows no server.

use chancery_core::certificate::{Action, Circumstances, Origin, Refusal, State, Status};
use chancery_core::revocation::Reason;

use super::deed::{Api, Deed, Step};

/// A certificate as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) origin: Origin,
    pub(super) state: State,
    pub(super) expired: bool,
    /// Which key; several certificates may have one.
    pub(super) key: usize,
    /// Does the server hold the key for it?
    pub(super) held: bool,
    /// Does it belong to the user of the sequence?
    pub(super) owned: bool,
}

/// An open work order.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Order {
    about: usize,
    made: usize,
    /// For what the old certificate is revoked in the end, if it is.
    fate: Option<Reason>,
}

/// All that a sequence is about.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct World {
    pub(super) certificates: Vec<Known>,
    /// The certificate that is attached to the user.
    pub(super) attached: Option<usize>,
    /// The certificate in the record.
    pub(super) in_record: Option<usize>,
    /// The certificate whose key is the record's.
    pub(super) of_record: usize,
    orders: Vec<Order>,
    keys: usize,
}

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// The core's table does not allow it.
    State(Refusal),
    /// Its key is not held here.
    NoKey,
    /// A certificate with that key was revoked as compromised.
    Compromised,
    /// It is only watched: imported without its key.
    Watched,
    /// A work order about it is open.
    OrderOpen,
    /// It is not good; or the user has one already, or is not its owner; or the key is not the record's.
    DoesNotFit,
    /// It was deleted, and is not taken up again.
    Gone,
    /// Nothing is attached.
    NothingAttached,
}

/// What a step must lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Foreseen {
    /// There is nothing to which it could be done.
    Nothing,
    /// It is done; perhaps a certificate is made.
    Done {
        made: Option<usize>,
    },
    Refused(Why),
}

impl Known {
    pub(super) fn circumstances(&self) -> Circumstances {
        Circumstances {
            ours: self.origin == Origin::Issued,
            expired: self.expired,
        }
    }

    pub(super) fn status(&self) -> Status {
        match self.state {
            State::Pending => Status::Pending,
            State::Active | State::OnHold if self.expired => Status::Expired,
            State::Active => Status::Active,
            State::OnHold => Status::OnHold,
            State::Revoked(reason) => Status::Revoked(reason),
            State::Deleted(_) => Status::Deleted,
            State::Purged(_) => Status::Purged,
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.origin == Origin::Imported && !self.held
    }

    /// Can it be renewed? Only what is active, or was so to its end.
    fn renewable(&self) -> Result<(), Why> {
        match self.state {
            State::Active => Ok(()),
            State::OnHold => Err(Why::State(Refusal::OnHold)),
            State::Pending => Err(Why::State(Refusal::Pending)),
            State::Revoked(reason) => Err(Why::State(Refusal::Revoked(reason))),
            State::Deleted(_) => Err(Why::State(Refusal::Deleted)),
            State::Purged(_) => Err(Why::State(Refusal::Purged)),
        }
    }
}

impl World {
    /// One more certificate; its place.
    pub(super) fn add(&mut self, origin: Origin, state: State, held: bool, owned: bool) -> usize {
        let key = self.new_key();
        self.certificates.push(Known {
            origin,
            state,
            expired: false,
            key,
            held,
            owned,
        });
        self.certificates.len() - 1
    }

    fn new_key(&mut self) -> usize {
        self.keys += 1;
        self.keys
    }

    /// The certificate that the first open order makes.
    pub(super) fn first_order(&self) -> Option<usize> {
        self.orders.first().map(|order| order.made)
    }

    /// The place of the certificate that a step is about.
    pub(super) fn place(&self, step: &Step) -> usize {
        match step.deed {
            Deed::Sign => self.of_record,
            Deed::Decide { .. } => self.orders.first().map_or(0, |order| order.about),
            Deed::Detach => self.attached.unwrap_or(0),
            _ => step.on.min(self.certificates.len() - 1),
        }
    }

    /// What a step must lead to; it is as if done.
    pub(super) fn foresee(&mut self, step: &Step) -> Foreseen {
        let on = self.place(step);
        let known = &self.certificates[on];
        let done = match step.deed {
            Deed::Attach | Deed::Import if known.state == State::Pending => {
                // There is nothing to send yet.
                return Foreseen::Nothing;
            }
            Deed::Decide { .. } if self.orders.is_empty() => return Foreseen::Nothing,
            // What is not signed yet is not there for Keystone.
            _ if step.through == Api::Keystone && known.state == State::Pending => {
                Err(Why::State(Refusal::Pending))
            }
            Deed::Decide { approve } => {
                let first = self.orders.remove(0);
                self.decide(first, approve);
                Ok(None)
            }
            Deed::Move(action) => self.may(step.through, on, action).map(|to| {
                self.put(on, to);
                None
            }),
            Deed::Set(wanted) => self.set(on, wanted).map(|to| {
                self.put(on, to);
                None
            }),
            Deed::Renew { revoke_old } => self.renew(step.through, on, revoke_old).map(Some),
            Deed::Regenerate { reason, at_once } => self.regenerate(on, reason, at_once).map(Some),
            Deed::Attach => self.attach(on).map(|()| None),
            Deed::Detach => self.detach().map(|()| None),
            Deed::Import => self.import(on).map(|()| None),
            Deed::Sign => self.sign(on).map(Some),
        };
        match done {
            Ok(made) => Foreseen::Done { made },
            Err(why) => Foreseen::Refused(why),
        }
    }

    /// Puts a certificate into a state. What is deleted is attached no longer and in no record, and an order that would have
    /// made it has ended.
    fn put(&mut self, on: usize, to: State) {
        self.certificates[on].state = to;
        if matches!(to, State::Deleted(_) | State::Purged(_)) {
            let still = |place: &usize| *place != on;
            self.attached = self.attached.filter(still);
            self.in_record = self.in_record.filter(still);
            self.orders.retain(|order| order.made != on);
        }
    }

    fn may(&self, through: Api, on: usize, action: Action) -> Result<State, Why> {
        let known = &self.certificates[on];
        if through == Api::AppViewX && action != Action::Delete {
            self.takes_orders(on)?;
        }
        let to = known.state.after(action, known.circumstances());
        to.map_err(Why::State)
    }

    /// Is a work order about it taken? What was deleted is not even found.
    fn takes_orders(&self, on: usize) -> Result<(), Why> {
        let known = &self.certificates[on];
        if known.is_watched() {
            return Err(Why::Watched);
        }
        let mut orders = self.orders.iter();
        if orders.any(|order| [order.about, order.made].contains(&on)) {
            return Err(Why::OrderOpen);
        }
        Ok(())
    }

    fn set(&self, on: usize, wanted: Status) -> Result<State, Why> {
        let known = &self.certificates[on];
        let action = match wanted {
            Status::Active => Action::Release,
            Status::OnHold => Action::Hold,
            Status::Revoked(reason) => Action::Revoke(reason),
            Status::Deleted => Action::Delete,
            Status::Purged => Action::Purge,
            Status::Pending | Status::Expired => panic!("nobody sets {wanted:?}"),
        };
        match (known.state.after(action, known.circumstances()), wanted) {
            (Ok(to), _) => Ok(to),
            (Err(Refusal::Active), Status::Active)
            | (Err(Refusal::OnHold), Status::OnHold)
            | (Err(Refusal::Revoked(_)), Status::Revoked(_)) => Ok(known.state),
            (Err(refusal), _) => Err(Why::State(refusal)),
        }
    }

    fn is_compromised(&self, key: usize) -> bool {
        let compromised = Some(Reason::KeyCompromise);
        let mut all = self.certificates.iter();
        all.any(|known| known.key == key && known.state.revocation() == compromised)
    }

    /// One more certificate for the owner of another, with that key.
    fn replace(&mut self, on: usize, state: State, key: usize, held: bool) -> usize {
        let owned = self.certificates[on].owned;
        let made = self.add(Origin::Issued, state, held, owned);
        self.certificates[made].key = key;
        made
    }

    fn renew(&mut self, through: Api, on: usize, revoke_old: bool) -> Result<usize, Why> {
        if through == Api::AppViewX {
            self.takes_orders(on)?;
        }
        let known = self.certificates[on].clone();
        known.renewable()?;
        let with_csr = through == Api::Forti;
        if !with_csr && !known.held {
            return Err(Why::NoKey);
        }
        if !with_csr && self.is_compromised(known.key) {
            // A work order is taken, and then fails.
            return match through {
                Api::AppViewX => Ok(self.replace(on, State::Deleted(None), known.key, false)),
                _ => Err(Why::Compromised),
            };
        }
        if revoke_old && !known.expired {
            self.put(on, State::Revoked(Reason::Superseded));
        }
        let key = if with_csr { self.new_key() } else { known.key };
        Ok(self.replace(on, State::Active, key, !with_csr))
    }

    fn regenerate(&mut self, on: usize, reason: &str, at_once: bool) -> Result<usize, Why> {
        self.takes_orders(on)?;
        self.certificates[on].renewable()?;
        let key = self.new_key();
        let made = self.replace(on, State::Pending, key, false);
        let order = Order {
            about: on,
            made,
            fate: match reason {
                "superseded" => Some(Reason::Superseded),
                "key compromise" => Some(Reason::KeyCompromise),
                _ => None,
            },
        };
        if at_once {
            self.decide(order, true);
        } else {
            self.orders.push(order);
        }
        Ok(made)
    }

    /// An order is done, or it is not and what it would have made goes.
    fn decide(&mut self, order: Order, approve: bool) {
        let Order { about, made, fate } = order;
        let old = &self.certificates[about];
        if !approve || old.renewable().is_err() {
            self.put(made, State::Deleted(None));
            return;
        }
        let expired = old.expired;
        self.put(made, State::Active);
        self.certificates[made].held = true;
        if let Some(reason) = fate.filter(|_| !expired) {
            self.put(about, State::Revoked(reason));
        }
    }

    fn attach(&mut self, on: usize) -> Result<(), Why> {
        let known = &self.certificates[on];
        if self.attached.is_some() || !known.owned || known.status() != Status::Active {
            return Err(Why::DoesNotFit);
        }
        self.attached = Some(on);
        Ok(())
    }

    /// What was made here ends with it; what came from elsewhere is only detached.
    fn detach(&mut self) -> Result<(), Why> {
        let on = self.attached.take().ok_or(Why::NothingAttached)?;
        let known = &self.certificates[on];
        let live = matches!(known.status(), Status::Active | Status::OnHold);
        if live && known.origin != Origin::Imported {
            self.put(on, State::Revoked(Reason::CessationOfOperation));
        }
        Ok(())
    }

    fn import(&mut self, on: usize) -> Result<(), Why> {
        let known = &self.certificates[on];
        let key = self.certificates[self.of_record].key;
        match known.status() {
            _ if known.key != key => Err(Why::DoesNotFit),
            Status::Deleted | Status::Purged => Err(Why::Gone),
            Status::Active => {
                self.in_record = Some(on);
                Ok(())
            }
            _ => Err(Why::DoesNotFit),
        }
    }

    fn sign(&mut self, on: usize) -> Result<usize, Why> {
        let key = self.certificates[on].key;
        if self.is_compromised(key) {
            return Err(Why::Compromised);
        }
        Ok(self.replace(on, State::Active, key, false))
    }
}
