//! Records and the configuration: the lock and what happens to edits without it, requests and what comes back for them.

use std::path::Path;

use chancery_core::certificate::{Certificate, Refusal};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, attribute};
use chancery_core::plan;
use chancery_core::record::{Digest, RecordRequest};
use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::san::GeneralName;
use chancery_core::x509::{KeyUsage, eku, pem};
use secrecy::SecretString;

use super::*;
use crate::search::CertificateRef;
use crate::testing::{Engine, foreign, kind, openssl};
use crate::{Conflict, TokenStyle};

const STYLE: TokenStyle = TokenStyle {
    prefix: "",
    octets: 32,
    life: 600,
};

/// What a record's attributes come to in these tests: its common name, key and alternative names, all else as the
/// document's sample has it.
fn read(element: &Element) -> Result<RecordRequest, Error> {
    let value = |name: &str| {
        let found = element.attributes.iter().find(|(own, _)| own == name);
        found.and_then(|(_, values)| values.first()).cloned()
    };
    let common_name = value("common-name").ok_or(Error::Invalid("no common name".to_owned()))?;
    let subject = Name::build()
        .push(attribute::COUNTRY, "US")
        .push(attribute::STATE_OR_PROVINCE, "MA")
        .push(attribute::LOCALITY, "Burlington")
        .push(attribute::ORGANIZATION, "Engineering")
        .push(attribute::ORGANIZATIONAL_UNIT, "Lab")
        .push(attribute::COMMON_NAME, &common_name);
    Ok(RecordRequest {
        subject: subject.finish_printable().unwrap(),
        names: value("alternate-name")
            .iter()
            .map(|name| GeneralName::parse(name).unwrap())
            .collect(),
        key: match value("key").as_deref() {
            Some("rsa-1024") => KeyAlgorithm::Rsa(1024),
            Some(word) => KeyAlgorithm::parse(word).unwrap(),
            None => KeyAlgorithm::P256,
        },
        digest: Digest::Sha256,
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
        extended_key_usage: vec![eku::SERVER_AUTH],
    })
}

fn element(kind: &str, key: &str, attributes: &[(&str, &[&str])]) -> Element {
    Element {
        kind: kind.to_owned(),
        key: key.to_owned(),
        attributes: attributes
            .iter()
            .map(|(name, values)| {
                let values = values.iter().map(|value| (*value).to_owned());
                ((*name).to_owned(), values.collect())
            })
            .collect(),
    }
}

fn record(name: &str) -> Element {
    element(
        CERTIFICATE_RECORD,
        name,
        &[("common-name", &["sbc.example.com"])],
    )
}

/// An administrator's client with a token, at work on the configuration.
struct Client<'a> {
    engine: &'a Engine,
    token: SecretString,
}

impl Engine {
    async fn client(&self) -> Client<'_> {
        let token = self.app.new_token(&self.admin, STYLE, None).await.unwrap();
        Client {
            engine: self,
            token: token.text,
        }
    }

    /// A client that holds the lock.
    async fn editor(&self) -> Client<'_> {
        let client = self.client().await;
        client.lock().await.unwrap();
        client
    }

    async fn element_keys(&self, configuration: Configuration, kind: &str) -> String {
        let found = self
            .app
            .elements(&self.admin, configuration, kind, None, 0, 100)
            .await
            .unwrap();
        let keys: Vec<String> = found.into_iter().map(|element| element.key).collect();
        keys.join(" ")
    }

    /// What is edited, and what runs.
    async fn record_names(&self) -> (String, String) {
        (
            self.element_keys(Configuration::Edited, CERTIFICATE_RECORD)
                .await,
            self.element_keys(Configuration::Running, CERTIFICATE_RECORD)
                .await,
        )
    }

    async fn shown(&self, name: &str) -> Record {
        let found = self.app.certificate_record(&self.admin, name).await;
        found.unwrap()
    }

    async fn signed(&self, record: &str) -> Certificate {
        let signing = RecordSigning {
            days: Some(30),
            ..RecordSigning::default()
        };
        let issued = self.app.sign_record_request(&self.admin, record, signing);
        let issued = issued.await.unwrap();
        assert!(issued.private_key.is_none() && !issued.certificate.has_private_key);
        issued.certificate
    }
}

impl Client<'_> {
    async fn lock(&self) -> Result<(), Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.lock_configuration(admin, &self.token).await
    }

    async fn unlock(&self) -> Result<(), Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.unlock_configuration(admin, &self.token).await
    }

    async fn add(&self, element: Element) -> Result<Element, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.add_element(admin, &self.token, element).await
    }

    async fn put(&self, element: Element) -> Result<Element, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.put_element(admin, &self.token, element).await
    }

    async fn remove(&self, kind: &str, key: &str) -> Result<(), Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.remove_element(admin, &self.token, kind, key).await
    }

    async fn save(&self) -> Result<Operation, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.save_configuration(admin, &self.token).await
    }

    async fn activate(&self) -> Result<Operation, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.activate_configuration(admin, &self.token).await
    }

    async fn restore(&self, source: RestoreSource) -> Result<Operation, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.restore_configuration(admin, &self.token, source).await
    }

    async fn verify(&self, references: &[Reference]) -> Vec<String> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        let done = app
            .verify_configuration(admin, &self.token, references)
            .await;
        done.unwrap().findings
    }

    async fn generate(&self, name: &str, regenerate: bool) -> Result<String, Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        app.generate_record_request(admin, &self.token, name, regenerate, read)
            .await
    }

    /// Adds a record and has a request made for it.
    async fn requested(&self, name: &str) {
        self.add(record(name)).await.unwrap();
        self.generate(name, false).await.unwrap();
    }

    async fn import(&self, name: &str, ders: &[&[u8]], overwrite: bool) -> Result<(), Error> {
        let (app, admin) = (&self.engine.app, &self.engine.admin);
        let ders = ders.iter().map(|der| der.to_vec()).collect();
        app.import_into_record(admin, &self.token, name, ders, overwrite)
            .await
    }
}

mod at_once;
mod holding;
mod requests;
