//! Opening the engine, and making everything at the first start.

use std::sync::{Arc, RwLock};

use chancery_core::identity::{DomainId, UserId};
use chancery_core::role::Role;
use chancery_core::time::Time;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::accounts::{Accounts, hash_of};
use crate::addresses::PublicUrl;
use crate::audit::{NewAuditEntry, Outcome};
use crate::authority::{FirstAuthority, first_authorities, load_authorities, sealing_purpose};
use crate::crl::Crls;
use crate::data::DataDirectory;
use crate::keys::kek;
use crate::keys::pool::KeyPool;
use crate::keys::seal::Sealer;
use crate::server_certificate::host_names;
use crate::store::accounts::StoredUser;
use crate::store::authorities::{AuthorityStep, NewAuthority};
use crate::store::sqlite::SqliteStore;
use crate::store::{Step, Store};
use crate::users::{Domain, Person, User};
use crate::{App, Error, Inner, Options, bulk_revocation, ocsp, orders, random};

/// The administrator made at the first start. Its secrets are told this once, and lie in `administrator.json`.
#[derive(Debug)]
pub struct Administrator {
    /// The log-in name.
    pub user: String,
    /// The password.
    pub password: SecretString,
    /// The API key.
    pub api_key: SecretString,
}

/// The name of the domain made at the first start.
pub(crate) const DEFAULT_DOMAIN: &str = "default";
/// The user to whom the server's own certificates belong. It cannot log in.
pub(crate) const SERVER_USER: &str = "chancery-server";
/// The sealed value by which the key-encryption key is recognised.
const KEK_CHECK: &str = "key-encryption-check";

/// The database's file in the data directory.
const DATABASE: &str = "chancery.sqlite";

impl App {
    /// Opens the engine on its data directory. At the first start everything is made: key-encryption key, root and
    /// issuing authority, domain and administrator.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a line for the operator: another process holds the directory, the key-encryption key is
    /// missing or wrong, the configuration does not fit.
    pub async fn open(options: Options) -> Result<(App, Option<Administrator>), Error> {
        options.config.check().map_err(Error::Invalid)?;
        let data = DataDirectory::open(&options.data)?;
        let database = data.path().join(DATABASE);
        let first_start = !database.exists();
        let kek = kek::load(&options.config.keys, data.path(), first_start)
            .map_err(|error| Error::Invalid(error.to_string()))?;
        let sealer = Sealer::new(kek);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database, &options.config.store)?);
        let server_names = host_names(&options.server_names)?;
        let profiles = options.config.profiles().map_err(Error::Invalid)?;
        let made = make_what_is_missing(store.as_ref(), &sealer, &data, &options).await?;
        let public_url = PublicUrl::new(&options.public_url, &options.config.crl);
        let crls = Crls::open(data.path(), store.crl_layouts(public_url.shards()).await?)?;
        let authorities = load_authorities(store.as_ref(), &sealer, &public_url, &[]).await?;
        if !authorities
            .iter()
            .any(|loaded| loaded.authority.name == options.config.issue.authority)
        {
            return Err(Error::Invalid(format!(
                "issue.authority: there is no authority {:?} in this data directory",
                options.config.issue.authority
            )));
        }
        let app = App(Arc::new(Inner {
            pool: KeyPool::new(&options.config.key_pool).map_err(Error::internal)?,
            profiles,
            server_names,
            accounts: Accounts::new(&options.config.accounts)?,
            crls,
            orders: orders::Desk::default(),
            bulk: bulk_revocation::BulkDesk::default(),
            turns: crate::turns::Turns::default(),
            ocsp_kept: ocsp::KeptAnswers::in_memory_of(options.config.ocsp.keep_mib),
            responders: ocsp::Responders::default(),
            authorities: RwLock::new(authorities),
            authorities_anew: tokio::sync::Mutex::default(),
            data,
            config: options.config,
            clock: options.clock,
            public_url,
            store,
            sealer,
        }));
        app.find_crls();
        app.register_authorities().await?;
        app.write_authority_files()?;
        app.renew_responders().await?;
        Ok((app, made))
    }
}

impl Administrator {
    /// As the file of the data directory holds it.
    fn to_json(&self) -> Zeroizing<String> {
        let content = serde_json::json!({
            "user": self.user,
            "password": self.password.expose_secret(),
            "api_key": self.api_key.expose_secret(),
        });
        Zeroizing::new(format!("{content:#}\n"))
    }
}

/// Makes everything of a first start in one commit, so that a crash in between leaves nothing half made; checks the
/// key-encryption key otherwise.
async fn make_what_is_missing(
    store: &dyn Store,
    sealer: &Sealer,
    data: &DataDirectory,
    options: &Options,
) -> Result<Option<Administrator>, Error> {
    if let Some(check) = store.secret(KEK_CHECK.into()).await? {
        kek::verify(sealer, &check).map_err(|error| Error::Invalid(error.to_string()))?;
        return Ok(None);
    }
    let now = options.clock.now();
    let url = PublicUrl::new(&options.public_url, &options.config.crl);
    let [root, issuing] = first_authorities(&options.config, &url, now)?;
    let administrator = Administrator {
        user: "admin".to_owned(),
        password: SecretString::from(random::text(24)?),
        api_key: SecretString::from(random::text(40)?),
    };
    let passwords = crate::accounts::Passwords::new()?;
    let password = passwords.hash(&administrator.password).await?;
    let domain = DomainId::parse(DEFAULT_DOMAIN).map_err(Error::internal)?;
    let admin = StoredUser {
        user: first_user("admin", vec![Role::Administrator], &domain, now)?,
        password: Some(password),
        api_key: Some(hash_of(&administrator.api_key)),
    };
    let server = StoredUser {
        user: User {
            disabled: true,
            has_password: false,
            has_api_key: false,
            ..first_user(SERVER_USER, Vec::new(), &domain, now)?
        },
        password: None,
        api_key: None,
    };
    // Before the commit: a crash in between leaves a file that the next start writes anew, never an administrator whom
    // nobody knows.
    data.write(
        "administrator.json",
        administrator.to_json().as_bytes(),
        0o600,
    )?;
    let audit = [
        added("domain.add", DEFAULT_DOMAIN, now),
        added("user.add", &administrator.user, now),
        added("authority.add", &root.authority.name, now),
        added("authority.add", &issuing.authority.name, now),
    ];
    let mut steps = vec![
        Step::KeepSecret(KEK_CHECK.into(), kek::check_value(sealer)?),
        Step::AddDomain(Domain {
            id: domain,
            name: "Default".to_owned(),
            disabled: false,
            created: now,
        }),
        Step::AddUser(admin),
        Step::AddUser(server),
        Step::Authority(AuthorityStep::Add(stored(root, sealer, now)?)),
        Step::Authority(AuthorityStep::Add(stored(issuing, sealer, now)?)),
    ];
    steps.extend(audit);
    store.commit(steps).await?;
    Ok(Some(administrator))
}

/// What the audit trail tells of something that the first start made.
fn added(action: &'static str, object: &str, at: Time) -> Step {
    Step::Audit(NewAuditEntry {
        at,
        actor: None,
        domain: None,
        api: "server",
        action,
        certificate: None,
        object: Some(object.to_owned()),
        outcome: Outcome::Done,
        detail: "{\"v\":1}".to_owned(),
    })
}

/// A user of the first start, with a password and an API key.
fn first_user(name: &str, roles: Vec<Role>, domain: &DomainId, now: Time) -> Result<User, Error> {
    Ok(User {
        id: UserId::parse(name).map_err(Error::internal)?,
        name: name.to_owned(),
        domain: domain.clone(),
        roles,
        disabled: false,
        has_password: true,
        has_api_key: true,
        created: now,
        person: Person::default(),
        expires: None,
        certificate: None,
    })
}

fn stored(first: FirstAuthority, sealer: &Sealer, now: Time) -> Result<NewAuthority, Error> {
    let FirstAuthority { authority, key } = first;
    Ok(NewAuthority {
        sealed_key: Some(sealer.seal(&sealing_purpose(&authority.name), key.pkcs8())?),
        name: authority.name,
        parent: authority.parent,
        predecessor: None,
        certificate: authority.certificate,
        created: now,
    })
}
