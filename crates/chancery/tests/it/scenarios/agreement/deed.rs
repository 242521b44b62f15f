//! What can be done to a certificate, through which API, and how such sequences are drawn.

use chancery_core::certificate::{Action, Status};
use chancery_core::revocation::Reason;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::select;

/// The APIs that change certificates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Api {
    Native,
    Keystone,
    Forti,
    Layer7,
    AppViewX,
    Sbc,
}

/// Something done to a certificate, or asked to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// One of the core's moves.
    Move(Action),
    /// A standing is set, as Keystone does; what is there already is no error.
    Set(Status),
    /// With the key that is held here (with that of a CSR through FortiAuthenticator).
    Renew { revoke_old: bool },
    /// With a new key; the reason tells what becomes of the old one. At once, or when somebody else approves.
    Regenerate { reason: &'static str, at_once: bool },
    /// The oldest open work order is approved or rejected by a second person, who then tries it again.
    Decide { approve: bool },
    /// Made the user's certificate.
    Attach,
    /// Taken from the user.
    Detach,
    /// Put into the record in the SBC's configuration.
    Import,
    /// The record's request is signed once more.
    Sign,
}

/// A deed through an API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) through: Api,
    pub(super) deed: Deed,
    /// To which certificate, counted in the order of making; beyond the last one it is that.
    pub(super) on: usize,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Step { through, deed, on } = self;
        match (deed, FIRST.get(*on)) {
            (Deed::Decide { .. } | Deed::Detach | Deed::Sign, _) => {
                write!(f, "{through:?}: {deed:?}")
            }
            (_, Some(name)) => write!(f, "{through:?}: {deed:?} on {name}"),
            (_, None) => write!(f, "{through:?}: {deed:?} on number {on} or the newest"),
        }
    }
}

/// Reasons that FortiAuthenticator can be told.
const FORTI_REASONS: [Reason; 7] = [
    Reason::Unspecified,
    Reason::KeyCompromise,
    Reason::CaCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::CertificateHold,
];

/// Reasons of regenerations: the first leaves the old certificate as it is.
const WHY: [&str; 3] = ["moved", "superseded", "key compromise"];

/// The certificates with which a sequence begins.
pub(super) const FIRST: [&str; 7] = [
    "the expired one",
    "the one that expired on hold",
    "the watched one",
    "the imported one",
    "the self-signed one",
    "the record's one",
    "the issued one",
];

/// Which certificates steps are about: those that can still do much are drawn more often than those that have expired.
const ON: [usize; 17] = [6, 5, 4, 3, 2, 7, 8, 9, 10, 11, 6, 5, 4, 3, 6, 0, 1];

/// Sequences of 1 to `longest` steps; they shrink to fewer, and towards the native API and the first certificates.
pub(super) fn sequences(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (deeds(), select(&ON[..]));
    let step = step.prop_map(|((through, deed), on)| Step { through, deed, on });
    vec(step, 1..=longest)
}

/// What leads on is drawn more often than what ends a certificate.
fn deeds() -> impl Strategy<Value = (Api, Deed)> {
    prop_oneof![
        6 => holds(),
        5 => releases(),
        4 => revocations(),
        2 => deletions(),
        1 => purges(),
        5 => renewals(),
        6 => regenerations(),
        4 => (select(vec![Api::Native, Api::AppViewX]), any::<bool>())
            .prop_map(|(through, approve)| (through, Deed::Decide { approve })),
        5 => Just((Api::Layer7, Deed::Attach)),
        3 => Just((Api::Layer7, Deed::Detach)),
        2 => Just((Api::Sbc, Deed::Import)),
        2 => Just((Api::Native, Deed::Sign)),
    ]
}

fn holds() -> impl Strategy<Value = (Api, Deed)> {
    select(vec![
        (Api::Native, Deed::Move(Action::Hold)),
        (Api::Keystone, Deed::Set(Status::OnHold)),
        (
            Api::Forti,
            Deed::Move(Action::Revoke(Reason::CertificateHold)),
        ),
        (Api::AppViewX, Deed::Move(Action::Hold)),
    ])
}

fn releases() -> impl Strategy<Value = (Api, Deed)> {
    select(vec![
        (Api::Native, Deed::Move(Action::Release)),
        (Api::Keystone, Deed::Set(Status::Active)),
        (Api::Forti, Deed::Move(Action::Release)),
        (Api::AppViewX, Deed::Move(Action::Release)),
    ])
}

fn revocations() -> impl Strategy<Value = (Api, Deed)> {
    let revoke = |reason| Deed::Move(Action::Revoke(reason));
    prop_oneof![
        select(&Reason::ALL[..]).prop_map(move |reason| (Api::Native, revoke(reason))),
        Just((
            Api::Keystone,
            Deed::Set(Status::Revoked(Reason::Unspecified))
        )),
        select(&FORTI_REASONS[..]).prop_map(move |reason| (Api::Forti, revoke(reason))),
        select(&Reason::ALL[..]).prop_map(move |reason| (Api::AppViewX, revoke(reason))),
    ]
}

fn deletions() -> impl Strategy<Value = (Api, Deed)> {
    select(vec![
        (Api::Native, Deed::Move(Action::Delete)),
        (Api::Keystone, Deed::Move(Action::Delete)),
        (Api::Keystone, Deed::Set(Status::Deleted)),
        (Api::AppViewX, Deed::Move(Action::Delete)),
    ])
}

fn purges() -> impl Strategy<Value = (Api, Deed)> {
    select(vec![
        (Api::Native, Deed::Move(Action::Purge)),
        (Api::Keystone, Deed::Set(Status::Purged)),
    ])
}

fn renewals() -> impl Strategy<Value = (Api, Deed)> {
    prop_oneof![
        (select(vec![Api::Native, Api::Forti]), any::<bool>())
            .prop_map(|(through, revoke_old)| (through, Deed::Renew { revoke_old })),
        Just((Api::AppViewX, Deed::Renew { revoke_old: false })),
    ]
}

fn regenerations() -> impl Strategy<Value = (Api, Deed)> {
    let through = select(vec![Api::Native, Api::AppViewX]);
    (through, select(&WHY[..]), any::<bool>()).prop_map(|(through, reason, waits)| {
        let at_once = !waits;
        (through, Deed::Regenerate { reason, at_once })
    })
}
