//! Opening the engine, and making everything at the first start.

use std::sync::{Arc, RwLock};

use chancery_core::authority::Authority;
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::{Issuer, Request, plan};
use chancery_core::profile::Profile;
use chancery_core::role::Role;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::x509::pem;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::accounts::{Accounts, hash_of};
use crate::audit::{NewAuditEntry, Outcome};
use crate::authority::{Loaded, addresses, chain_of};
use crate::data::DataDirectory;
use crate::keys::pool::KeyPool;
use crate::keys::seal::Sealer;
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer, kek};
use crate::server_certificate::host_names;
use crate::store::sqlite::SqliteStore;
use crate::store::{NewAuthority, Step, Store, StoredAuthority, StoredUser};
use crate::users::{Domain, Person, User};
use crate::{App, Error, Inner, Options, ocsp, orders, public, random};

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
        let profiles = crate::profiles::all(&options.config.profile).map_err(Error::Invalid)?;
        let made = make_what_is_missing(store.as_ref(), &sealer, &data, &options).await?;
        let authorities = load_authorities(store.as_ref(), &sealer, &options.public_url).await?;
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
            crls: public::CrlCache::default(),
            orders: orders::Desk::default(),
            ocsp_kept: ocsp::KeptAnswers::default(),
            responders: ocsp::Responders::default(),
            authorities: RwLock::new(authorities),
            data,
            config: options.config,
            clock: options.clock,
            public_url: options.public_url,
            store,
            sealer,
        }));
        app.write_authority_files()?;
        app.renew_responders().await?;
        Ok((app, made))
    }

    /// The authorities' certificates as PEM: `ca/NAME.pem` each, and `ca/chain.pem` from the issuing one to the root.
    fn write_authority_files(&self) -> Result<(), Error> {
        for loaded in self.loaded() {
            let name = &loaded.authority.name;
            let own = pem::encode("CERTIFICATE", &loaded.authority.certificate);
            self.0
                .data
                .write(&format!("ca/{name}.pem"), own.as_bytes(), 0o644)?;
        }
        let name = &self.0.config.issue.authority;
        let issuing = self.authority_named(name).map_err(|_| {
            Error::Invalid(format!(
                "issue.authority: this data directory has no authority {name:?}: take the name of its first start"
            ))
        })?;
        let chain: String = issuing
            .chain
            .iter()
            .map(|der| pem::encode("CERTIFICATE", der))
            .collect();
        self.0.data.write("ca/chain.pem", chain.as_bytes(), 0o644)
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
    let (root, issuing) = make_authorities(options, sealer, now)?;
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
    let made = |action, object: &str| {
        Step::Audit(NewAuditEntry {
            at: now,
            actor: None,
            domain: None,
            api: "server",
            action,
            certificate: None,
            object: Some(object.to_owned()),
            outcome: Outcome::Done,
            detail: "{\"v\":1}".to_owned(),
        })
    };
    let audit = [
        made("domain.add", DEFAULT_DOMAIN),
        made("user.add", &administrator.user),
        made("authority.add", &root.name),
        made("authority.add", &issuing.name),
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
        Step::AddAuthority(root),
        Step::AddAuthority(issuing),
    ];
    steps.extend(audit);
    store.commit(steps).await?;
    Ok(Some(administrator))
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

fn make_authorities(
    options: &Options,
    sealer: &Sealer,
    now: Time,
) -> Result<(NewAuthority, NewAuthority), Error> {
    let config = &options.config.authority;
    let root_key = make_key(&config.root_key)?;
    let root_profile = Profile::authority("root", config.root_days, None);
    let asked = authority_request(&config.root_subject, &root_key)?;
    let planned = plan(
        asked,
        &root_profile,
        Issuer::Itself,
        Serial::from_random(random::octets()?),
        now,
    )?;
    let root_signer = SoftwareKey::from_pkcs8(&root_key)?;
    let root = planned
        .finish(&root_signer.sign(&planned)?)
        .map_err(Error::internal)?;
    let root_authority = Authority::new(0, "root".to_owned(), root.clone(), None)
        .map_err(|error| Error::internal(error.0))?;

    let addresses = addresses(&options.public_url, "root");
    let issuing_key = make_key(&config.issuing_key)?;
    let issuing_profile = Profile::authority("issuing", config.issuing_days, Some(0));
    let asked = authority_request(&config.issuing_subject, &issuing_key)?;
    let by = Issuer::Authority(&root_authority, &addresses);
    let planned = plan(
        asked,
        &issuing_profile,
        by,
        Serial::from_random(random::octets()?),
        now,
    )?;
    let issuing = planned
        .finish(&root_signer.sign(&planned)?)
        .map_err(Error::internal)?;

    let new = |name: &str,
               parent: Option<&str>,
               certificate,
               key: &PrivateKey|
     -> Result<NewAuthority, Error> {
        Ok(NewAuthority {
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            certificate,
            sealed_key: Some(sealer.seal(&sealing_purpose(name), key.pkcs8())?),
            created: now,
        })
    };
    Ok((
        new("root", None, root, &root_key)?,
        new(
            &options.config.issue.authority,
            Some("root"),
            issuing,
            &issuing_key,
        )?,
    ))
}

fn make_key(word: &str) -> Result<PrivateKey, Error> {
    let algorithm =
        KeyAlgorithm::parse(word).ok_or_else(|| Error::Invalid(format!("{word:?} is no key")))?;
    Ok(software::generate(algorithm)?)
}

fn authority_request(subject: &str, key: &PrivateKey) -> Result<Request, Error> {
    Ok(Request {
        subject: Name::parse(subject).map_err(|error| Error::Invalid(error.to_string()))?,
        names: Vec::new(),
        public_key: software::public_key_of(key)?,
        not_before: None,
        not_after: None,
    })
}

/// What an authority's sealed private key is bound to.
fn sealing_purpose(name: &str) -> String {
    format!("authority:{name}")
}

async fn load_authorities(
    store: &dyn Store,
    sealer: &Sealer,
    public_url: &str,
) -> Result<Vec<Arc<Loaded>>, Error> {
    let all = store.authorities().await?;
    all.iter()
        .map(|stored| load_authority(stored, &all, sealer, public_url).map(Arc::new))
        .collect()
}

fn load_authority(
    stored: &StoredAuthority,
    all: &[StoredAuthority],
    sealer: &Sealer,
    public_url: &str,
) -> Result<Loaded, Error> {
    let signer = match &stored.sealed_key {
        Some(sealed) => {
            let opened =
                PrivateKey::from_pkcs8(sealer.open(&sealing_purpose(&stored.name), sealed)?);
            Some(Arc::new(SoftwareKey::from_pkcs8(&opened)?) as Arc<dyn Signer>)
        }
        None => None,
    };
    let authority = Authority::new(
        stored.id,
        stored.name.clone(),
        stored.certificate.clone(),
        stored.parent.clone(),
    )
    .map_err(|error| Error::internal(error.0))?;
    if let Some(signer) = &signer
        && signer.public_key().key_id() != authority.facts.public_key.key_id()
    {
        return Err(Error::internal(format!(
            "the key of the authority {} is not its certificate's",
            stored.name
        )));
    }
    Ok(Loaded::new(
        authority,
        signer,
        chain_of(stored, all),
        public_url,
    ))
}
