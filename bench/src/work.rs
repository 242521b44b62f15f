//! What the load consists of: the requests, prepared before the clock starts wherever that can be done.
//! Must not know how many connections send them, or how long.

use std::path::PathBuf;

use bytes::Bytes;
use clap::Subcommand;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request};

use crate::Error;
use crate::client::{Connection, Target};
use crate::csr::Requests;
use crate::random::Random;
use crate::{ceiling, output};

/// The native API's path of certificates.
pub(crate) const CERTIFICATES: &str = "/chancery/v1/certificates";
/// Cursors to remember: enough to reach every part of a million certificates.
const CURSORS: usize = 2_000;
/// Certificates of a page while the list is walked for cursors: the most that the API gives.
const WALK_LIMIT: u32 = 1_000;
/// Requests to prepare for each second, if their number is not given: more than two cores have ever used up.
const ISSUED_EACH_SECOND: u64 = 12_000;
/// But no more than these, which take some 300 MB.
const MOST_PREPARED: u64 = 500_000;

/// What to send.
#[derive(Subcommand)]
pub(crate) enum Mode {
    /// Issues certificates, each for a new P-256 key; the requests are made beforehand, and the run ends with the last
    Issue(ceiling::Options),
    /// Gets the same path again and again
    Get {
        /// Path and query, from /
        path: String,
        /// "name: value"; may be repeated
        #[arg(long, value_parser = header)]
        header: Vec<(HeaderName, HeaderValue)>,
    },
    /// Posts the same body to the same path again and again
    Post {
        /// Path and query, from /
        path: String,
        /// File with the body
        #[arg(long, value_name = "FILE")]
        body: PathBuf,
        /// Media type of the body
        #[arg(long, default_value = "application/json")]
        content_type: HeaderValue,
        /// "name: value"; may be repeated
        #[arg(long, value_parser = header)]
        header: Vec<(HeaderName, HeaderValue)>,
    },
    /// Lists certificates at random places, found by walking the list once beforehand
    List {
        /// Certificates of a page
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Further query, such as "subject=bench&status=active"
        #[arg(long)]
        query: Option<String>,
    },
    /// Searches subjects for texts, rare and frequent ones in any order: the first page with the total, of
    /// FortiAuthenticator's API
    Search {
        /// Certificates of a page
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// A text to search for; may be repeated. Without any: texts that are in many, some and few of the subjects that
        /// `fill` makes, and in none
        #[arg(long)]
        text: Vec<String>,
    },
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, value) = text
        .split_once(':')
        .ok_or("a header reads \"name: value\"")?;
    Ok((name.trim().parse()?, value.trim().parse()?))
}

/// Requests ready to be sent.
pub(crate) enum Work {
    /// A body each, for the path of certificates.
    Issue(Vec<Bytes>),
    /// Always the same.
    Same {
        method: Method,
        path: String,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    },
    /// Any of these paths.
    AnyOf(Vec<String>),
}

impl Work {
    /// Prepares what `mode` asks for, to last for `requests` requests, or for so many seconds if none are given.
    ///
    /// # Errors
    /// A file cannot be read; the server does not list.
    pub(crate) async fn prepare(
        mode: &Mode,
        target: &Target,
        requests: Option<u64>,
        seconds: u64,
    ) -> Result<Self, Error> {
        match mode {
            Mode::Issue(_) => {
                let count =
                    requests.unwrap_or_else(|| MOST_PREPARED.min(seconds * ISSUED_EACH_SECOND));
                output::note(format_args!("making {count} certificate requests"));
                let source = Requests::begin()?;
                let bodies = tokio::task::spawn_blocking(move || source.bodies(count)).await??;
                Ok(Self::Issue(bodies))
            }
            Mode::Get { path, header } => Ok(Self::Same {
                method: Method::GET,
                path: path.clone(),
                headers: header.clone(),
                body: Bytes::new(),
            }),
            Mode::Post {
                path,
                body,
                content_type,
                header,
            } => {
                let text = std::fs::read(body)
                    .map_err(|error| format!("cannot read {}: {error}", body.display()))?;
                let mut headers = header.clone();
                headers.push((CONTENT_TYPE, content_type.clone()));
                Ok(Self::Same {
                    method: Method::POST,
                    path: path.clone(),
                    headers,
                    body: text.into(),
                })
            }
            Mode::List { limit, query } => {
                let more = query
                    .as_deref()
                    .map(|query| format!("&{query}"))
                    .unwrap_or_default();
                output::note("walking the list for its cursors");
                let cursors = walk(target, &more).await?;
                let first = format!("{CERTIFICATES}?limit={limit}{more}");
                let rest = cursors
                    .iter()
                    .map(|cursor| format!("{first}&after={cursor}"));
                Ok(Self::AnyOf(
                    [first.clone()].into_iter().chain(rest).collect(),
                ))
            }
            Mode::Search { limit, text } => {
                let texts = match text.as_slice() {
                    [] => texts(&mut Random::begin()?),
                    given => given.to_vec(),
                };
                let paths = texts.iter().map(|text| search(text, *limit));
                Ok(Self::AnyOf(paths.collect()))
            }
        }
    }

    /// The request with this number; none if they are used up.
    pub(crate) fn request(
        &self,
        number: u64,
        target: &Target,
        random: &mut Random,
    ) -> Result<Option<Request<Full<Bytes>>>, Error> {
        let built = match self {
            Self::Issue(bodies) => {
                let Some(body) = usize::try_from(number).ok().and_then(|at| bodies.get(at)) else {
                    return Ok(None);
                };
                return Ok(Some(issue(target, body.clone())?));
            }
            Self::Same {
                method,
                path,
                headers,
                body,
            } => {
                let mut request = target.request(method.clone(), path);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                request.body(Full::new(body.clone()))
            }
            Self::AnyOf(paths) => {
                let at = random.below(paths.len() as u64) as usize;
                let Some(path) = paths.get(at) else {
                    return Ok(None);
                };
                target.request(Method::GET, path).body(Full::default())
            }
        };
        Ok(Some(built?))
    }
}

/// The request that issues a certificate; `body` as [`Requests::body`] makes it.
///
/// # Errors
/// None that a body can cause.
pub(crate) fn issue(target: &Target, body: Bytes) -> Result<Request<Full<Bytes>>, Error> {
    let request = target
        .request(Method::POST, CERTIFICATES)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json");
    Ok(request.body(Full::new(body))?)
}

/// The cursors of all pages of the list, the first `CURSORS` at most.
async fn walk(target: &Target, more: &str) -> Result<Vec<String>, Error> {
    let mut connection = Connection::open(target).await?;
    let mut cursors = Vec::new();
    let mut path = format!("{CERTIFICATES}?limit={WALK_LIMIT}{more}");
    while cursors.len() < CURSORS {
        let request = target.request(Method::GET, &path).body(Full::default())?;
        let page = connection.exchange(request).await?.json()?;
        let Some(next) = page.get("next").and_then(serde_json::Value::as_str) else {
            break;
        };
        path = format!("{CERTIFICATES}?limit={WALK_LIMIT}{more}&after={next}");
        cursors.push(next.to_owned());
    }
    Ok(cursors)
}

/// Texts to search for among subjects that end in seven digits: half of them in few subjects or none, the others in more.
fn texts(random: &mut Random) -> Vec<String> {
    let frequent = ["bench", "CN=", "e", "00", "-000", "ch-", "nobody"];
    let mut texts = Vec::new();
    for digits in [3_u32, 4, 5, 6, 7] {
        for _ in 0..40 {
            let number = random.below(10_u64.pow(digits));
            texts.push(format!("{number:0width$}", width = digits as usize));
        }
    }
    texts.extend(frequent.iter().cycle().take(200).map(ToString::to_string));
    texts
}

/// The path of a search.
fn search(text: &str, limit: u32) -> String {
    let mut path = format!("/api/v1/usercerts/?limit={limit}&subject__icontains=");
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() {
            path.push(char::from(octet));
        } else {
            path.push_str(&format!("%{octet:02X}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_in_paths() {
        let path = search("CN=a b&\u{f6}", 7);
        assert_eq!(
            path,
            "/api/v1/usercerts/?limit=7&subject__icontains=CN%3Da%20b%26%C3%B6"
        );
    }

    #[test]
    fn as_many_rare_texts_as_frequent_ones_are_searched_for() {
        let texts = texts(&mut Random::begin().unwrap());
        let rare = texts
            .iter()
            .filter(|text| text.parse::<u64>().is_ok_and(|number| number > 0));
        assert!((150..=200).contains(&rare.count()), "{texts:?}");
    }
}
