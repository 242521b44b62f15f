//! The certificates of authorities (RFC 5280, section 4.2.2.1; media types of RFC 2585 and RFC 8551, section 3.2.1).

use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use chancery_app::Error;
use chancery_core::x509::{pem, pkcs7};

use super::document::{Asked, Document, tag_of};
use super::fault;
use super::octets::Octets;
use crate::kit::media;
use crate::shared::Shared;

/// What is said of an address that no file can have.
pub(super) const NO_FILE: Error =
    Error::NotFound("file: ask for NAME.cer, NAME.pem, NAME-chain.pem or NAME.p7c");

/// How an authority's certificate is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// DER: what certificates name.
    Der,
    /// PEM.
    Pem,
    /// With those above it up to the root, PEM.
    Chain,
    /// The same as PKCS#7.
    Bag,
}

/// `GET /ca/NAME.cer` and the other forms.
pub(super) async fn certificate(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    let asked = Asked::by(request);
    let Some((name, form)) = form_of(&file) else {
        return fault(&NO_FILE, asked.headers());
    };
    let written = shared
        .app
        .authority_chain(name)
        .and_then(|chain| form.write(&chain));
    let octets = match written {
        Ok(octets) => octets,
        Err(error) => return fault(&error, asked.headers()),
    };
    let document = Document {
        media_type: form.media_type(),
        tag: tag_of(&octets),
        cache: "public, max-age=3600",
        modified: None,
        expires: None,
        octets: Octets::Here(octets),
    };
    document.answer(&asked, shared.app.now())
}

/// The authority and the form that a file's name asks for. An authority may itself be named `x-chain`: `x-chain.cer` is its.
fn form_of(file: &str) -> Option<(&str, Form)> {
    match file.rsplit_once('.')? {
        (name, "cer") => Some((name, Form::Der)),
        (name, "p7c") => Some((name, Form::Bag)),
        (name, "pem") => match name.strip_suffix("-chain") {
            Some(name) => Some((name, Form::Chain)),
            None => Some((name, Form::Pem)),
        },
        _ => None,
    }
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Form::Der => media::CERTIFICATE,
            Form::Pem | Form::Chain => media::PEM,
            Form::Bag => "application/pkcs7-mime; smime-type=certs-only",
        }
    }

    /// A chain (DER, from the authority's own certificate up) written so.
    fn write(self, chain: &[Vec<u8>]) -> Result<Bytes, Error> {
        let first = chain.get(..1).unwrap_or_default();
        let text = |chain: &[Vec<u8>]| {
            let blocks = chain.iter().map(|der| pem::encode("CERTIFICATE", der));
            blocks.collect::<String>().into_bytes()
        };
        Ok(Bytes::from(match self {
            Form::Der => first.concat(),
            Form::Pem => text(first),
            Form::Chain => text(chain),
            Form::Bag => pkcs7::write_certificates(chain).map_err(Error::internal)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_what_is_wanted() {
        for (file, want) in [
            ("issuing.cer", Some(("issuing", Form::Der))),
            ("issuing.pem", Some(("issuing", Form::Pem))),
            ("issuing-chain.pem", Some(("issuing", Form::Chain))),
            ("issuing.p7c", Some(("issuing", Form::Bag))),
            ("x-chain-chain.pem", Some(("x-chain", Form::Chain))),
            ("x-chain.cer", Some(("x-chain", Form::Der))),
            ("issuing-chain.cer", Some(("issuing-chain", Form::Der))),
            ("issuing", None),
            ("issuing.crl", None),
            ("issuing.P7C", None),
        ] {
            assert_eq!(form_of(file), want, "{file}");
        }
    }
}
