//! Reading a form of several parts (`multipart/form-data`, RFC 7578) from a body that has arrived whole, within limits.
//! Must not know which parts an API wants.

use std::convert::Infallible;
use std::fmt;

use axum::http::header::CONTENT_DISPOSITION;
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};

/// Most parts of a form.
const MOST_PARTS: usize = 16;
/// Most octets of one part.
const LARGEST_PART: u64 = 256 * 1024;
/// Most octets of a part's name.
const LONGEST_NAME: usize = 128;
/// Most octets of a boundary (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The parts of a form, each with a name of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Form(Vec<(String, Bytes)>);

/// Why a body is no form that is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FormFault {
    /// The Content-Type names no boundary, a bad one, or another media type.
    ContentType,
    /// A part has no name, two, or one that is too long.
    Name,
    /// Two parts have that name.
    Twice(String),
    /// More than [`MOST_PARTS`].
    TooMany,
    /// A part is larger than [`LARGEST_PART`].
    TooLarge,
    /// A part's content is not text, where text is wanted.
    NotText(String),
    /// The body breaks off, or its framing is wrong.
    Broken,
}

impl Form {
    /// Reads a body, whose Content-Type says where its parts end.
    pub(crate) fn read(content_type: &str, body: Bytes) -> Result<Form, FormFault> {
        let boundary = boundary(content_type).ok_or(FormFault::ContentType)?;
        let whole = stream::iter([Ok::<_, Infallible>(body)]);
        let limits = SizeLimit::new().per_field(LARGEST_PART);
        let constraints = Constraints::new().size_limit(limits);
        let multipart = Multipart::with_constraints(whole, boundary, constraints);
        // The body is here already, so nothing is waited for.
        parts(multipart)
            .now_or_never()
            .unwrap_or(Err(FormFault::Broken))
    }

    /// A part's content.
    pub(crate) fn part(&self, name: &str) -> Option<&Bytes> {
        let part = self.0.iter().find(|(known, _)| known == name);
        part.map(|(_, content)| content)
    }

    /// A part's content as text, without white space around it.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, FormFault> {
        let Some(content) = self.part(name) else {
            return Ok(None);
        };
        match std::str::from_utf8(content) {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(FormFault::NotText(name.to_owned())),
        }
    }
}

async fn parts(mut multipart: Multipart<'_>) -> Result<Form, FormFault> {
    let mut parts: Vec<(String, Bytes)> = Vec::new();
    while let Some(field) = multipart.next_field().await? {
        let name = name(&field).unwrap_or_default();
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(FormFault::Name);
        }
        if parts.iter().any(|(known, _)| *known == name) {
            return Err(FormFault::Twice(name));
        }
        if parts.len() == MOST_PARTS {
            return Err(FormFault::TooMany);
        }
        parts.push((name, field.bytes().await?));
    }
    Ok(Form(parts))
}

/// What stands between the parts, if the media type is a form's. Clients leave out quotes that they owe.
fn boundary(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(content_type, "boundary")
        .filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()))
}

/// A part's name. The parser of the form would take one out of the name of a file.
fn name(part: &Field<'_>) -> Option<String> {
    let disposition = part.headers().get(CONTENT_DISPOSITION)?;
    parameter(&String::from_utf8_lossy(disposition.as_bytes()), "name")
}

/// A parameter of a header's value (RFC 2045, section 5.1), as it is or in quotes. None if it is missing, stands there
/// twice or has no quotes at its end.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let (mut quoted, mut escaped) = (false, false);
    let pieces = value.split(|c| {
        let separates = c == ';' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        separates
    });
    let mut found = pieces.skip(1).filter_map(|piece| {
        let (name, text) = piece.split_once('=')?;
        let is_wanted = name.trim().eq_ignore_ascii_case(wanted);
        is_wanted.then_some(text.trim())
    });
    let (text, None) = (found.next()?, found.next()) else {
        return None;
    };
    let Some(text) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let text = text.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

impl From<multer::Error> for FormFault {
    fn from(error: multer::Error) -> FormFault {
        match error {
            multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
                FormFault::TooLarge
            }
            _ => FormFault::Broken,
        }
    }
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormFault::ContentType => f.write_str(
                "the Content-Type must be multipart/form-data and name the boundary between the parts",
            ),
            FormFault::Name => write!(
                f,
                "every part of the form needs one name, of at most {LONGEST_NAME} octets"
            ),
            FormFault::Twice(name) => write!(f, "the form has the part {name:?} twice"),
            FormFault::TooMany => write!(f, "the form has more than {MOST_PARTS} parts"),
            FormFault::TooLarge => {
                write!(f, "a part of the form is larger than {LARGEST_PART} octets")
            }
            FormFault::NotText(name) => write!(f, "the part {name:?} is not text in UTF-8"),
            FormFault::Broken => f.write_str(
                "the form breaks off or its parts are not separated by the boundary that the Content-Type names",
            ),
        }
    }
}

impl std::error::Error for FormFault {}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XX";

    fn read(content_type: &str, body: &str) -> Result<Form, FormFault> {
        Form::read(content_type, Bytes::copy_from_slice(body.as_bytes()))
    }

    fn part(head: &str, content: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    #[track_caller]
    fn refused(content_type: &str, body: &str, want: FormFault) {
        assert_eq!(
            read(content_type, body),
            Err(want),
            "{content_type} {body:.200}"
        );
    }

    #[test]
    fn parts_are_read_as_text_or_files() {
        let file = "name=\"csr\"; filename=\"a b.csr\"\r\nContent-Type: application/octet-stream";
        let body = format!(
            "preamble\r\n{}{}--XX--\r\nepilogue",
            part("name=\"cert_id\"", " joe \r\n"),
            part(file, "\u{1}--X\r\n--X\r\n")
        );
        for content_type in [TYPE, "Multipart/Form-Data; charset=utf-8; boundary=\"XX\""] {
            let form = read(content_type, &body).unwrap();
            assert_eq!(form.text("cert_id"), Ok(Some("joe")));
            let csr = form.part("csr").map(|content| content.as_ref());
            assert_eq!(csr, Some(b"\x01--X\r\n--X\r\n".as_slice()));
            assert_eq!(form.text("expiry"), Ok(None));
        }
        let binary = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--XX--";
        let form = Form::read(TYPE, Bytes::from_static(binary)).unwrap();
        assert_eq!(form.text("a"), Err(FormFault::NotText("a".to_owned())));
        assert_eq!(read(TYPE, "--XX--\r\n"), Ok(Form(Vec::new())));
    }

    #[test]
    fn boundaries_are_needed() {
        let body = format!("{}--XX--\r\n", part("name=\"a\"", "b"));
        let long = format!("multipart/form-data; boundary={}", "X".repeat(71));
        for content_type in [
            "",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=XX",
            "application/json",
            "application/x-www-form-urlencoded; boundary=XX",
            &long,
        ] {
            refused(content_type, &body, FormFault::ContentType);
        }
        refused("multipart/form-data; boundary=YY", &body, FormFault::Broken);
    }

    #[test]
    fn a_files_name_is_not_taken_for_the_parts() {
        let end = "--XX--\r\n";
        for head in [
            "filename=\"x; name=evil\"; name=\"csr\"",
            "filename=\"\\\"; name=\\\"evil\\\"\"; NAME=csr",
            "filename=\"\u{fc}\"; Name = \"csr\" ",
        ] {
            let form = read(TYPE, &(part(head, "b") + end)).unwrap();
            assert_eq!(form.text("csr"), Ok(Some("b")), "{head}");
        }
        for head in ["name=a; name=b", "name=\"a", "filename=\"; name=a"] {
            refused(TYPE, &(part(head, "b") + end), FormFault::Name);
        }
    }

    #[test]
    fn boundaries_are_read_without_the_quotes_that_they_need() {
        for boundary in ["----=_Part_1_2.3", "a:b", "===="] {
            let body = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--{boundary}--\r\n"
            );
            for content_type in [
                format!("multipart/form-data; boundary={boundary}"),
                format!("multipart/form-data;boundary = \"{boundary}\"; charset=utf-8"),
            ] {
                let form = read(&content_type, &body).unwrap();
                assert_eq!(form.text("a"), Ok(Some("b")), "{content_type}");
            }
        }
        let twice = "multipart/form-data; boundary=XX; boundary=YY";
        refused(twice, "--XX--\r\n", FormFault::ContentType);
    }

    #[test]
    fn names_are_single_and_parts_few_and_small() {
        let end = "--XX--\r\n";
        let twice = part("name=\"a\"", "b") + &part("name=a", "") + end;
        refused(TYPE, &twice, FormFault::Twice("a".to_owned()));
        for head in ["filename=\"a\"", "name=\"\""] {
            refused(TYPE, &(part(head, "b") + end), FormFault::Name);
        }
        let long = format!("name=\"{}\"", "n".repeat(LONGEST_NAME + 1));
        refused(TYPE, &(part(&long, "b") + end), FormFault::Name);
        let many = |count: usize| -> String {
            (0..count)
                .map(|n| part(&format!("name=\"{n}\""), "b"))
                .chain([end.to_owned()])
                .collect()
        };
        assert!(read(TYPE, &many(MOST_PARTS)).is_ok());
        refused(TYPE, &many(MOST_PARTS + 1), FormFault::TooMany);
        let large = "b".repeat(usize::try_from(LARGEST_PART).unwrap() + 1);
        refused(TYPE, &(part("name=a", &large) + end), FormFault::TooLarge);
    }

    #[test]
    fn what_breaks_off_is_refused() {
        let body = part("name=\"a\"", "b") + "--XX--\r\n";
        for length in 0..body.len() - 4 {
            assert!(read(TYPE, &body[..length]).is_err(), "{length}");
        }
        refused(TYPE, &body.replace("Content", "\u{1}"), FormFault::Broken);
    }
}
