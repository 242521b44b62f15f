//! `profile`: what each kind of certificate may be. `list` asks a server; `show` and `lint` read the configuration file, so
//! that a profile can be judged before a server runs by it.

mod lint;

use std::path::PathBuf;

use chancery_app::ProfileConfig;
use chancery_core::profile::Profile;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::Context;
use super::failure::{Failure, Kind};
use super::list::{Column, List};
use super::object::text;
use super::output;
use crate::config::Config;

const SHOW: &str = "\
Examples:
  chancery profile show tls-server
  chancery profile show tls-server >> chancery.toml";

const LINT: &str = "\
Examples:
  chancery profile lint
  chancery profile lint vpn --config chancery.toml
  chancery profile lint vpn --pem > samples.pem";

/// What can be done with profiles.
#[derive(Subcommand, Debug)]
pub(crate) enum ProfileCommand {
    /// List the profiles, with the days, keys and uses that each allows
    List,
    /// Show the rules of a profile as the configuration file spells them; needs no server
    #[command(after_help = SHOW)]
    Show {
        /// Its name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Show samples of what profiles would issue, and what is wrong or doubtful about them; needs no server
    ///
    /// Samples are certified by throw-away authorities that bear the names of the configured ones. A finding is an error if
    /// a standard forbids it or nobody could use it, else a warning; with errors the command ends with 1.
    #[command(after_help = LINT)]
    Lint(lint::LintArgs),
}

/// Which configuration is read.
#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// The configuration file [default: chancery.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

const COLUMNS: &[Column] = &[
    ("NAME", |profile| text(profile, "name")),
    ("DAYS", |profile| text(profile, "default_days")),
    ("MOST DAYS", |profile| text(profile, "max_days")),
    ("USES", |profile| text(profile, "extended_key_usage")),
    ("KEYS", |profile| text(profile, "keys")),
];

/// Does it.
pub(crate) fn run(command: ProfileCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ProfileCommand::List => list(context),
        ProfileCommand::Show { name, file } => show(&name, &file, context),
        ProfileCommand::Lint(args) => lint::run(&args, context),
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let list = List {
        segments: &["profiles"],
        query: Vec::new(),
        member: "profiles",
        cursor: "after",
        columns: COLUMNS,
        elastic: 4,
    };
    list.print(context, None)
}

fn show(name: &str, file: &ConfigFile, context: &Context) -> Result<(), Failure> {
    let profiles = file.read()?.1;
    let profile = named(&profiles, name)?;
    if context.json() {
        let spelled = serde_json::to_value(ProfileConfig::of(profile));
        return output::json(&spelled.map_err(|error| unspellable(&error))?);
    }
    output::bytes(spelled(profile)?.as_bytes())
}

/// A profile as the configuration file spells it.
fn spelled(profile: &Profile) -> Result<String, Failure> {
    let keys = toml::to_string(&ProfileConfig::of(profile)).map_err(|error| unspellable(&error))?;
    Ok(format!("[[profile]]\n{keys}"))
}

fn unspellable(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Kind::Refused,
        format!("the profile could not be printed: {error}"),
    )
}

fn named<'a>(profiles: &'a [Profile], name: &str) -> Result<&'a Profile, Failure> {
    let found = profiles.iter().find(|profile| profile.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = profiles.iter().map(|one| one.name.as_str()).collect();
        Failure::new(Kind::NotFound, format!("there is no profile {name:?}"))
            .hint(format!("take one of {}", names.join(", ")))
    })
}

impl ConfigFile {
    /// The configuration, and every profile by it.
    fn read(&self) -> Result<(Config, Vec<Profile>), Failure> {
        let refused = |error| Failure::new(Kind::Refused, error);
        let config = Config::load(self.config.as_deref()).map_err(refused)?;
        let profiles = config.app.profiles().map_err(refused)?;
        Ok((config, profiles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_configured() {
        for profile in Profile::built_in() {
            let shown = spelled(&profile).unwrap();
            let mut config = Config::parse(&shown).unwrap();
            assert_eq!(config.app.profile.pop(), Some(ProfileConfig::of(&profile)));
        }
    }

    /// The documentation holds each profile as it is shown.
    #[test]
    fn every_built_in_profile_is_documented() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/profiles.md");
        let documented = std::fs::read_to_string(file).unwrap();
        for profile in Profile::built_in() {
            let shown = spelled(&profile).unwrap();
            let block = format!("\n## {}\n", profile.name);
            assert!(documented.contains(&block), "{block}");
            let block = format!("\n```toml\n{shown}```\n");
            assert!(
                documented.contains(&block),
                "docs/profiles.md lacks:{block}"
            );
        }
    }
}
