//! How identity providers and trusted certificates are changed, beside what [`super::Store`] says of them.

use crate::identity_providers::IdentityProvider;
use crate::trusted_certificates::TrustedCertificate;

/// A part of a commit that is about an identity provider or a trusted certificate.
#[derive(Debug)]
pub(crate) enum TrustStep {
    /// Stores an identity provider in the place of the version before, or at version 0 as a new one together with its
    /// domain. Fails with [`super::StoreError::Stale`] if another version is stored, or any before version 0.
    PutProvider(IdentityProvider),
    /// Removes an identity provider with its domain; fails as [`super::Step::RemoveDomain`] does.
    RemoveProvider(String),
    /// Stores a trusted certificate in the place of the version before, or at version 0 as a new one. Fails as
    /// [`TrustStep::PutProvider`] does.
    PutCertificate(TrustedCertificate),
    /// Removes a trusted certificate; fails with [`super::Conflict::TrustedCertificateInUse`] while a provider refers to it.
    RemoveCertificate(String),
}
