//! Private keys, as far as certificates need them.

use axum::extract::State;
use chancery_app::{AuthorityView, CertificateRef, Error, Pkcs12File};
use chancery_core::certificate::Certificate;
use chancery_core::x509::pem;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Place, Query, Raw, Sent};
use super::super::map::{key, listing, template};
use super::super::wire::key::{AskedExport, AskedImport};
use super::super::wire::{Item, List};
use crate::kit::media;
use crate::shared::Shared;

/// Most keys of a list.
const MOST: usize = 10_000;

/// A key that is here.
enum Key {
    Held(Box<Certificate>),
    Authority(Box<AuthorityView>),
}

/// The keys, by alias.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let (aliases, descending) = listing::keys(&query)?;
    let authorities = issuing(&shared, &caller).await?;
    let wanted = |name: &String| aliases.is_empty() || aliases.contains(name);
    let mut items: Vec<Item> = authorities
        .iter()
        .filter(|view| wanted(&view.authority.name))
        .map(key::authority)
        .collect();
    let held = shared.app.held_keys(&caller.0, &aliases, MOST).await?;
    let hidden = |name: &str| authorities.iter().any(|view| view.authority.name == name);
    let held = held.iter().filter(|one| !hidden(&one.name));
    items.extend(held.map(|one| key::held(one, shared.app.chain(one))));
    items.sort_by(|a, b| a.name.cmp(&b.name));
    if descending {
        items.reverse();
    }
    Ok(Answer::list(List {
        kind: "SSG_KEY_ENTRY",
        path: "privateKeys".to_owned(),
        items,
    }))
}

/// One key.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let item = match found(&shared, &caller, &place).await? {
        Key::Held(certificate) => key::held(&certificate, shared.app.chain(&certificate)),
        Key::Authority(view) => key::authority(&view),
    };
    Ok(Answer::item(item))
}

/// A certification request made with a key, as PEM.
pub(crate) async fn generate_csr(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    query: Query,
) -> Result<Answer, Fault> {
    let certificate = held(&shared, &caller, &place).await?;
    let wish = key::request(&query, &certificate)?;
    let which = CertificateRef::Id(certificate.id);
    let request = shared
        .app
        .request_with_held_key(&caller.0, &which, wish)
        .await?;
    let text = pem::encode("CERTIFICATE REQUEST", &request);
    Ok(Answer::text(media::PEM, text))
}

/// A certificate for somebody's request, signed by an authority, as PEM.
pub(crate) async fn sign_certificate(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    query: Query,
    Raw(body): Raw,
) -> Result<Answer, Fault> {
    let Key::Authority(view) = found(&shared, &caller, &place).await? else {
        return Err(Fault::bad("only an authority's key signs certificates"));
    };
    let request = key::signing(&query, &view, &body)?;
    let issued = shared.app.issue(&caller.0, request).await?;
    let der = issued.certificate.der.ok_or(Error::NoCertificate)?;
    Ok(Answer::text(media::PEM, pem::encode("CERTIFICATE", &der)))
}

/// A key with its certificates as PKCS#12.
pub(crate) async fn export(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedExport>,
) -> Result<Answer, Fault> {
    let certificate = held(&shared, &caller, &place).await?;
    let which = CertificateRef::Id(certificate.id);
    let file = shared
        .app
        .export_pkcs12(&caller.0, &which, asked.password, None)
        .await?;
    Ok(Answer::item(key::exported(&certificate.name, &file)))
}

/// Take in a key with its certificate.
pub(crate) async fn import(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedImport>,
) -> Result<Answer, Fault> {
    let alias = alias(&place)?;
    let authorities = issuing(&shared, &caller).await?;
    if authorities.iter().any(|view| view.authority.name == alias) {
        return Err(Fault::new(
            Kind::Conflict,
            "an authority's key has that alias: take another",
        ));
    }
    let file = Pkcs12File {
        data: asked.data,
        password: asked.password,
        name: Some(alias.to_owned()),
        owner: None,
    };
    let imported = shared.app.import_pkcs12(&caller.0, file).await?;
    let certificate = &imported.certificate;
    let item = key::held(certificate, shared.app.chain(certificate));
    Ok(Answer::put(item, !imported.known))
}

/// How a key is taken in.
pub(crate) async fn import_template(_caller: Caller) -> Answer {
    Answer::item(template::import())
}

/// How a key is taken out.
pub(crate) async fn export_template(_caller: Caller) -> Answer {
    Answer::item(template::export())
}

fn alias(place: &Place) -> Result<&str, Fault> {
    key::alias(place.id()).ok_or_else(|| Error::NotFound("private key").into())
}

/// The key that the path names.
async fn found(shared: &Shared, caller: &Caller, place: &Place) -> Result<Key, Fault> {
    let alias = alias(place)?;
    let mut authorities = issuing(shared, caller).await?.into_iter();
    if let Some(view) = authorities.find(|view| view.authority.name == alias) {
        return Ok(Key::Authority(Box::new(view)));
    }
    let held = shared
        .app
        .held_keys(&caller.0, &[alias.to_owned()], 1)
        .await?;
    let certificate = held.into_iter().next();
    let certificate = certificate.ok_or(Error::NotFound("private key"))?;
    Ok(Key::Held(Box::new(certificate)))
}

/// The certificate of a key that is no authority's.
async fn held(shared: &Shared, caller: &Caller, place: &Place) -> Result<Certificate, Fault> {
    match found(shared, caller, place).await? {
        Key::Held(certificate) => Ok(*certificate),
        Key::Authority(_) => Err(Fault::new(
            Kind::Forbidden,
            "an authority's key signs certificates, and does nothing else",
        )),
    }
}

/// The authorities that sign certificates of others than authorities.
async fn issuing(shared: &Shared, caller: &Caller) -> Result<Vec<AuthorityView>, Fault> {
    let mut all = shared.app.authorities(&caller.0).await?;
    all.retain(|view| !view.authority.may_sign_authorities());
    Ok(all)
}
