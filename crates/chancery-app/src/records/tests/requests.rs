//! A record's key, its request and its certificate.

use super::*;

/// Writes a request to `csr` in the test's directory, and gives what `openssl` reads in it.
fn openssl_reads(engine: &Engine, request: &str) -> String {
    let folder = engine.directory.path();
    std::fs::write(folder.join("csr"), request).unwrap();
    let text = openssl(
        folder,
        "req -in csr -noout -verify -text -nameopt oneline,show_type",
    );
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn public_key(folder: &Path, request: &str) -> String {
    std::fs::write(folder.join("csr"), request).unwrap();
    openssl(folder, "req -in csr -noout -pubkey")
}

#[tokio::test]
async fn a_request_says_what_the_record_says() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    let attributes: &[(&str, &[&str])] = &[
        ("common-name", &["sbc.example.com"]),
        ("key", &["rsa-2048"]),
        ("alternate-name", &["ip:192.0.2.7"]),
    ];
    one.add(element(CERTIFICATE_RECORD, "sbc", attributes))
        .await
        .unwrap();
    let request = one.generate("sbc", false).await.unwrap();
    assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    assert!(request.ends_with("-----END CERTIFICATE REQUEST-----\n"));
    let text = openssl_reads(&engine, &request);
    for line in [
        "verify OK",
        "Subject: C = PRINTABLESTRING:US, ST = PRINTABLESTRING:MA, L = PRINTABLESTRING:Burlington, \
         O = PRINTABLESTRING:Engineering, OU = PRINTABLESTRING:Lab, CN = PRINTABLESTRING:sbc.example.com Subject Public Key Info",
        "Public-Key: (2048 bit)",
        "Requested Extensions: X509v3 Key Usage: Digital Signature, Key Encipherment \
         X509v3 Extended Key Usage: TLS Web Server Authentication \
         X509v3 Subject Alternative Name: IP Address:192.0.2.7 Signature Algorithm: sha256WithRSAEncryption",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let shown = engine.shown("sbc").await;
    assert_eq!(shown.key, Some(KeyAlgorithm::Rsa(2048)));
    assert_eq!(
        shown.csr,
        Some(pem::request_der(request.as_bytes()).unwrap())
    );
}

#[tokio::test]
async fn the_key_is_kept_until_a_new_one_is_asked_for() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    let first = one.generate("sbc", false).await.unwrap();
    assert_eq!(
        one.generate("sbc", false).await.unwrap(),
        first,
        "the same request"
    );
    let key = public_key(folder, &first);

    let renamed = element(
        CERTIFICATE_RECORD,
        "sbc",
        &[("common-name", &["new.example.com"])],
    );
    one.put(renamed).await.unwrap();
    let second = one.generate("sbc", false).await.unwrap();
    assert_eq!(public_key(folder, &second), key, "the same key");
    assert!(openssl_reads(&engine, &second).contains("new.example.com"));

    let third = one.generate("sbc", true).await.unwrap();
    assert_ne!(public_key(folder, &third), key, "a new key");

    let larger = element(CERTIFICATE_RECORD, "sbc", &[("key", &["ec-p384"])]);
    one.put(larger).await.unwrap();
    let fourth = one.generate("sbc", false).await.unwrap();
    assert!(
        openssl_reads(&engine, &fourth).contains("384 bit"),
        "of the kind asked for"
    );
}

#[tokio::test]
async fn what_cannot_be_asked_for_leaves_the_record_as_it_was() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    let first = one.generate("sbc", false).await.unwrap();
    let absent = one.generate("absent", false).await;
    assert!(matches!(absent, Err(Error::NotFound("certificate record"))));
    let weak = element(CERTIFICATE_RECORD, "sbc", &[("key", &["rsa-1024"])]);
    one.put(weak).await.unwrap();
    let refused = one.generate("sbc", false).await;
    let want = plan::Refusal::KeyNotAllowed(KeyAlgorithm::Rsa(1024));
    assert!(matches!(refused, Err(Error::Policy(refusal)) if refusal == want));
    one.add(element(CERTIFICATE_RECORD, "unnamed", &[]))
        .await
        .unwrap();
    assert_eq!(kind(one.generate("unnamed", false).await), "Invalid");
    let too_long = "x".repeat(65);
    let long = element(CERTIFICATE_RECORD, "long", &[("common-name", &[&too_long])]);
    one.add(long).await.unwrap();
    assert_eq!(kind(one.generate("long", false).await), "Policy");
    let other = element("tls-profile", "sbc2", &[("common-name", &["x"])]);
    one.add(other).await.unwrap();
    assert_eq!(kind(one.generate("sbc2", false).await), "NotFound");
    let csr = pem::request_der(first.as_bytes()).unwrap();
    assert_eq!(engine.shown("sbc").await.csr, Some(csr));
    assert_eq!(engine.shown("long").await.csr, None);
}

/// Generate, sign, import, save, activate: the loop closes without leaving the engine.
#[tokio::test]
async fn what_an_authority_here_signed_comes_back_into_the_record() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    let unasked = engine
        .app
        .sign_record_request(&engine.admin, "sbc", RecordSigning::default())
        .await;
    assert_eq!(kind(unasked), "NotFound");
    one.generate("sbc", false).await.unwrap();
    let certificate = engine.signed("sbc").await;
    assert!(
        engine.shown("sbc").await.certificate.is_none(),
        "signing imports nothing"
    );
    let der = certificate.der.clone().unwrap();
    let chain = engine.app.chain(&certificate);
    let several: Vec<&[u8]> = chain
        .iter()
        .map(Vec::as_slice)
        .chain([der.as_slice()])
        .collect();
    one.import("sbc", &several, false).await.unwrap();
    let shown = engine.shown("sbc").await;
    assert_eq!(
        (shown.certificate, shown.der),
        (Some(certificate.id), Some(der))
    );
    one.save().await.unwrap();
    one.activate().await.unwrap();
    one.unlock().await.unwrap();
    assert!(engine.shown("sbc").await.running);

    // The key is the record's, and goes out with no certificate.
    let which = CertificateRef::Id(certificate.id);
    let export = engine.app.export_private_key(&engine.admin, &which).await;
    assert_eq!(kind(export), "NoPrivateKey");
    // What is deleted through whatever API is in the record no longer.
    engine.app.delete(&engine.admin, &which).await.unwrap();
    let shown = engine.shown("sbc").await;
    assert_eq!((shown.certificate, shown.der), (None, None));
    assert!(shown.csr.is_some());
}

#[tokio::test]
async fn what_another_authority_signed_enters_the_registry() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    let request = one.generate("sbc", false).await.unwrap();
    foreign(folder, "elsewhere");
    std::fs::write(folder.join("csr"), request).unwrap();
    openssl(
        folder,
        "x509 -req -in csr -CA elsewhere.pem -CAkey elsewhere.key -days 20000 -outform DER -out leaf.der",
    );
    let leaf = std::fs::read(folder.join("leaf.der")).unwrap();
    one.import("sbc", &[&leaf], false).await.unwrap();
    let id = engine.shown("sbc").await.certificate.unwrap();
    let found = engine.app.find(&CertificateRef::Id(id)).await.unwrap();
    assert_eq!(
        (found.der, found.has_private_key),
        (Some(leaf.clone()), false)
    );
    assert_eq!(found.owner, engine.admin.user.id);
    one.import("sbc", &[&leaf], true).await.unwrap();
    assert_eq!(engine.shown("sbc").await.certificate, Some(id));
}

#[tokio::test]
async fn what_does_not_fit_leaves_the_record_as_it_was() {
    let engine = Engine::start().await;
    let folder = engine.directory.path();
    let one = engine.editor().await;
    one.requested("sbc").await;
    let certificate = engine.signed("sbc").await;
    let der = certificate.der.clone().unwrap();
    let other = foreign(folder, "other");
    let before = engine.shown("sbc").await;
    let cut = &der[..der.len() - 1];
    let bad: [&[&[u8]]; 5] = [&[&other], &[], &[cut], &[&der, b"x"], &[&other, &other]];
    for ders in bad {
        assert_eq!(kind(one.import("sbc", ders, true).await), "Invalid");
        assert_eq!(engine.shown("sbc").await, before);
    }
    let absent = one.import("absent", &[&der], false).await;
    assert!(matches!(absent, Err(Error::NotFound("certificate record"))));

    one.import("sbc", &[&der], false).await.unwrap();
    let held = engine.shown("sbc").await;
    let newer = engine.signed("sbc").await;
    let newer_der = newer.der.clone().unwrap();
    for again in [&der, &newer_der] {
        let refused = one.import("sbc", &[again], false).await;
        let conflict = Conflict::RecordHasCertificate;
        assert!(matches!(refused, Err(Error::Conflict(it)) if it == conflict));
        assert_eq!(engine.shown("sbc").await, held);
    }
    one.import("sbc", &[&newer_der], true).await.unwrap();
    assert_eq!(engine.shown("sbc").await.certificate, Some(newer.id));

    let which = CertificateRef::Id(certificate.id);
    let superseded = Reason::Superseded;
    let revoke = engine.app.revoke(&engine.admin, &which, superseded).await;
    revoke.unwrap();
    let refused = one.import("sbc", &[&der], true).await;
    let want = Refusal::Revoked(superseded);
    assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal == want));
    engine.app.delete(&engine.admin, &which).await.unwrap();
    let deleted = one.import("sbc", &[&der], true).await;
    assert!(matches!(deleted, Err(Error::Refused(Refusal::Deleted))));
    assert_eq!(engine.shown("sbc").await.certificate, Some(newer.id));
}

#[tokio::test]
async fn a_new_key_makes_room_for_its_certificate() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.requested("sbc").await;
    let der = engine.signed("sbc").await.der.unwrap();
    one.import("sbc", &[&der], false).await.unwrap();
    one.save().await.unwrap();
    one.activate().await.unwrap();
    one.generate("sbc", false).await.unwrap();
    assert!(
        engine.shown("sbc").await.certificate.is_some(),
        "the same key"
    );
    one.generate("sbc", true).await.unwrap();
    let shown = engine.shown("sbc").await;
    assert!(shown.certificate.is_none() && !shown.running);
    assert_eq!(kind(one.import("sbc", &[&der], false).await), "Invalid");
    let next = engine.signed("sbc").await;
    one.import("sbc", &[&next.der.unwrap()], false)
        .await
        .unwrap();
    // Until it is saved and activated, the old key and certificate are what runs.
    one.unlock().await.unwrap();
    let shown = engine.shown("sbc").await;
    assert_eq!((shown.der, shown.running), (Some(der), true));
}

#[tokio::test]
async fn a_record_without_a_key_holds_what_is_trusted() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    let root = foreign(engine.directory.path(), "root");
    let other = foreign(engine.directory.path(), "other");
    one.add(element(CERTIFICATE_RECORD, "ca", &[]))
        .await
        .unwrap();
    for ders in [&[][..], &[root.as_slice(), other.as_slice()], &[b"x"]] {
        assert_eq!(kind(one.import("ca", ders, false).await), "Invalid");
    }
    one.import("ca", &[&root], false).await.unwrap();
    assert_eq!(kind(one.import("ca", &[&other], false).await), "Conflict");
    let shown = engine.shown("ca").await;
    assert_eq!((shown.certificate, shown.der), (None, Some(root)));
    one.import("ca", &[&other], true).await.unwrap();
    assert_eq!(engine.shown("ca").await.der, Some(other));
}

#[tokio::test]
async fn what_is_trusted_must_be_good_and_is_verified_too() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.requested("sbc").await;
    let revoked = engine.signed("sbc").await;
    let der = revoked.der.clone().unwrap();
    one.add(element(CERTIFICATE_RECORD, "ca", &[]))
        .await
        .unwrap();
    one.import("ca", &[&der], false).await.unwrap();
    assert!(one.verify(&[]).await.is_empty());
    let which = CertificateRef::Id(revoked.id);
    let revoke = engine.app.revoke(&engine.admin, &which, Reason::Superseded);
    revoke.await.unwrap();
    let unfit = "certificate-record \"ca\": the certificate is revoked (superseded) for good";
    assert_eq!(one.verify(&[]).await, [unfit]);
    assert_eq!(kind(one.import("ca", &[&der], true).await), "Refused");

    let root = foreign(engine.directory.path(), "root");
    one.import("ca", &[&root], true).await.unwrap();
    one.save().await.unwrap();
    engine.at(20_001 * 86_400);
    let two = engine.editor().await;
    let expired = "certificate-record \"ca\": the certificate has expired";
    assert_eq!(two.verify(&[]).await, [expired]);
    assert_eq!(kind(two.import("ca", &[&root], true).await), "Refused");
}

/// Edits by one client at the same moment: each of them counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_of_one_client_at_once_all_count() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    let mut edits = tokio::task::JoinSet::new();
    for n in 0..6 {
        let (app, admin, token) = (engine.app.clone(), engine.admin.clone(), one.token.clone());
        edits.spawn(async move {
            if n % 3 == 0 {
                let made = app.generate_record_request(&admin, &token, "sbc", false, read);
                made.await.map(|_| ())
            } else {
                let change = element(CERTIFICATE_RECORD, "sbc", &[(&format!("a{n}"), &["x"])]);
                app.put_element(&admin, &token, change).await.map(|_| ())
            }
        });
    }
    while let Some(edit) = edits.join_next().await {
        edit.unwrap().unwrap();
    }
    let shown = engine.shown("sbc").await;
    assert_eq!((shown.attributes.len(), shown.csr.is_some()), (5, true));
}

#[tokio::test]
async fn of_several_certificates_for_the_key_the_newest_is_taken() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.requested("sbc").await;
    let older = engine.signed("sbc").await;
    engine.at(100);
    let newer = engine.signed("sbc").await;
    let (old, new) = (older.der.unwrap(), newer.der.unwrap());
    let other = foreign(engine.directory.path(), "other");
    let orders: [&[&[u8]]; 3] = [&[&old, &new, &other], &[&other, &new, &old], &[&new, &new]];
    for ders in orders {
        one.import("sbc", ders, true).await.unwrap();
        assert_eq!(engine.shown("sbc").await.certificate, Some(newer.id));
    }
}

/// Everything that is done stands in the trail, with what it was done to, and nothing secret.
#[tokio::test]
async fn the_trail_tells_of_every_step() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.requested("sbc").await;
    let der = engine.signed("sbc").await.der.unwrap();
    one.import("sbc", &[&der], false).await.unwrap();
    one.save().await.unwrap();
    one.activate().await.unwrap();
    one.verify(&[]).await;
    one.restore(RestoreSource::Saved).await.unwrap();
    one.remove(CERTIFICATE_RECORD, "sbc").await.unwrap();
    one.unlock().await.unwrap();
    let filter = crate::AuditFilter::default();
    let trail = engine
        .app
        .audit_trail(&engine.admin, filter, 11)
        .await
        .unwrap();
    let told: Vec<String> = trail
        .iter()
        .rev()
        .map(|entry| {
            let about = entry.certificate.map_or("", |_| "certificate ");
            format!(
                "{} {about}{}",
                entry.action,
                entry.object.as_deref().unwrap_or("-")
            )
        })
        .collect();
    let want = [
        "configuration.lock -",
        "configuration.edit certificate-record/sbc",
        "record.request certificate-record/sbc",
        "certificate.issue certificate -",
        "record.import certificate certificate-record/sbc",
        "configuration.save -",
        "configuration.activate -",
        "configuration.verify -",
        "configuration.restore -",
        "configuration.edit certificate-record/sbc",
        "configuration.unlock -",
    ];
    assert_eq!(told, want);
}
