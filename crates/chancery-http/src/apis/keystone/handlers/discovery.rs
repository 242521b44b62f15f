//! What a client finds without a token: versions, extensions, and that there is nothing else.

use axum::http::{Method, StatusCode, Uri};

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{BaseUrl, Segment};
use super::super::map::access;
use super::super::wire::Document;
use super::super::wire::discovery::Values;

/// The versions. 300, as Keystone answers where there is something to choose.
pub(crate) async fn versions(BaseUrl(url): BaseUrl) -> Answer {
    let values = vec![access::version(&url)];
    Answer::with_status(
        StatusCode::MULTIPLE_CHOICES,
        Document::Versions(Values { values }),
    )
}

/// The version.
pub(crate) async fn version(BaseUrl(url): BaseUrl) -> Answer {
    Answer::ok(Document::Version(access::version(&url)))
}

/// The extensions.
pub(crate) async fn extensions() -> Answer {
    Answer::ok(Document::Extensions(Values {
        values: vec![access::extension()],
    }))
}

/// One extension.
pub(crate) async fn extension(Segment(alias): Segment) -> Result<Answer, Fault> {
    let extension = access::extension();
    if alias != extension.alias {
        return Err(Fault::new(Kind::ItemNotFound, "there is no such extension"));
    }
    Ok(Answer::ok(Document::Extension(extension)))
}

/// Any other path of this API.
pub(crate) async fn unknown(uri: Uri) -> Fault {
    Fault::new(
        Kind::ItemNotFound,
        format!("there is nothing at {}", uri.path()),
    )
}

/// A method that a path does not have.
pub(crate) async fn wrong_method(method: Method) -> Fault {
    Fault::new(
        Kind::MethodNotAllowed,
        format!("{method} is not possible here: the Allow header lists what is"),
    )
}
