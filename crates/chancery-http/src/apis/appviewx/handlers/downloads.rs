//! Certificates and private keys as files.

use axum::extract::State;
use chancery_app::Error;
use chancery_core::certificate::Certificate;
use chancery_core::role::{Reach, Right};
use chancery_core::x509::pem;
use secrecy::SecretString;

use super::super::answer::{Answer, File};
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Json, Query};
use super::super::map::format::{self, Format, certificates, password};
use super::super::map::record::{common_name, serial};
use super::super::map::{by_id, which};
use super::super::wire::ask::{self, Download, KeyDownload, Named};
use super::super::wire::said::{Content, Key};
use super::find;
use crate::shared::Shared;

/// What a file is to hold.
struct Holding {
    format: Format,
    chain: bool,
    password: Option<String>,
}

/// A certificate in any of the twelve formats, as it is.
pub(crate) async fn in_format(
    State(shared): State<Shared>,
    caller: Caller,
    Json(body): Json,
) -> Result<File, Fault> {
    let asked = Download::read(&body).map_err(Fault::payload)?;
    let which = which(&asked.named)?;
    let word = asked.file.format.as_deref();
    let format = format::format(word.ok_or(Fault::new(Kind::Missing("format")))?)?;
    let holding = holding(format, &asked.file, asked.chain, asked.encrypt_key)?;
    let certificate = find(&shared, &caller, &which).await?;
    let content = content_of(&shared, &caller, &certificate, holding).await?;
    Ok(File(content))
}

/// A certificate as PEM, perhaps with its private key, perhaps with the authorities' certificates above it.
pub(crate) async fn pem(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<File, Fault> {
    let which = which(&named(&query)?)?;
    let with_key = query.flag("keyRequired", false)?;
    let chain = query.flag("isCACertificate", false)?;
    let certificate = find(&shared, &caller, &which).await?;
    let mut text = pem_of(&shared, &certificate, chain)?;
    if with_key {
        text.extend(key_pem(&shared, &caller, &certificate, None).await?);
    }
    Ok(File(text))
}

/// A certificate's text, perhaps with its private key, perhaps with the authorities' certificates above it.
pub(crate) async fn content(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let which = which(&named(&query)?)?;
    let chain = query.flag("isChainRequired", false)?;
    let with_key = query.flag("keyRequired", false)?;
    let certificate = find(&shared, &caller, &which).await?;
    let text = pem_of(&shared, &certificate, chain)?;
    let key = if with_key {
        Some(key_pem(&shared, &caller, &certificate, None).await?)
    } else {
        None
    };
    let content = Content {
        certificate_contents: String::from_utf8(text).map_err(Error::internal)?,
        private_key_content: key
            .map(String::from_utf8)
            .transpose()
            .map_err(Error::internal)?,
        common_name: common_name(&certificate),
        serial_number: serial(&certificate.serial),
        format: "PEM",
        success: true,
    };
    Answer::ok(content, None)
}

/// A private key, encrypted.
pub(crate) async fn private_key(
    State(shared): State<Shared>,
    caller: Caller,
    Json(body): Json,
) -> Result<Answer, Fault> {
    let asked = KeyDownload::read(&body).map_err(Fault::payload)?;
    let resource_id = Some(asked.uuid.ok_or(Fault::new(Kind::Missing("uuId")))?);
    let password = asked
        .password
        .ok_or(Fault::new(Kind::Missing("password")))?;
    let named = Named {
        resource_id,
        ..Named::default()
    };
    let certificate = find(&shared, &caller, &which(&named)?).await?;
    let text = key_pem(&shared, &caller, &certificate, Some(password)).await?;
    let key = Key {
        private_key_pem_encoded: String::from_utf8(text).map_err(Error::internal)?,
        status: "Success",
    };
    Answer::ok(key, None)
}

fn named(query: &Query) -> Result<Named, Fault> {
    Ok(Named {
        resource_id: query.text("resourceId")?,
        common_name: query.text("commonName")?,
        serial_number: query.text("serialNumber")?,
    })
}

/// Checks that such a file can be made, before the certificate is: one with a private key needs a key here, and a right
/// to it.
pub(super) fn check(caller: &Caller, file: &ask::Format, has_key: bool) -> Result<(), Fault> {
    let holding = asked(file)?;
    match holding.format {
        Format::Pkcs8 | Format::Pkcs12 | Format::Jks if !has_key => Err(Fault::new(Kind::NoKey)),
        Format::Pkcs8 | Format::Pkcs12 | Format::Jks
            if caller.0.reach(Right::ExportPrivateKeys) == Reach::Nothing =>
        {
            Err(Fault::new(Kind::KeyRestricted))
        }
        Format::Pkcs8
        | Format::Pkcs12
        | Format::Jks
        | Format::Pem
        | Format::Der
        | Format::Pkcs7Pem
        | Format::Pkcs7Der => Ok(()),
    }
}

/// PEM if no format is named.
fn asked(file: &ask::Format) -> Result<Holding, Fault> {
    let word = file.format.as_deref().unwrap_or("PEM");
    holding(format::format(word)?, file, false, false)
}

/// The file for a client that waited for its certificate.
pub(super) async fn file(
    shared: &Shared,
    caller: &Caller,
    certificate: &Certificate,
    file: &ask::Format,
) -> Result<Vec<u8>, Fault> {
    content_of(shared, caller, certificate, asked(file)?).await
}

/// A password must be given, and be good, for a key store; for a bare key if it is to be encrypted, or if one is given.
fn holding(
    format: Format,
    file: &ask::Format,
    chain: bool,
    encrypt_key: bool,
) -> Result<Holding, Fault> {
    let given = file.password.as_deref();
    let password = match format {
        Format::Pkcs12 | Format::Jks => Some(password(given)?),
        Format::Pkcs8 if encrypt_key || given.is_some() => Some(password(given)?),
        Format::Pkcs8 | Format::Pem | Format::Der | Format::Pkcs7Pem | Format::Pkcs7Der => None,
    };
    Ok(Holding {
        format,
        chain,
        password,
    })
}

async fn content_of(
    shared: &Shared,
    caller: &Caller,
    certificate: &Certificate,
    holding: Holding,
) -> Result<Vec<u8>, Fault> {
    let (app, which) = (&shared.app, by_id(certificate.id));
    let password = holding.password.clone().map(SecretString::from);
    match (holding.format, password) {
        (Format::Pkcs12, Some(password)) => app
            .export_pkcs12(&caller.0, &which, password, None)
            .await
            .map_err(|error| key_refused(&error)),
        (Format::Jks, Some(password)) => app
            .export_jks(&caller.0, &which, password)
            .await
            .map_err(|error| key_refused(&error)),
        (Format::Pkcs8, _) => key_pem(shared, caller, certificate, holding.password).await,
        (format, _) => {
            let chain = if holding.chain {
                app.chain(certificate)
            } else {
                Vec::new()
            };
            certificates(format, certificate, &chain)
        }
    }
}

fn pem_of(shared: &Shared, certificate: &Certificate, chain: bool) -> Result<Vec<u8>, Fault> {
    let chain = if chain {
        shared.app.chain(certificate)
    } else {
        Vec::new()
    };
    certificates(Format::Pem, certificate, &chain)
}

/// A private key as PKCS#8 in PEM, encrypted if there is a password.
async fn key_pem(
    shared: &Shared,
    caller: &Caller,
    certificate: &Certificate,
    password: Option<String>,
) -> Result<Vec<u8>, Fault> {
    let app = &shared.app;
    let which = by_id(certificate.id);
    let text = match password {
        Some(password) => app
            .export_encrypted_key(&caller.0, &which, password.into())
            .await
            .map(|der| pem::encode("ENCRYPTED PRIVATE KEY", &der)),
        None => app
            .export_private_key(&caller.0, &which)
            .await
            .map(|exported| pem::encode("PRIVATE KEY", exported.private_key.pkcs8())),
    };
    text.map(String::into_bytes)
        .map_err(|error| key_refused(&error))
}

/// Private keys are refused in their own words.
fn key_refused(error: &Error) -> Fault {
    Fault::of(error)
        .instead(Kind::ReadGroup, Kind::KeyRestricted)
        .instead(Kind::Unsupported, Kind::NoKey)
}
