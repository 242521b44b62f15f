//! What tests of use cases begin with: a new engine on a real database with a clock that is set by hand, its users, and
//! certificates from elsewhere.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chancery_core::certificate::Certificate;
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::role::Role;
use tempfile::TempDir;

use crate::config::{AppConfig, AuthorityConfig, KeyPoolConfig};
use crate::search::CertificateRef;
use crate::store::accounts::UserKey;
use crate::{
    App, Caller, Clock, Error, IssueBy, IssueRequest, KeySource, NewUser, Options, Person,
};

/// The moment at which the tests take place, until they move on. What `openssl` makes for long is valid then.
pub(crate) const START: i64 = 1_800_000_000;

/// An engine, its administrator, and the hand on its clock.
pub(crate) struct Engine {
    pub(crate) app: App,
    pub(crate) admin: Caller,
    seconds: Arc<AtomicI64>,
    pub(crate) directory: TempDir,
}

impl Engine {
    /// A new engine at [`START`].
    pub(crate) async fn start() -> Engine {
        let seconds = Arc::new(AtomicI64::new(START));
        Engine::open(tempfile::tempdir().unwrap(), seconds, |_| {}).await
    }

    /// A new engine at [`START`], with the usual configuration changed so.
    pub(crate) async fn start_with(change: impl FnOnce(&mut AppConfig)) -> Engine {
        let seconds = Arc::new(AtomicI64::new(START));
        Engine::open(tempfile::tempdir().unwrap(), seconds, change).await
    }

    /// The same engine after the process has ended and begun anew, with the usual configuration. No clone of its [`App`]
    /// may be left.
    pub(crate) async fn restarted(self) -> Engine {
        self.restarted_with(|_| {}).await
    }

    /// The same engine after the process has ended and begun anew, with the usual configuration changed so. No clone of
    /// its [`App`] may be left.
    pub(crate) async fn restarted_with(self, change: impl FnOnce(&mut AppConfig)) -> Engine {
        let Engine {
            app,
            seconds,
            directory,
            ..
        } = self;
        drop(app);
        Engine::open(directory, seconds, change).await
    }

    async fn open(
        directory: TempDir,
        seconds: Arc<AtomicI64>,
        change: impl FnOnce(&mut AppConfig),
    ) -> Engine {
        let mut config = AppConfig {
            authority: AuthorityConfig {
                root_key: "ec-p256".to_owned(),
                issuing_key: "ec-p256".to_owned(),
                ..AuthorityConfig::default()
            },
            key_pool: KeyPoolConfig {
                ready: 0,
                ..KeyPoolConfig::default()
            },
            ..AppConfig::default()
        };
        change(&mut config);
        let options = Options {
            data: directory.path().join("data"),
            config,
            clock: Clock::Fixed(Arc::clone(&seconds)),
            server_names: vec!["localhost".to_owned()],
            public_url: "http://localhost".to_owned(),
        };
        let app = open_patiently(options).await;
        let admin = caller(&app, "admin").await;
        Engine {
            app,
            admin,
            seconds,
            directory,
        }
    }

    /// Sets the clock to so many seconds after [`START`].
    pub(crate) fn at(&self, seconds: i64) {
        self.seconds.store(START + seconds, Ordering::SeqCst);
    }

    /// A new user with that name as id, as a caller.
    pub(crate) async fn user(&self, name: &str, domain: &str, role: Role) -> Caller {
        let new = NewUser {
            id: Some(UserId::parse(name).unwrap()),
            name: name.to_owned(),
            domain: Some(DomainId::parse(domain).unwrap()),
            roles: vec![role],
            password: None,
            person: Person::default(),
            expires: None,
        };
        self.app.add_user(&self.admin, new).await.unwrap();
        caller(&self.app, name).await
    }

    /// A certificate for a key made here, valid for a week.
    pub(crate) async fn issued(&self, owner: &UserId, issuer: IssueBy) -> Certificate {
        let request = IssueRequest {
            subject: Some(Name::parse("CN=joe").unwrap()),
            owner: Some(owner.clone()),
            days: Some(7),
            issuer,
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        let issued = self.app.issue(&self.admin, request).await.unwrap();
        issued.certificate
    }

    /// A certificate as it is now.
    pub(crate) async fn now(&self, certificate: &Certificate) -> Certificate {
        self.app
            .find(&CertificateRef::Id(certificate.id))
            .await
            .unwrap()
    }
}

/// Opens an engine. A program that another test starts at this moment holds our lock too, until it runs.
async fn open_patiently(options: Options) -> App {
    for _ in 0..100 {
        match App::open(options.clone()).await {
            Err(Error::Invalid(said)) if said.contains("another chancery process") => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened.unwrap().0,
        }
    }
    panic!("the data directory stays locked");
}

async fn caller(app: &App, name: &str) -> Caller {
    let key = UserKey::Name(name.to_owned());
    let stored = app.store().user(key).await.unwrap().unwrap();
    Caller {
        user: Arc::new(stored.user),
        api: "test",
        by_token: None,
    }
}

/// What an error is, without its text.
#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let said = format!("{:?}", outcome.unwrap_err());
    said.split('(').next().unwrap_or_default().to_owned()
}

/// Runs `openssl` in `folder`, which must be content; what it said.
#[track_caller]
pub(crate) fn openssl(folder: &Path, arguments: &str) -> String {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{arguments}: {said}");
    said
}

/// A certificate (DER) that signed itself elsewhere: `NAME.pem` with its key `NAME.key` in `folder`, valid for decades.
#[track_caller]
pub(crate) fn foreign(folder: &Path, name: &str) -> Vec<u8> {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 20000 -subj /CN={name} \
             -keyout {name}.key -out {name}.pem"
        ),
    );
    openssl(
        folder,
        &format!("x509 -in {name}.pem -outform DER -out {name}.der"),
    );
    std::fs::read(folder.join(format!("{name}.der"))).unwrap()
}
