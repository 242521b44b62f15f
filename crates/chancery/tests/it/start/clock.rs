//! What time alone brings about, in the engine itself with a clock that is set by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chancery_app::{
    App, AppConfig, Caller, CertificateFilter, CertificateRef, Clock, Credential, Crl, Error,
    IssueRequest, KeySource, Options, StatusFilter, TokenStyle, Via,
};
use chancery_core::certificate::{Certificate, Refusal, Status};
use chancery_core::crl::{CrlKind, Scope};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::revocation::Reason;
use chancery_core::x509::{self, pem};

use crate::server::run;

const START: i64 = 1_790_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const VIA: Via = Via {
    api: "test",
    address: None,
};

/// The engine, its administrator, and the hand on its clock.
struct Engine {
    data: PathBuf,
    app: App,
    admin: Caller,
    seconds: Arc<AtomicI64>,
}

impl Engine {
    async fn open(data: &Path) -> Engine {
        let seconds = Arc::new(AtomicI64::new(START));
        let (app, administrator) = App::open(Options {
            data: data.join("data"),
            config: AppConfig::default(),
            clock: Clock::Fixed(Arc::clone(&seconds)),
            server_names: vec!["localhost".to_owned()],
            public_url: "http://ca.example".to_owned(),
        })
        .await
        .unwrap();
        let administrator = administrator.unwrap();
        let credential = Credential::ApiKey(administrator.user, administrator.api_key);
        let admin = app.authenticate(credential, VIA).await.unwrap();
        Engine {
            data: data.to_owned(),
            app,
            admin,
            seconds,
        }
    }

    async fn crl(&self) -> Crl {
        self.app
            .crl("issuing", Scope::Whole, CrlKind::Complete)
            .await
            .unwrap()
    }

    /// Sets the clock to so many seconds after the start.
    fn at(&self, seconds: i64) {
        self.seconds.store(START + seconds, Ordering::SeqCst);
    }

    async fn issue(&self, days: u32) -> Certificate {
        let request = IssueRequest {
            subject: Some(Name::parse("CN=joe").unwrap()),
            days: Some(days),
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        self.app
            .issue(&self.admin, request)
            .await
            .unwrap()
            .certificate
    }

    async fn number_of_those(&self, status: StatusFilter) -> usize {
        let filter = CertificateFilter {
            status: Some(status),
            ..CertificateFilter::all(self.app.now())
        };
        self.app
            .certificates(&self.admin, filter, 100)
            .await
            .unwrap()
            .len()
    }
}

/// Runs a test on a new engine.
fn with_engine<F: Future<Output = ()>>(test: impl FnOnce(Engine) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { test(Engine::open(directory.path()).await).await });
}

#[test]
fn the_tls_certificate_is_renewed_at_two_thirds_of_its_life() {
    with_engine(|engine| async move {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let current = async || engine.app.server_certificate(&names).await.unwrap();
        let first = current().await;
        let facts = x509::read_certificate(&first.chain[0]).unwrap();
        let life = facts.not_after.unix() - facts.not_before.unix();
        let due = facts.not_before.unix() + life / 3 * 2 - START;
        assert_eq!(first.renew_at.unix() - START, due);
        engine.at(due - 1);
        assert_eq!(current().await.chain, first.chain, "a second before");
        engine.at(due);
        let second = current().await;
        assert_ne!(second.chain[0], first.chain[0], "at two thirds");
        assert_ne!(second.private_key.pkcs8(), first.private_key.pkcs8());
        assert_eq!(current().await.chain, second.chain, "and then it stays");
        let facts = x509::read_certificate(&second.chain[0]).unwrap();
        assert!(
            facts.not_before.unix() <= START + due
                && facts.not_after.unix() > START + due + life / 2
        );
        let elsewhere = engine
            .app
            .server_certificate(&["ca.example".to_owned()])
            .await
            .unwrap();
        assert_ne!(
            elsewhere.chain[0], second.chain[0],
            "other names need another certificate"
        );
    });
}

#[test]
fn a_crl_is_made_anew_at_half_its_life_and_at_every_change() {
    with_engine(|engine| async move {
        let current = async || engine.crl().await;
        let first = current().await;
        assert_eq!(first.next_update.unix(), START + DAY);
        engine.at(DAY / 2 - 1);
        assert_eq!(current().await.number, first.number);
        engine.at(DAY / 2);
        let second = current().await;
        assert!(second.number > first.number);
        assert_eq!(
            (second.this_update.unix(), second.next_update.unix()),
            (START + DAY / 2, START + DAY / 2 + DAY)
        );
        let certificate = engine.issue(30).await;
        assert_eq!(
            current().await.number,
            second.number,
            "issuing changes nothing about revocation"
        );
        let which = CertificateRef::Id(certificate.id);
        engine.app.hold(&engine.admin, &which).await.unwrap();
        let third = current().await;
        assert!(third.number > second.number, "a hold shows at once");
        assert!(holds(&third, &certificate));
        engine.app.release(&engine.admin, &which).await.unwrap();
        assert!(
            !holds(&current().await, &certificate),
            "and so does a release"
        );
    });
}

/// RFC 5280, section 3.3: what is revoked stands on at least one CRL made after it expired.
#[test]
fn what_expires_revoked_stays_on_the_crl_for_a_while() {
    with_engine(|engine| async move {
        let certificate = engine.issue(1).await;
        let which = CertificateRef::Id(certificate.id);
        engine
            .app
            .revoke(&engine.admin, &which, Reason::KeyCompromise)
            .await
            .unwrap();
        let expires = certificate.not_after.unix() - START;
        engine.at(expires + HOUR);
        let crl = engine.crl().await;
        assert!(crl.this_update > certificate.not_after && holds(&crl, &certificate));
        engine.at(expires + 3 * DAY);
        assert!(
            !holds(&engine.crl().await, &certificate),
            "in the end it makes room"
        );
    });
}

fn holds(crl: &Crl, certificate: &Certificate) -> bool {
    let serial = certificate.serial.content();
    crl.small()
        .unwrap()
        .windows(serial.len())
        .any(|window| window == serial)
}

#[test]
fn tokens_end() {
    with_engine(|engine| async move {
        let style = TokenStyle {
            prefix: "test_",
            octets: 32,
            life: 600,
        };
        let token = engine
            .app
            .new_token(&engine.admin, style, None)
            .await
            .unwrap();
        let show = async || {
            engine
                .app
                .authenticate(Credential::Token(token.text.clone()), VIA)
                .await
        };
        assert_eq!(token.expires.unix(), START + 600);
        for (seconds, good) in [
            (0, true),
            (599, true),
            (600, true),
            (601, false),
            (10, true),
            (DAY, false),
        ] {
            engine.at(seconds);
            let shown = show().await;
            match good {
                true => assert_eq!(shown.unwrap().user().name, "admin", "after {seconds} s"),
                false => assert!(
                    matches!(shown, Err(Error::Unauthenticated)),
                    "after {seconds} s"
                ),
            }
        }
    });
}

#[test]
fn certificates_expire_by_themselves() {
    with_engine(|engine| async move {
        let (good, held) = (engine.issue(1).await, engine.issue(1).await);
        engine
            .app
            .hold(&engine.admin, &CertificateRef::Id(held.id))
            .await
            .unwrap();
        let end = good.not_after.unix() - START;
        let status = async |one: &Certificate| {
            let found = engine
                .app
                .certificate(&engine.admin, &CertificateRef::Id(one.id))
                .await
                .unwrap();
            found.status(engine.app.now())
        };
        engine.at(end);
        assert_eq!(
            (status(&good).await, status(&held).await),
            (Status::Active, Status::OnHold),
            "in its last second"
        );
        assert_eq!(engine.number_of_those(StatusFilter::Expired).await, 0);
        engine.at(end + 1);
        assert_eq!(
            (status(&good).await, status(&held).await),
            (Status::Expired, Status::Expired)
        );
        assert_eq!(engine.number_of_those(StatusFilter::Expired).await, 2);
        assert_eq!(engine.number_of_those(StatusFilter::OnHold).await, 0);
        for one in [&good, &held] {
            let refused = engine
                .app
                .revoke(
                    &engine.admin,
                    &CertificateRef::Id(one.id),
                    Reason::Superseded,
                )
                .await;
            assert!(
                matches!(refused, Err(Error::Refused(Refusal::Expired))),
                "{refused:?}"
            );
        }
    });
}

/// A request about a certificate, without a nonce, as openssl writes it.
fn ocsp_request(data: &Path, certificate: &Certificate) -> Vec<u8> {
    let file = |name: &str| data.join(name).display().to_string();
    let (subject, asked) = (file("subject.pem"), file("asked.der"));
    let der = certificate.der.as_ref().unwrap();
    std::fs::write(&subject, pem::encode("CERTIFICATE", der)).unwrap();
    let issuing = file("data/ca/issuing.pem");
    let arguments = [
        "ocsp",
        "-no_nonce",
        "-issuer",
        &issuing,
        "-cert",
        &subject,
        "-reqout",
        &asked,
    ];
    run("openssl", &arguments);
    std::fs::read(asked).unwrap()
}

#[test]
fn ocsp_answers_are_made_anew_at_half_their_life_and_at_every_change_of_theirs() {
    with_engine(|engine| async move {
        let (one, other) = (engine.issue(200).await, engine.issue(200).await);
        let request = ocsp_request(&engine.data, &one);
        let current = async || engine.app.ocsp(&request).await.unwrap();
        let first = current().await;
        let freshness = first.freshness.unwrap();
        assert_eq!(freshness.this_update.unix(), START);
        assert_eq!(freshness.next_update.unix(), START + DAY);
        engine.at(DAY / 2 - 1);
        assert_eq!(current().await.der, first.der);
        engine.at(DAY / 2);
        let second = current().await;
        assert_ne!(second.der, first.der);
        let revoke = async |one: &Certificate| {
            let which = CertificateRef::Id(one.id);
            let why = Reason::Superseded;
            engine.app.revoke(&engine.admin, &which, why).await.unwrap();
        };
        revoke(&other).await;
        assert_eq!(current().await.der, second.der, "another was revoked");
        revoke(&one).await;
        let third = current().await;
        assert_ne!(third.der, second.der, "it was revoked");
        // A clock that goes back does not give what says that it is made later.
        engine.at(0);
        let fourth = current().await;
        assert_ne!(fourth.der, third.der);
        assert_eq!(fourth.freshness.unwrap().this_update.unix(), START);
    });
}

#[test]
fn ocsp_responders_are_renewed_at_two_thirds_of_their_life() {
    with_engine(|engine| async move {
        let one = engine.issue(200).await;
        let request = ocsp_request(&engine.data, &one);
        let responders = async || {
            let filter = CertificateFilter::all(engine.app.now());
            let all = engine.app.certificates(&engine.admin, filter, 100).await;
            let mut all = all.unwrap();
            all.retain(|one| one.profile.as_deref() == Some("ocsp-responder"));
            all
        };
        let carries = async |responder: &Certificate| {
            let answer = engine.app.ocsp(&request).await.unwrap().der;
            let own = responder.der.clone().unwrap();
            answer.windows(own.len()).any(|part| part == own)
        };
        let first = responders().await.remove(0);
        let life = first.not_after.unix() - first.not_before.unix();
        let due = first.not_before.unix() + life / 3 * 2 - START;
        for (seconds, count) in [(0, 1), (due - DAY, 1), (due, 2), (due + DAY, 2)] {
            engine.at(seconds);
            // While its successor is made, the old one signs.
            engine.app.ocsp(&request).await.unwrap();
            let mut all = responders().await;
            for _ in 0..10_000 {
                if all.len() >= count {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                all = responders().await;
            }
            assert_eq!(all.len(), count, "{seconds}");
            let newest = all.iter().max_by_key(|one| one.number).unwrap();
            engine.at(seconds + DAY / 2);
            assert!(carries(newest).await, "{seconds}");
        }
    });
}
