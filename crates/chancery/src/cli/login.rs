//! `login` and `logout`: a token in place of a password or key, saved for later commands.

use std::fs;

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::address::{Resource, ServerUrl};
use super::client::Client;
use super::credential::{Credential, Server};
use super::failure::{Failure, Kind};
use super::object::text;
use super::output;
use super::saved::SavedLogin;
use super::secret::Secret;

const EXAMPLES: &str = "\
The server gives a token for the password (or API key), and the token is saved in
$XDG_CONFIG_HOME/chancery/credentials.json (~/.config/chancery if that is not set),
readable by you alone. It serves later commands until it expires or `chancery logout`
revokes it. A new login takes the place of the old one.

Examples:
  chancery login --url https://ca.example.com:8443 --user joe --ca root.pem
  pass show ca | chancery login --user joe --password-stdin";

/// How the password comes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LoginArgs {
    /// Read the password or API key from standard input instead of asking for it
    #[arg(long, conflicts_with = "api_key_stdin")]
    password_stdin: bool,
}

/// Asks for a token and saves it.
pub(crate) fn login(args: LoginArgs, context: &Context) -> Result<(), Failure> {
    let Some(path) = context.login_path() else {
        return Err(Failure::usage("there is no place to save a login")
            .hint("set HOME or XDG_CONFIG_HOME, or use CHANCERY_USER and CHANCERY_API_KEY"));
    };
    let (server, named) = context.server_and_user()?;
    let user = match named {
        Some(user) => user,
        None => context.input().answer("user: ")?.ok_or_else(|| {
            Failure::usage("who logs in is not said").hint("give --user NAME or set CHANCERY_USER")
        })?,
    };
    let question = format!("password of {user} at {}: ", server.url);
    let secret = context
        .input()
        .password(args.password_stdin, &question, false)?;
    let credential = Credential::Basic {
        user: user.clone(),
        secret,
    };
    let client = Client::new(&server, &credential)?;
    let answer = client
        .post(&Resource::new(&["tokens"]), &json!({}))
        .map_err(remedied)?;
    let Some(token) = answer.get("token").and_then(Value::as_str) else {
        let detail = format!("{} gave no token", server.url);
        return Err(Failure::new(Kind::Unavailable, detail));
    };
    let saved = SavedLogin {
        url: server.url.to_string(),
        user,
        token: Secret::new(token),
        expires: text(&answer, "expires"),
        // Later commands run in other folders.
        ca: server
            .ca
            .map(|path| fs::canonicalize(&path).unwrap_or(path)),
    };
    saved.write(&path)?;
    if context.json() {
        return output::json(&json!({
            "url": saved.url, "user": saved.user, "expires": saved.expires,
        }));
    }
    let SavedLogin {
        url, user, expires, ..
    } = saved;
    output::line(&format!("logged in as {user} at {url} until {expires}"))
}

/// Whoever is logging in need not be told to log in.
fn remedied(mut failure: Failure) -> Failure {
    if failure.kind == Kind::NotAllowed {
        failure.hint = Some("check the user, the password and the server's address".to_owned());
    }
    failure
}

/// Revokes the token and removes it.
pub(crate) fn logout(context: &Context) -> Result<(), Failure> {
    let nothing = || Failure::new(Kind::NotFound, "there is no saved login");
    let path = context.login_path().ok_or_else(nothing)?;
    let saved = match SavedLogin::read(&path) {
        Ok(saved) => saved.ok_or_else(nothing)?,
        Err(failure) => {
            SavedLogin::remove(&path)?;
            return Err(failure);
        }
    };
    let revoked = revoke(&saved);
    SavedLogin::remove(&path)?;
    match revoked {
        Ok(()) => {}
        // It held no more: that is what was wanted.
        Err(failure) if failure.kind == Kind::NotAllowed => {}
        Err(mut failure) => {
            let expires = &saved.expires;
            failure.hint = Some(format!(
                "the login was removed here, but the server holds its token good until {expires}"
            ));
            return Err(failure);
        }
    }
    output::note(&format!("logged out of {}", saved.url));
    Ok(())
}

fn revoke(saved: &SavedLogin) -> Result<(), Failure> {
    let server = Server {
        url: ServerUrl::parse(&saved.url)?,
        ca: saved.ca.clone(),
    };
    let credential = Credential::Token(saved.token.clone());
    Client::new(&server, &credential)?.delete(&Resource::new(&["tokens", "current"]))
}
