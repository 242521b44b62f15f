//! Which server, which trust and which credential a command uses: the order that `chancery --help` promises, decided
//! from facts. Must not know HTTP; reads files only in [`Sources::read`].

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Connection;
use super::address::{DEFAULT_URL, ServerUrl};
use super::environment::Environment;
use super::failure::{Failure, Kind};
use super::saved::SavedLogin;
use super::secret::Secret;

/// The data directory of a server that was started in this folder.
const LOCAL_DATA: &str = "chancery-data";

/// A server and what proves it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Server {
    /// Where it is.
    pub(crate) url: ServerUrl,
    /// A PEM file with the certificates to trust; none: the system's own.
    pub(crate) ca: Option<PathBuf>,
}

/// What proves the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Credential {
    /// A user's API key or password (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// API key or password.
        secret: Secret,
    },
    /// The token of a saved login (RFC 6750).
    Token(Secret),
}

/// The facts from which server and credential are chosen: flags and variables already merged, what login saved, what
/// lies in `./chancery-data`.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sources {
    url: Option<String>,
    user: Option<String>,
    api_key: Option<Secret>,
    ca: Option<PathBuf>,
    saved: Option<SavedLogin>,
    local: LocalData,
}

/// What `./chancery-data` has for a client.
#[derive(Clone, Default, Debug)]
struct LocalData {
    root: Option<PathBuf>,
    administrator: Option<Administrator>,
}

/// The file that a server's first start leaves for its administrator.
#[derive(Clone, Debug, Deserialize)]
struct Administrator {
    user: String,
    api_key: Secret,
}

impl Sources {
    /// Gathers the facts. `api_key` is the key from standard input, if it was asked for.
    pub(crate) fn read(
        flags: &Connection,
        environment: &Environment,
        api_key: Option<Secret>,
        saved: Option<SavedLogin>,
    ) -> Sources {
        let either = |flag: &Option<String>, variable: &Option<String>| {
            flag.clone().or_else(|| variable.clone())
        };
        Sources {
            url: either(&flags.url, &environment.url),
            user: either(&flags.user, &environment.user),
            api_key: api_key.or_else(|| environment.api_key.clone()),
            ca: flags.ca.clone().or_else(|| environment.ca.clone()),
            saved,
            local: LocalData::read(Path::new(LOCAL_DATA)),
        }
    }

    /// The user that was named, if one was.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The server to speak to.
    pub(crate) fn server(&self) -> Result<Server, Failure> {
        let saved_url = self.saved.as_ref().map(|saved| saved.url.as_str());
        let url = ServerUrl::parse(self.url.as_deref().or(saved_url).unwrap_or(DEFAULT_URL))?;
        let saved_ca = || self.saved_for(&url).and_then(|saved| saved.ca.clone());
        let ca = self.ca.clone().or_else(saved_ca);
        let ca = ca.or_else(|| self.local.root.clone());
        Ok(Server { url, ca })
    }

    /// The credential for that server. A saved one goes only where it came from, and a user who was named is the one
    /// who calls, or nobody.
    pub(crate) fn credential(&self, server: &Server) -> Result<Credential, Failure> {
        if let Some(secret) = &self.api_key {
            let Some(user) = self.user.clone() else {
                return Err(
                    Failure::usage("there is an API key, but no user to go with it")
                        .hint("set CHANCERY_USER or give --user NAME"),
                );
            };
            let secret = secret.clone();
            return Ok(Credential::Basic { user, secret });
        }
        let named = |user: &str| self.user.as_deref().is_none_or(|name| name == user);
        if let Some(saved) = self
            .saved_for(&server.url)
            .filter(|saved| named(&saved.user))
        {
            return Ok(Credential::Token(saved.token.clone()));
        }
        let local = self.local_administrator(server);
        if let Some(administrator) = local.filter(|administrator| named(&administrator.user)) {
            return Ok(Credential::Basic {
                user: administrator.user.clone(),
                secret: administrator.api_key.clone(),
            });
        }
        let whose = self.user.as_ref().map_or_else(
            || format!("no credential for {}", server.url),
            |user| format!("no credential of user {user:?} for {}", server.url),
        );
        Err(Failure::new(Kind::NotAllowed, whose)
            .hint("run `chancery login`, or set CHANCERY_USER and CHANCERY_API_KEY"))
    }

    fn saved_for(&self, url: &ServerUrl) -> Option<&SavedLogin> {
        self.saved
            .as_ref()
            .filter(|saved| saved.url == url.to_string())
    }

    /// The administrator of `./chancery-data`, for a server that is on this machine or that this very root vouches for:
    /// the key must not go to whatever server was named in a folder that happens to hold data.
    fn local_administrator(&self, server: &Server) -> Option<&Administrator> {
        let vouched = server.ca.is_some() && server.ca == self.local.root;
        let found = self.local.administrator.as_ref();
        found.filter(|_| vouched || server.url.is_loopback())
    }
}

impl LocalData {
    fn read(folder: &Path) -> LocalData {
        let root = folder.join("ca").join("root.pem");
        let administrator = fs::read(folder.join("administrator.json")).ok();
        LocalData {
            root: root.is_file().then_some(root),
            administrator: administrator.and_then(|text| serde_json::from_slice(&text).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> SavedLogin {
        SavedLogin {
            url: "https://ca.example.com".into(),
            user: "joe".into(),
            token: Secret::new("token"),
            expires: "2026-11-22T11:34:00Z".into(),
            ca: Some("saved.pem".into()),
        }
    }

    fn local() -> LocalData {
        LocalData {
            root: Some("local.pem".into()),
            administrator: Some(Administrator {
                user: "admin".into(),
                api_key: Secret::new("admin-key"),
            }),
        }
    }

    /// What is chosen, as `URL CA CREDENTIAL`.
    fn chosen(sources: &Sources) -> String {
        let server = sources.server().expect("a server");
        let ca = server
            .ca
            .as_ref()
            .map_or("-".into(), |ca| ca.display().to_string());
        let credential = match sources.credential(&server) {
            Ok(Credential::Basic { user, secret }) => format!("{user}:{}", secret.expose()),
            Ok(Credential::Token(token)) => token.expose().to_owned(),
            Err(failure) => format!("exit {}", failure.kind.code()),
        };
        format!("{} {ca} {credential}", server.url)
    }

    fn check(change: impl FnOnce(&mut Sources), want: &str) {
        let mut sources = Sources {
            saved: Some(saved()),
            local: local(),
            ..Sources::default()
        };
        change(&mut sources);
        assert_eq!(chosen(&sources), want);
    }

    #[test]
    fn what_is_said_goes_before_what_was_saved_and_that_before_what_lies_here() {
        check(|_| (), "https://ca.example.com saved.pem token");
        check(
            |sources| {
                sources.user = Some("ann".into());
                sources.api_key = Some(Secret::new("key"));
            },
            "https://ca.example.com saved.pem ann:key",
        );
        check(
            |sources| sources.saved = None,
            "https://localhost:8443 local.pem admin:admin-key",
        );
        check(
            |sources| sources.ca = Some("given.pem".into()),
            "https://ca.example.com given.pem token",
        );
    }

    #[test]
    fn a_saved_token_goes_nowhere_else() {
        check(
            |sources| sources.url = Some("https://other.example.com".into()),
            "https://other.example.com local.pem admin:admin-key",
        );
        check(
            |sources| {
                sources.url = Some("https://other.example.com".into());
                sources.local = LocalData::default();
            },
            "https://other.example.com - exit 4",
        );
    }

    #[test]
    fn the_local_administrator_calls_only_servers_that_the_local_root_vouches_for_or_this_machine()
    {
        check(
            |sources| {
                sources.url = Some("https://other.example.com".into());
                sources.ca = Some("public.pem".into());
            },
            "https://other.example.com public.pem exit 4",
        );
        check(
            |sources| {
                sources.url = Some("https://127.0.0.1:9443".into());
                sources.ca = Some("copy-of-root.pem".into());
            },
            "https://127.0.0.1:9443 copy-of-root.pem admin:admin-key",
        );
    }

    #[test]
    fn a_named_user_is_the_one_who_calls() {
        check(
            |sources| sources.user = Some("joe".into()),
            "https://ca.example.com saved.pem token",
        );
        check(
            |sources| sources.user = Some("ann".into()),
            "https://ca.example.com saved.pem exit 4",
        );
        check(
            |sources| sources.api_key = Some(Secret::new("key")),
            "https://ca.example.com saved.pem exit 2",
        );
    }

    #[test]
    fn flags_go_before_variables() {
        let flags = Connection {
            url: Some("https://flag".into()),
            ..Connection::default()
        };
        let environment = Environment {
            url: Some("https://variable".into()),
            user: Some("joe".into()),
            api_key: Some(Secret::new("variable-key")),
            ..Environment::default()
        };
        let sources = Sources::read(&flags, &environment, None, None);
        assert_eq!(chosen(&sources), "https://flag - joe:variable-key");
        let key = Some(Secret::new("input-key"));
        let sources = Sources::read(&flags, &environment, key, None);
        assert_eq!(chosen(&sources), "https://flag - joe:input-key");
    }

    #[test]
    fn the_data_directory_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(LocalData::read(folder.path()).root.is_none());
        fs::create_dir(folder.path().join("ca")).expect("a folder");
        fs::write(folder.path().join("ca/root.pem"), "pem").expect("a file");
        let text = r#"{"user": "admin", "password": "p", "api_key": "k"}"#;
        fs::write(folder.path().join("administrator.json"), text).expect("a file");
        let local = LocalData::read(folder.path());
        assert!(local.root.is_some_and(|root| root.ends_with("ca/root.pem")));
        assert_eq!(
            local.administrator.map(|one| one.user).as_deref(),
            Some("admin")
        );
    }
}
