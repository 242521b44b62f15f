//! Tokens: log-in, validation, refreshing and revoking.

use axum::extract::State;
use chancery_app::{Error, TokenStyle};
use secrecy::ExposeSecret;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{BaseUrl, Caller, Query, Segment, Spoken, Stranger};
use super::super::map::access::{access, belongs, catalog, shown};
use super::super::wire::Document;
use super::super::wire::access::{Access, AskedAccess};
use super::tenants::wanted_tenant;
use crate::shared::Shared;

/// `HPAuth_` and 24 digits, good for twelve hours.
const STYLE: TokenStyle = TokenStyle {
    prefix: "HPAuth_",
    octets: 12,
    life: 12 * 3600,
};

/// Authenticate, or scope a token anew.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Stranger(via): Stranger,
    BaseUrl(url): BaseUrl,
    Spoken(asked): Spoken<AskedAccess>,
) -> Result<Answer, Fault> {
    let (credential, scope) = shown(asked)?;
    let who = shared.app.authenticate(credential, via).await?;
    let tenant = wanted_tenant(&shared.app, &who, scope).await?;
    let token = shared
        .app
        .new_token(&who, STYLE, tenant.as_ref().map(|domain| domain.id.clone()))
        .await?;
    let access = access(
        token.text.expose_secret(),
        token.expires,
        tenant.as_ref(),
        who.user(),
    );
    Ok(with_catalog(access, &shared, &url))
}

/// Validate a token: one's own, or any for an administrator.
pub(crate) async fn validate(
    State(shared): State<Shared>,
    caller: Caller,
    Segment(token): Segment,
    query: Query,
) -> Result<Answer, Fault> {
    inspect(&shared, &caller, token, &query)
        .await
        .map(|access| Answer::ok(Document::Access(access)))
}

/// Quick validation: as [`validate`], answered without a body.
pub(crate) async fn check(
    State(shared): State<Shared>,
    caller: Caller,
    Segment(token): Segment,
    query: Query,
) -> Result<Answer, Fault> {
    inspect(&shared, &caller, token, &query)
        .await
        .map(|_| Answer::nothing())
}

/// Refresh a token: a new one for another twelve hours, scoped as the old one, which stays good until its own end. The
/// token must be the one that the caller shows.
pub(crate) async fn refresh(
    State(shared): State<Shared>,
    caller: Caller,
    Segment(old): Segment,
    BaseUrl(url): BaseUrl,
) -> Result<Answer, Fault> {
    if old != caller.token {
        return Err(Fault::new(
            Kind::Unauthorized,
            "only the token in X-Auth-Token can be refreshed",
        ));
    }
    let (_, _, scope) = shared.app.inspect_token(&caller.who, &old.into()).await?;
    let token = shared.app.refresh_token(&caller.who, STYLE, scope).await?;
    let tenant = match &token.scope {
        Some(domain) => Some(shared.app.domain(&caller.who, domain).await?),
        None => None,
    };
    let access = access(
        token.text.expose_secret(),
        token.expires,
        tenant.as_ref(),
        caller.who.user(),
    );
    Ok(with_catalog(access, &shared, &url))
}

/// Revoke a token: one's own, or any for an administrator.
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    caller: Caller,
    Segment(token): Segment,
) -> Result<Answer, Fault> {
    shared.app.revoke_token(&caller.who, &token.into()).await?;
    Ok(Answer::nothing())
}

async fn inspect(
    shared: &Shared,
    caller: &Caller,
    token: String,
    query: &Query,
) -> Result<Access, Fault> {
    let (user, expires, scope) = shared
        .app
        .inspect_token(&caller.who, &token.clone().into())
        .await?;
    if user.disabled {
        return Err(Error::UserDisabled.into());
    }
    belongs(query.value("belongsTo")?, scope.as_ref())?;
    let tenant = match &scope {
        Some(domain) => Some(shared.app.domain(&caller.who, domain).await?),
        None => None,
    };
    Ok(access(&token, expires, tenant.as_ref(), &user))
}

fn with_catalog(mut access: Access, shared: &Shared, url: &str) -> Answer {
    access.service_catalog = Some(catalog(url, &shared.config.keystone.region));
    Answer::ok(Document::Access(access))
}
