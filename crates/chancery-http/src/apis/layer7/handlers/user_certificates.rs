//! The certificate of a user: what the source document is about.

use axum::extract::State;
use axum::http::StatusCode;
use chancery_app::Error;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Place, Sent};
use super::super::map::user;
use super::super::wire::certificate::AskedCertificate;
use crate::shared::Shared;

/// The attached certificate.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    check_provider(&shared, &caller, &place).await?;
    let (owner, attached) = shared
        .app
        .attached_certificate(&caller.0, &place.user()?)
        .await?;
    let attached = attached.ok_or(Error::NotFound("certificate"))?;
    let der = attached.der.as_ref().ok_or(Error::NoCertificate)?;
    let item = user::certificate_item(&owner, der, place.provider.as_deref());
    Ok(Answer::item(item))
}

/// Attach a certificate to a user that has none.
pub(crate) async fn attach(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedCertificate>,
) -> Result<Answer, Fault> {
    check_provider(&shared, &caller, &place).await?;
    let (owner, attached) = shared
        .app
        .attach_certificate(&caller.0, &place.user()?, asked.der)
        .await?;
    let der = attached.der.as_ref().ok_or(Error::NoCertificate)?;
    let item = user::certificate_item(&owner, der, place.provider.as_deref());
    Ok(Answer::item(item))
}

/// Detach the certificate, and revoke it if it is ours to revoke. The answer is blank, with the status 200.
pub(crate) async fn detach(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    check_provider(&shared, &caller, &place).await?;
    shared
        .app
        .detach_certificate(&caller.0, &place.user()?)
        .await?;
    Ok(Answer::blank(StatusCode::OK))
}

/// Is the user one of the provider that the path goes through?
async fn check_provider(shared: &Shared, caller: &Caller, place: &Place) -> Result<(), Fault> {
    let Some(provider) = place.provider.as_deref() else {
        return Ok(());
    };
    let (app, user) = (&shared.app, place.user()?);
    app.provided_user(&caller.0, &user, Some(provider)).await?;
    Ok(())
}
