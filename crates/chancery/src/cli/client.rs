//! The client of the native API: one request in, the server's object or a [`Failure`] out. Must not know commands.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, Request, Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Body, Proxy};

use super::address::{Resource, ServerUrl};
use super::credential::{Credential, Server};
use super::failure::{Failure, Kind};
use super::file;

/// A server whose certificate comes from a public authority is proved by the first of these that is there.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The longest answer that is read: a thousand certificates with all that is said of each.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Great RSA keys and batches take their time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// Speaks to one server as one caller, over connections that are kept.
pub(crate) struct Client {
    http: ureq::Agent,
    url: ServerUrl,
    authorization: String,
    /// What to do if the server does not accept the credential.
    remedy: &'static str,
}

impl Client {
    /// A client for that server. Nothing is sent yet.
    pub(crate) fn new(server: &Server, credential: &Credential) -> Result<Client, Failure> {
        let tls = TlsConfig::builder().root_certs(trusted(server)?);
        // A proxy's business is with other machines.
        let proxy = if server.url.is_loopback() {
            None
        } else {
            Proxy::try_from_env()
        };
        let config = ureq::config::Config::builder()
            .tls_config(tls.build())
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("chancery/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .build();
        let (authorization, remedy) = match credential {
            Credential::Basic { user, secret } => {
                if user.contains(':') {
                    let detail = format!("the user's name {user:?} holds a colon");
                    return Err(Failure::usage(detail).hint("give the user's id instead"));
                }
                let pair = STANDARD.encode(format!("{user}:{}", secret.expose()));
                (
                    format!("Basic {pair}"),
                    "check CHANCERY_USER and CHANCERY_API_KEY, or run `chancery login`",
                )
            }
            Credential::Token(token) => (
                format!("Bearer {}", token.expose()),
                "the saved login holds no more: run `chancery login`",
            ),
        };
        Ok(Client {
            http: config.new_agent(),
            url: server.url.clone(),
            authorization,
            remedy,
        })
    }

    /// GET; the object.
    pub(crate) fn read(&self, resource: &Resource) -> Result<Value, Failure> {
        self.object("GET", resource, None)
    }

    /// GET; the body, whatever it is.
    pub(crate) fn read_bytes(&self, resource: &Resource) -> Result<Vec<u8>, Failure> {
        self.call("GET", resource, "*/*", None)
    }

    /// POST; the object that came of it, `null` if the server says no more than that it is done.
    pub(crate) fn post(&self, resource: &Resource, object: &Value) -> Result<Value, Failure> {
        self.object("POST", resource, Some(object))
    }

    /// POST; the body that came of it, whatever it is.
    pub(crate) fn post_for_bytes(
        &self,
        resource: &Resource,
        object: &Value,
    ) -> Result<Vec<u8>, Failure> {
        self.call("POST", resource, "*/*", Some(object))
    }

    /// PATCH; the changed object.
    pub(crate) fn change(&self, resource: &Resource, object: &Value) -> Result<Value, Failure> {
        self.object("PATCH", resource, Some(object))
    }

    /// DELETE.
    pub(crate) fn delete(&self, resource: &Resource) -> Result<(), Failure> {
        self.call("DELETE", resource, "application/json", None)
            .map(drop)
    }

    fn object(
        &self,
        method: &str,
        resource: &Resource,
        object: Option<&Value>,
    ) -> Result<Value, Failure> {
        let body = self.call(method, resource, "application/json", object)?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| {
            let detail = format!("{} answered something that is not JSON", self.url);
            Failure::new(Kind::Unavailable, detail).hint(NOT_OURS)
        })
    }

    fn call(
        &self,
        method: &str,
        resource: &Resource,
        accept: &str,
        object: Option<&Value>,
    ) -> Result<Vec<u8>, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(self.url.of(resource))
            .header(ACCEPT, accept)
            .header(AUTHORIZATION, &self.authorization);
        let answer = match object {
            Some(object) => request
                .header(CONTENT_TYPE, "application/json")
                .body(object.to_string())
                .map_err(|_| self.unsendable())
                .map(|request| self.http.run(request))?,
            None => request
                .body(())
                .map_err(|_| self.unsendable())
                .map(|request| self.http.run(request))?,
        };
        let mut answer = answer.map_err(|error| unreachable(&self.url, &error))?;
        let body = answer
            .body_mut()
            .with_config()
            .limit(LONGEST_ANSWER)
            .read_to_vec();
        let body = body.map_err(|error| unreachable(&self.url, &error))?;
        if answer.status().is_success() {
            return Ok(body);
        }
        Err(self.refusal(&answer, &body))
    }

    /// A user or key with characters that a header cannot hold.
    fn unsendable(&self) -> Failure {
        Failure::usage("the credential holds characters that cannot be sent").hint(self.remedy)
    }

    fn refusal(&self, answer: &Response<Body>, body: &[u8]) -> Failure {
        let mut failure = refusal(answer.status(), answer.headers(), body);
        if answer.status() == StatusCode::UNAUTHORIZED {
            failure.hint = Some(self.remedy.to_owned());
        }
        failure
    }
}

const NOT_OURS: &str =
    "is there a Chancery server at that address? --url or CHANCERY_URL says where it is";
const NOT_RUNNING: &str =
    "is it running? `chancery serve` starts one here; --url or CHANCERY_URL says where it is";
const UNPROVED: &str =
    "name the root that vouches for it, the server's ca/root.pem, with --ca or CHANCERY_CA";

/// What a status other than 2xx and its RFC 9457 problem mean for a command.
fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let kind = match status.as_u16() {
        401 | 403 => Kind::NotAllowed,
        404 => Kind::NotFound,
        400..=499 => Kind::Refused,
        _ => Kind::Unavailable,
    };
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| problem.get(name).and_then(Value::as_str);
    let word = member("type").and_then(|uri| uri.strip_prefix("urn:chancery:problem:"));
    let detail = member("detail").or_else(|| member("title"));
    let Some(detail) = detail else {
        return Failure::new(kind, format!("the server answered {status}")).hint(NOT_OURS);
    };
    let request = headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok());
    let mut failure = Failure::new(kind, detail);
    failure.retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    failure.hint = hint(word.unwrap_or_default(), failure.retry_after, request);
    failure
}

/// The remedy for a kind of problem, where the server's words do not say it all.
fn hint(problem: &str, retry_after: Option<Duration>, request: Option<&str>) -> Option<String> {
    let text = match problem {
        "no-private-key" => "only a key that the server made can be exported: try --format chain",
        "user-disabled" => "an administrator can enable the user: chancery user enable ID",
        "policy" => "`chancery profile list` shows what each profile allows",
        "throttled" | "busy" => {
            let seconds = retry_after.map_or(1, |wait| wait.as_secs());
            return Some(format!("try again in {seconds} s"));
        }
        "internal" => {
            let request = request?;
            return Some(format!(
                "the server's log tells more under request {request}"
            ));
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn unreachable(url: &ServerUrl, error: &ureq::Error) -> Failure {
    let (what, remedy) = match error {
        ureq::Error::Rustls(error) => (error.to_string(), UNPROVED),
        ureq::Error::Io(error) if is_tls(error) => (error.to_string(), UNPROVED),
        ureq::Error::Io(error) => (error.to_string(), NOT_RUNNING),
        ureq::Error::Timeout(_) => ("it took too long".to_owned(), NOT_RUNNING),
        other => (other.to_string(), NOT_RUNNING),
    };
    let detail = format!("{url} cannot be reached: {what}");
    Failure::new(Kind::Unavailable, detail).hint(remedy)
}

/// During the handshake what is wrong with a certificate comes as an error of reading.
fn is_tls(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

fn trusted(server: &Server) -> Result<RootCerts, Failure> {
    if server.url.is_plain() {
        return Ok(RootCerts::Specific(Arc::default()));
    }
    let system = || {
        SYSTEM_ROOTS
            .iter()
            .map(std::path::PathBuf::from)
            .find(|path| path.is_file())
    };
    let Some(path) = server.ca.clone().or_else(system) else {
        return Err(Failure::usage("nothing says which certificates to trust")
            .hint("name the server's ca/root.pem with --ca or CHANCERY_CA"));
    };
    let pem = file::read(&path)?;
    let roots: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        let detail = format!("{} holds no PEM certificate to trust", path.display());
        return Err(
            Failure::usage(detail).hint("--ca and CHANCERY_CA name the server's ca/root.pem")
        );
    }
    Ok(RootCerts::Specific(Arc::new(roots)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().expect("a value"));
        headers.insert("x-request-id", "ab12".parse().expect("a value"));
        refusal(status, &headers, body.as_bytes())
    }

    #[test]
    fn statuses_become_exit_codes() {
        for (status, code) in [
            (400, 1),
            (401, 4),
            (403, 4),
            (404, 3),
            (405, 1),
            (409, 1),
            (413, 1),
            (415, 1),
            (422, 1),
            (429, 1),
            (302, 5),
            (500, 5),
            (503, 5),
        ] {
            assert_eq!(of(status, "").kind.code(), code, "{status}");
        }
    }

    #[test]
    fn problems_are_told_with_their_remedy() {
        let failure = of(
            409,
            r#"{"type": "urn:chancery:problem:no-private-key", "detail": "the server holds no key"}"#,
        );
        assert_eq!(failure.detail, "the server holds no key");
        assert!(
            failure
                .hint
                .is_some_and(|hint| hint.contains("--format chain"))
        );
        let failure = of(
            500,
            r#"{"type": "urn:chancery:problem:internal", "title": "internal"}"#,
        );
        assert_eq!(failure.detail, "internal");
        assert!(failure.hint.is_some_and(|hint| hint.contains("ab12")));
        let failure = of(
            503,
            r#"{"type": "urn:chancery:problem:busy", "detail": "busy"}"#,
        );
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(failure.hint.as_deref(), Some("try again in 7 s"));
    }

    #[test]
    fn other_servers_are_recognised() {
        let failure = of(404, "<html>not here</html>");
        assert_eq!(failure.detail, "the server answered 404 Not Found");
        assert_eq!(failure.hint.as_deref(), Some(NOT_OURS));
    }

    #[test]
    fn roots_are_read_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.pem");
        let server = Server {
            url: ServerUrl::parse("https://ca").expect("a URL"),
            ca: Some(path.clone()),
        };
        assert_eq!(
            trusted(&server).map(drop).map_err(|f| f.kind),
            Err(Kind::Refused)
        );
        std::fs::write(&path, "nothing").expect("a file");
        assert_eq!(
            trusted(&server).map(drop).map_err(|f| f.kind),
            Err(Kind::Usage)
        );
    }
}
