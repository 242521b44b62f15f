//! The command line: its grammar and its common ground. Every command but `serve` and `config` is a client of the native
//! API. Must not know the engine: what a command can do, any program can do over HTTP.

mod address;
mod audit;
mod authority;
#[cfg(test)]
mod canned;
mod cert;
mod client;
mod completions;
mod credential;
mod domain;
mod environment;
mod failure;
mod file;
mod input;
mod interrupt;
mod list;
mod login;
mod object;
mod order;
pub(crate) mod output;
mod profile;
mod progress;
mod record;
mod revocation;
mod saved;
mod secret;
mod table;
mod user;
mod whoami;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{self, ConfigCommand};
use crate::serve::{self, ServeOptions};

use self::client::Client;
use self::credential::{Server, Sources};
use self::environment::Environment;
use self::failure::Failure;
use self::input::Input;
use self::saved::SavedLogin;

const ABOUT: &str = "A certificate authority that answers in many management APIs";

const LONG_ABOUT: &str = "\
A certificate authority that answers in many management APIs.

`chancery serve`, or `chancery` alone, runs the server. All other commands speak to a running server, by noun and verb: \
`chancery cert issue`, `chancery user add`. `chancery NOUN --help` lists the verbs, `chancery NOUN VERB --help` teaches \
one with examples.";

/// Ends every `--help` of the whole program; the table that scripts rely on.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0     done
  1     refused by the server, or a file here could not be read or written
  2     wrong usage
  3     not found
  4     not authenticated, or not allowed
  5     server not reachable, or a fault of its own
  130   interrupted by Ctrl-C";

const REACHING: &str = "\
Which server, and as whom, is decided in this order:
  1. flags                --url --user --ca --api-key-stdin
  2. variables            CHANCERY_URL CHANCERY_USER CHANCERY_API_KEY CHANCERY_CA
  3. saved login          what `chancery login` left, for the server it is for
  4. ./chancery-data      administrator.json and ca/root.pem of a server that was
                          started in this folder, for that server alone
  5. https://localhost:8443, and the system's trusted certificates
CHANCERY_API_KEY may hold an API key or a password. No secret is taken as a flag,
where every user of the machine could see it.";

const EXAMPLES: &str = "\
Examples:
  chancery serve --data ./chancery-data
  chancery login --url https://ca.example.com:8443 --user joe --ca root.pem
  chancery cert issue --csr server.csr --pem > server.pem
  chancery cert list --subject joe --status active
  chancery cert revoke 7a7e3d52c01b4f6688aa0917 --reason key-compromise
  chancery cert list --all --json | jq -r '.[].id'";

/// The whole command line.
#[derive(Parser, Debug)]
#[command(name = "chancery", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(after_long_help = format!("{REACHING}\n\n{EXIT_CODES}\n\n{EXAMPLES}"))]
struct Cli {
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    serve: ServeOptions,

    #[command(subcommand)]
    command: Option<Command>,
}

/// How to reach a server and how to answer; the same for every command that speaks to one.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Options of commands that speak to a server")]
pub(crate) struct Connection {
    /// The server [variable: CHANCERY_URL] [default: https://localhost:8443]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,

    /// The user who calls [variable: CHANCERY_USER]
    #[arg(long, global = true, value_name = "USER")]
    user: Option<String>,

    /// Read the API key or password from standard input [variable: CHANCERY_API_KEY]
    #[arg(long, global = true)]
    api_key_stdin: bool,

    /// PEM file with the root to trust [variable: CHANCERY_CA] [default: ./chancery-data/ca/root.pem if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Print the server's objects as JSON; lists as one array
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server; also what no command at all does
    Serve(ServeOptions),
    /// Check or print the server's configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Certificates: issue, import, find, export, renew, regenerate, hold, revoke, delete
    #[command(subcommand, after_help = cert::EXAMPLES)]
    Cert(cert::CertCommand),
    /// Work orders: list, show, approve, reject what others asked for
    #[command(subcommand, after_help = order::EXAMPLES)]
    Order(order::OrderCommand),
    /// Revoking many certificates at once: look, start, follow, stop, resume
    #[command(subcommand, after_help = revocation::EXAMPLES)]
    Revocation(revocation::RevocationCommand),
    /// Certificate records of devices, and signing their requests
    #[command(subcommand, after_help = record::EXAMPLES)]
    Record(record::RecordCommand),
    /// Users: add, list, change, remove, API keys
    #[command(subcommand, after_help = user::EXAMPLES)]
    User(user::UserCommand),
    /// Domains, which hold users and their certificates apart
    #[command(subcommand)]
    Domain(domain::DomainCommand),
    /// Authorities: list, add, request and import, roll over, retire
    #[command(subcommand, after_help = authority::EXAMPLES)]
    Authority(authority::AuthorityCommand),
    /// Profiles: what each kind of certificate may be
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Who did what, newest first
    Audit(audit::AuditArgs),
    /// Show the user that the server takes you for
    Whoami,
    /// Save a login, so that later commands need no credential
    Login(login::LoginArgs),
    /// Revoke and remove the saved login
    Logout,
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the OpenAPI document of the native API
    Openapi,
}

/// Reads the arguments and does what they say.
pub(crate) fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match arranged(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let context = Context {
        flags: cli.connection,
        environment: Environment::read(),
        input: Input::default(),
    };
    let done = match cli.command {
        None => return serve::run(cli.serve),
        Some(Command::Serve(options)) => return serve::run(options),
        Some(Command::Config(command)) => return config::run(command),
        Some(Command::Cert(command)) => cert::run(command, &context),
        Some(Command::Order(command)) => order::run(command, &context),
        Some(Command::Revocation(command)) => revocation::run(command, &context),
        Some(Command::Record(command)) => record::run(command, &context),
        Some(Command::User(command)) => user::run(command, &context),
        Some(Command::Domain(command)) => domain::run(command, &context),
        Some(Command::Authority(command)) => authority::run(command, &context),
        Some(Command::Profile(command)) => profile::run(command, &context),
        Some(Command::Audit(args)) => audit::run(args, &context),
        Some(Command::Whoami) => whoami::run(&context),
        Some(Command::Login(args)) => login::login(args, &context),
        Some(Command::Logout) => login::logout(&context),
        Some(Command::Completions(args)) => completions::run(args, Cli::command()),
        Some(Command::Openapi) => output::bytes(chancery_http::openapi::text().as_bytes()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::problem(&failure);
            ExitCode::from(failure.kind.code())
        }
    }
}

/// The arguments, unless options of the server stand before a command that has no use for them.
fn arranged(matches: &ArgMatches) -> Result<Cli, clap::Error> {
    if let Some(command) = matches.subcommand_name() {
        let options = ServeOptions::augment_args(clap::Command::new("serve"));
        let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if let Some(option) = options
            .get_arguments()
            .find(|option| given(option.get_id().as_str()))
        {
            let name = option.get_id();
            let message = format!(
                "--{name} is an option of the server: write it after `serve`, not before `{command}`"
            );
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
        }
    }
    Cli::from_arg_matches(matches)
}

/// What every command that speaks to a server has at hand.
pub(crate) struct Context {
    flags: Connection,
    environment: Environment,
    input: Input,
}

impl Context {
    /// Are results to be printed as JSON?
    pub(crate) fn json(&self) -> bool {
        self.flags.json
    }

    /// How wide a table may be; none: as wide as it gets.
    pub(crate) fn width(&self) -> Option<usize> {
        output::width(self.environment.columns)
    }

    /// Where files and secrets are read from.
    pub(crate) fn input(&self) -> &Input {
        &self.input
    }

    /// Where the saved login lies.
    pub(crate) fn login_path(&self) -> Option<PathBuf> {
        SavedLogin::path(&self.environment)
    }

    /// The server, and the user that was named, for a command that brings its own credential.
    pub(crate) fn server_and_user(&self) -> Result<(Server, Option<String>), Failure> {
        // A login that cannot be read is about to be replaced.
        let saved = self.saved_login().unwrap_or_default();
        let sources = Sources::read(&self.flags, &self.environment, None, saved);
        Ok((sources.server()?, sources.user().map(str::to_owned)))
    }

    /// A client of the server, as the caller.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let from_input = self.flags.api_key_stdin;
        let api_key = from_input
            .then(|| self.input.secret("--api-key-stdin"))
            .transpose()?;
        let saved = match self.saved_login() {
            // A login that cannot be read is no matter to whoever needs none.
            Err(_) if api_key.is_some() || self.environment.api_key.is_some() => None,
            read => read?,
        };
        let sources = Sources::read(&self.flags, &self.environment, api_key, saved);
        let server = sources.server()?;
        let credential = sources.credential(&server)?;
        Client::new(&server, &credential)
    }

    fn saved_login(&self) -> Result<Option<SavedLogin>, Failure> {
        self.login_path()
            .map_or(Ok(None), |path| SavedLogin::read(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exit code of wrong arguments; none if they are right.
    fn wrong(arguments: &str) -> Option<i32> {
        let words = std::iter::once("chancery").chain(arguments.split_whitespace());
        let read = Cli::command().try_get_matches_from(words);
        read.and_then(|matches| arranged(&matches))
            .err()
            .map(|error| error.exit_code())
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn documented_commands_are_understood() {
        let mut taught = 0;
        let mut left = vec![Cli::command()];
        while let Some(command) = left.pop() {
            let long = command
                .get_after_long_help()
                .or_else(|| command.get_after_help());
            let help = long.map(ToString::to_string).unwrap_or_default();
            for line in help
                .lines()
                .filter_map(|line| line.strip_prefix("  chancery "))
            {
                let arguments = line.split(['|', '>', '<']).next().unwrap_or(line);
                let arguments = arguments.trim_end().trim_end_matches('\\');
                // What is quoted is one word.
                let parts = arguments.split('\'').enumerate();
                let arguments: String = parts
                    .map(|(at, part)| match at % 2 {
                        0 => part.to_owned(),
                        _ => part.replace(' ', "_"),
                    })
                    .collect();
                assert_eq!(wrong(&arguments), None, "chancery {arguments}");
                taught += 1;
            }
            left.extend(command.get_subcommands().cloned());
        }
        assert!(taught > 30, "{taught}");
    }

    #[test]
    fn commands_that_scripts_rely_on_are_understood() {
        for arguments in [
            "",
            "--data d --https 127.0.0.1:0",
            "serve --data d --config f --http 127.0.0.1:0",
            "--json cert list",
            "cert list --json --url https://ca",
            "cert issue --csr f --pem",
            "cert hold 1",
            "cert release joe-7a7e3d52",
            "cert revoke 1 --reason key-compromise",
            "cert list --subject joe --status active",
            "user add joe --id 000000003002 --domain 000000001001 --role self-service --password-stdin",
            "completions bash",
        ] {
            assert_eq!(wrong(arguments), None, "{arguments}");
        }
    }

    #[test]
    fn wrong_usage_ends_with_two() {
        for arguments in [
            "--data d cert list",
            "--config f serve",
            "cert",
            "cert issue",
            "cert issue --csr f --key ec-p256",
            "cert issue --csr f --subject CN=x --pem --json",
            "cert issue --key rsa-1024 --subject CN=x",
            "cert revoke 1",
            "cert revoke 1 --reason because",
            "cert list --status good",
            "cert list --limit 0",
            "cert list --limit 5 --all",
            "revocation start --reason superseded",
            "revocation start --domain d1",
            "revocation stop",
            "revocation release --yes",
            "revocation release x",
            "cert show",
            "cert export 1",
            "cert import",
            "user change 1",
            "user add joe --role root",
            "cert list --api-key secret",
        ] {
            assert_eq!(wrong(arguments), Some(2), "{arguments}");
        }
    }

    /// The kind of a key, the file of a key, the digest of a key.
    const NO_SECRETS: [&str; 3] = ["key", "private_key", "subject_key_id"];

    #[test]
    fn no_secret_is_taken_as_a_flag() {
        let mut left = vec![Cli::command()];
        while let Some(command) = left.pop() {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let secret = ["password", "key", "token"]
                    .iter()
                    .any(|word| id.contains(word));
                if secret && !NO_SECRETS.contains(&id) {
                    let takes_value = argument.get_action().takes_values();
                    assert!(!takes_value, "{} {id}", command.get_name());
                }
            }
            left.extend(command.get_subcommands().cloned());
        }
    }
}
