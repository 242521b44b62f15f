//! The configuration file: each crate owns its part, this module reads the file once and composes them. Also the `config`
//! commands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chancery_app::AppConfig;
use chancery_core::profile::Profile;
use chancery_http::{AppViewxConfig, HttpConfig, KeystoneConfig, ServerConfig};
use clap::Subcommand;
use serde::Deserialize;

use crate::cli::output;

/// The file that is read when none is named and it is there.
const USUAL_FILE: &str = "chancery.toml";
/// The reference: every key with its meaning and default.
const REFERENCE: &str = include_str!("chancery.toml");

/// What can be done about the configuration without starting the server.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub(crate) enum ConfigCommand {
    /// Read a configuration file and say what is wrong with it.
    Check {
        /// The file.
        #[arg(value_name = "FILE", default_value = USUAL_FILE)]
        file: PathBuf,
    },
    /// Print a configuration with every key, its meaning and its default.
    Reference,
}

/// The whole configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Config {
    pub(crate) app: AppConfig,
    pub(crate) http: HttpConfig,
}

/// The file as it stands: the sections of both crates side by side.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Sections {
    server: ServerConfig,
    keystone: KeystoneConfig,
    appviewx: AppViewxConfig,
    authority: chancery_app::AuthorityConfig,
    issue: chancery_app::IssueConfig,
    crl: chancery_app::CrlConfig,
    keys: chancery_app::KeysConfig,
    store: chancery_app::StoreConfig,
    ocsp: chancery_app::OcspConfig,
    accounts: chancery_app::AccountsConfig,
    key_pool: chancery_app::KeyPoolConfig,
    orders: chancery_app::OrdersConfig,
    profile: Vec<chancery_app::ProfileConfig>,
}

impl Config {
    /// Reads the named file, else `chancery.toml` if it is there, else takes the defaults.
    ///
    /// # Errors
    /// A line that names the file and the bad key.
    pub(crate) fn load(named: Option<&Path>) -> Result<Config, String> {
        let usual = Path::new(USUAL_FILE);
        let file = match named {
            Some(file) => file,
            None if usual.exists() => usual,
            None => return Ok(Config::default()),
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Config::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    pub(crate) fn parse(text: &str) -> Result<Config, String> {
        let sections: Sections =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let config = Config {
            app: AppConfig {
                authority: sections.authority,
                issue: sections.issue,
                crl: sections.crl,
                keys: sections.keys,
                store: sections.store,
                ocsp: sections.ocsp,
                accounts: sections.accounts,
                key_pool: sections.key_pool,
                orders: sections.orders,
                profile: sections.profile,
            },
            http: HttpConfig {
                server: sections.server,
                keystone: sections.keystone,
                appviewx: sections.appviewx,
            },
        };
        config.check()?;
        Ok(config)
    }

    /// Checks what types cannot say; the error starts with the path of the bad key.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.app.check()?;
        self.http.check()?;
        self.check_profiles()
    }

    /// Is every profile there that a key chooses, and good for what it is chosen for?
    fn check_profiles(&self) -> Result<(), String> {
        let profiles = self.app.profiles()?;
        let chosen = |key: &str, name: &str| {
            let found = profiles.iter().find(|profile| profile.name == name);
            let profile = found.ok_or_else(|| {
                let names: Vec<&str> = profiles.iter().map(|one| one.name.as_str()).collect();
                format!(
                    "{key}: there is no profile {name:?}: take one of {}",
                    names.join(", ")
                )
            })?;
            if profile.speaks_for_its_authority() {
                return Err(format!(
                    "{key}: who holds a certificate of {name:?} speaks for an authority: take another profile"
                ));
            }
            Ok(profile)
        };
        chosen("issue.profile", &self.app.issue.profile)?;
        chosen("keystone.profile", &self.http.keystone.profile)?;
        let (key, name) = (
            "issue.self_service_profile",
            &self.app.issue.self_service_profile,
        );
        if !chosen(key, name)?.self_service {
            return Err(format!(
                "{key}: {name:?} is not for users who issue for themselves alone: take a profile with self_service"
            ));
        }
        Ok(())
    }

    /// What is wrong or doubtful about the profiles that it holds, which keeps no server from starting.
    fn findings(&self) -> Vec<String> {
        let all = self.app.profiles().unwrap_or_default();
        let mine = all.iter().filter(|profile| {
            let mut configured = self.app.profile.iter();
            configured.any(|one| one.name == profile.name)
        });
        let told = |profile: &Profile| {
            let name = profile.name.clone();
            let each = profile.findings().into_iter();
            each.map(move |finding| format!("profile {name:?}: {finding}"))
        };
        mine.flat_map(told).collect()
    }
}

/// Does a `config` command.
pub(crate) fn run(command: ConfigCommand) -> ExitCode {
    match command {
        ConfigCommand::Reference => printed(REFERENCE.trim_end()),
        ConfigCommand::Check { file } => match Config::load(Some(&file)) {
            Ok(config) => {
                for finding in config.findings() {
                    output::note(&format!("{}: {finding}", file.display()));
                }
                printed(&format!("{}: good", file.display()))
            }
            Err(error) => {
                output::note(&format!("chancery: {error}"));
                ExitCode::FAILURE
            }
        },
    }
}

fn printed(text: &str) -> ExitCode {
    if output::line(text).is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_holds_every_key_with_its_default() {
        let uncommented: String = REFERENCE
            .lines()
            .filter(|line| !line.starts_with("# "))
            .map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line)))
            .collect();
        let mut config = Config::parse(&uncommented).unwrap();
        // Shown as an example; there is none by default.
        assert_eq!(config.app.profile.len(), 1);
        config.app.profile.clear();
        // Their defaults depend on others, so the reference shows what they come to.
        assert_eq!(
            config.app.keys.file.take().as_deref(),
            Some("key-encryption-key")
        );
        assert_eq!(
            config.app.keys.variable.take().as_deref(),
            Some("CHANCERY_KEY_ENCRYPTION_KEY")
        );
        assert_eq!(
            config.http.server.public_url.take().as_deref(),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(
            config.http.keystone.public_url.take().as_deref(),
            Some("https://localhost:8443/v2.0/")
        );
        assert_eq!(config, Config::default());
    }

    #[test]
    fn the_reference_names_every_field() {
        let debug = format!("{:?}", Config::default());
        let fields = debug
            .split(['{', ',', ' '])
            .filter_map(|word| word.strip_suffix(':'));
        for field in fields.filter(|field| !["app", "http"].contains(field)) {
            let names = [
                format!("\n#{field} = "),
                format!("\n[{field}]"),
                format!("\n#[[{field}]]"),
            ];
            assert!(
                names.iter().any(|name| REFERENCE.contains(name)),
                "{field} is not in chancery.toml"
            );
        }
    }

    #[test]
    fn a_bad_key_is_named() {
        for (text, want) in [
            ("[server]\nhttps = \"x\"\n", "server.https"),
            ("[server]\nport = 1\n", "port"),
            ("[crl]\nhours = 0\n", "crl.hours"),
            (
                "[authority]\nroot_key = \"rsa-1024\"\n",
                "authority.root_key",
            ),
            ("[nonsense]\n", "nonsense"),
            ("[keys]\nsource = \"hsm\"\n", "source"),
            ("[ocsp]\nsigner = \"nobody\"\n", "signer"),
            ("[ocsp]\nvalid_hours = 0\n", "ocsp.valid_hours"),
            ("[keystone]\nprofile = \"vpn\"\n", "keystone.profile"),
            ("[issue]\nprofile = \"sub-authority\"\n", "issue.profile"),
            (
                "[keystone]\nprofile = \"ocsp-responder\"\n",
                "keystone.profile",
            ),
            (
                "[issue]\nself_service_profile = \"tls-server\"\n",
                "issue.self_service_profile",
            ),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(want), "{text:?}: {error}");
        }
    }
}
