//! Held keys: bringing them in as PKCS#12, listing them, and requests that they sign.

use chancery_core::identity::UserId;
use chancery_core::plan;
use chancery_core::role::Role;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::*;
use crate::testing::{Engine, foreign, openssl};
use crate::{Conflict, ImportItem, Imported, ImportedStatus, IssueBy, Pkcs12File};

impl Engine {
    /// Imports a file of the test's directory as `gateway`.
    async fn pkcs12(&self, caller: &Caller, file: &str, password: &str) -> Result<Imported, Error> {
        self.pkcs12_as("gateway", caller, file, password).await
    }

    async fn pkcs12_as(
        &self,
        name: &str,
        caller: &Caller,
        file: &str,
        password: &str,
    ) -> Result<Imported, Error> {
        let file = Pkcs12File {
            data: Zeroizing::new(std::fs::read(self.directory.path().join(file)).unwrap()),
            password: SecretString::from(password),
            name: Some(name.to_owned()),
            owner: None,
        };
        self.app.import_pkcs12(caller, file).await
    }

    /// A new key and certificate as `NAME.p12`, with the password `secret`.
    fn export(&self, name: &str) -> Vec<u8> {
        let folder = self.directory.path();
        let der = foreign(folder, name);
        openssl(
            folder,
            &format!(
                "pkcs12 -export -in {name}.pem -inkey {name}.key -out {name}.p12 -passout pass:secret"
            ),
        );
        der
    }

    async fn names(&self, caller: &Caller, names: &[&str], limit: usize) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let held = self.app.held_keys(caller, &names, limit).await.unwrap();
        held.into_iter().map(|one| one.name).collect()
    }
}

#[tokio::test]
async fn a_pkcs12_file_comes_in_with_its_key() {
    let engine = Engine::start().await;
    let der = engine.export("gw");
    let imported = engine
        .pkcs12(&engine.admin, "gw.p12", "secret")
        .await
        .unwrap();
    let certificate = imported.certificate;
    assert_eq!(certificate.der.as_deref(), Some(der.as_slice()));
    assert_eq!(
        (certificate.name.as_str(), certificate.has_private_key),
        ("gateway", true)
    );
    assert!(!imported.known);
    let key = engine
        .app
        .export_private_key(&engine.admin, &CertificateRef::Id(certificate.id))
        .await
        .unwrap()
        .private_key;
    let folder = engine.directory.path();
    std::fs::write(folder.join("kept.der"), key.pkcs8()).unwrap();
    assert_eq!(
        openssl(folder, "pkey -in kept.der -inform DER -pubout"),
        openssl(folder, "pkey -in gw.key -pubout")
    );

    let again = engine
        .pkcs12(&engine.admin, "gw.p12", "secret")
        .await
        .unwrap();
    assert_eq!((again.known, again.certificate.id), (true, certificate.id));
    engine.export("other");
    assert!(matches!(
        engine.pkcs12(&engine.admin, "other.p12", "secret").await,
        Err(Error::Conflict(Conflict::CertificateName))
    ));
    for (file, password) in [("gw.p12", "wrong"), ("gw.p12", ""), ("gw.pem", "secret")] {
        let outcome = engine.pkcs12(&engine.admin, file, password).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{outcome:?}");
    }
    let auditor = engine.user("auditor", "default", Role::Auditor).await;
    assert!(matches!(
        engine.pkcs12(&auditor, "gw.p12", "secret").await,
        Err(Error::Forbidden(_))
    ));
}

/// A certificate that was here first without its key: a second import under its name brings the key, and a third changes
/// nothing.
#[tokio::test]
async fn a_key_may_come_later_than_its_certificate() {
    let engine = Engine::start().await;
    let der = engine.export("gw");
    let owner = &engine.admin.user.id;
    let (_, first) = engine
        .app
        .attach_certificate(&engine.admin, owner, der)
        .await
        .unwrap();
    assert!(!first.has_private_key);
    assert!(
        engine
            .names(&engine.admin, &[&first.name], 9)
            .await
            .is_empty()
    );
    let elsewhere = engine.pkcs12(&engine.admin, "gw.p12", "secret").await;
    assert!(matches!(elsewhere, Err(Error::Invalid(_))), "{elsewhere:?}");
    assert!(!engine.now(&first).await.has_private_key);
    for _ in 0..2 {
        let imported = engine
            .pkcs12_as(&first.name, &engine.admin, "gw.p12", "secret")
            .await
            .unwrap();
        assert!(imported.known && imported.certificate.has_private_key);
        assert_eq!(engine.now(&first).await, imported.certificate);
        assert_eq!(
            engine.names(&engine.admin, &[&first.name], 9).await,
            std::slice::from_ref(&first.name)
        );
    }
}

#[tokio::test]
async fn a_late_key_that_comes_twice_is_kept_once() {
    let engine = Engine::start().await;
    let der = foreign(engine.directory.path(), "gw");
    let folder = engine.directory.path();
    openssl(
        folder,
        "pkcs8 -topk8 -nocrypt -in gw.key -outform DER -out key.der",
    );
    let item = |private_key| ImportItem {
        der: der.clone(),
        owner: None,
        status: ImportedStatus::Active,
        private_key,
        name: None,
    };
    let import = async |items| engine.app.import(&engine.admin, items).await.unwrap();
    let without = import(vec![item(None)]).await.remove(0).certificate;
    assert!(!without.has_private_key);
    let key = || {
        Some(Zeroizing::new(
            std::fs::read(folder.join("key.der")).unwrap(),
        ))
    };
    for one in import(vec![item(key()), item(key())]).await {
        assert!(one.known && one.certificate.has_private_key);
        assert_eq!(one.certificate, engine.now(&without).await);
    }
}

#[tokio::test]
async fn held_keys_are_listed_by_name_as_far_as_the_caller_reads() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d1", Role::SelfService).await;
    let chief = engine.user("chief", "d1", Role::DomainAdministrator).await;
    let nobody = engine
        .user("stranger", "d2", Role::DomainAdministrator)
        .await;
    let mut names = Vec::new();
    for owner in [&joe.user.id, &ann.user.id, &joe.user.id] {
        names.push(engine.issued(owner, IssueBy::Default).await.name);
    }
    let gone = engine.issued(&joe.user.id, IssueBy::Default).await;
    engine
        .app
        .delete(&engine.admin, &CertificateRef::Id(gone.id))
        .await
        .unwrap();
    let (mine, hers) = ([names[0].clone(), names[2].clone()], names[1].clone());
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    for everything in [&engine.admin, &chief] {
        assert_eq!(engine.names(everything, &[], 99).await, sorted(&names));
    }
    assert_eq!(engine.names(&joe, &[], 99).await, sorted(&mine));
    assert_eq!(
        engine.names(&joe, &[&hers, &mine[0], "x"], 99).await,
        mine[..1]
    );
    assert_eq!(
        engine.names(&engine.admin, &[], 2).await,
        sorted(&names)[..2]
    );
    assert!(engine.names(&nobody, &[], 99).await.is_empty());
}

#[tokio::test]
async fn a_held_key_signs_a_request_that_openssl_verifies() {
    let engine = Engine::start().await;
    let certificate = engine.issued(&engine.admin.user.id, IssueBy::Default).await;
    let which = CertificateRef::Id(certificate.id);
    let folder = engine.directory.path();
    let request = async |wish: HeldKeyRequest| {
        engine
            .app
            .request_with_held_key(&engine.admin, &which, wish)
            .await
    };
    for (wish, subject, names) in [
        (HeldKeyRequest::default(), "CN = joe", ""),
        (
            HeldKeyRequest {
                subject: Some(Name::parse("CN=gw,O=Example").unwrap()),
                names: Some(vec![GeneralName::parse("dns:gw.example").unwrap()]),
            },
            "O = Example, CN = gw",
            "DNS:gw.example",
        ),
    ] {
        std::fs::write(folder.join("csr"), request(wish).await.unwrap()).unwrap();
        let text = openssl(folder, "req -inform DER -in csr -noout -verify -text");
        assert!(text.contains("verify OK"), "{text}");
        assert!(text.contains(&format!("Subject: {subject}\n")), "{text}");
        assert!(text.contains(names), "{text}");
    }
    let unfit = HeldKeyRequest {
        subject: Some(Name::parse("C=USA").unwrap()),
        names: None,
    };
    assert!(matches!(
        request(unfit).await,
        Err(Error::Policy(plan::Refusal::Subject(_)))
    ));
    engine.app.delete(&engine.admin, &which).await.unwrap();
    assert!(matches!(
        request(HeldKeyRequest::default()).await,
        Err(Error::Refused(Refusal::Deleted))
    ));
}

#[tokio::test]
async fn requests_need_the_key_and_the_right() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d1", Role::SelfService).await;
    let held = engine.issued(&joe.user.id, IssueBy::Default).await;
    let der = foreign(engine.directory.path(), "elsewhere");
    let id: &UserId = &joe.user.id;
    let (_, without) = engine.app.attach_certificate(&joe, id, der).await.unwrap();
    let request = async |caller: &Caller, one: &Certificate| {
        let which = CertificateRef::Id(one.id);
        let wish = HeldKeyRequest::default();
        engine.app.request_with_held_key(caller, &which, wish).await
    };
    assert!(request(&joe, &held).await.is_ok());
    assert!(matches!(
        request(&joe, &without).await,
        Err(Error::NoPrivateKey)
    ));
    assert!(matches!(
        request(&ann, &held).await,
        Err(Error::Forbidden(_))
    ));
}

/// Files and keys that are brought in need not be encrypted: neither is ever printed with what carries it.
#[test]
fn what_is_brought_in_is_not_printed() {
    let secret = Zeroizing::new(vec![211; 3]);
    let file = Pkcs12File {
        data: secret.clone(),
        password: SecretString::from("secret"),
        name: None,
        owner: None,
    };
    let item = ImportItem {
        der: Vec::new(),
        owner: None,
        status: ImportedStatus::Active,
        private_key: Some(secret),
        name: None,
    };
    for printed in [format!("{file:?}"), format!("{item:?}")] {
        assert!(
            !printed.contains("211") && !printed.contains("secret"),
            "{printed}"
        );
    }
}
