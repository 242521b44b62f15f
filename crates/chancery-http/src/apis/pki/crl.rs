//! Lists of revoked certificates over HTTP (RFC 5280, section 4.2.1.13; media type of RFC 2585): whole, of one shard, and
//! what changed since (delta), each as DER and as PEM.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chancery_app::{Crl, Error};
use chancery_core::crl::{CrlKind, Scope, Shard, Shards};
use chancery_core::time::Time;

use super::document::{Asked, Document};
use super::fault;
use super::octets::{Form, Octets};
use crate::kit::media;
use crate::shared::Shared;

/// What is said of an address that no list can have.
pub(super) const NO_LIST: Error = Error::NotFound(
    "list: ask for NAME.crl, NAME/delta.crl, NAME/COUNT/INDEX.crl or NAME/COUNT/INDEX-delta.crl, or the same ending in .pem",
);

/// Which list of an authority.
#[derive(PartialEq, Eq, Debug)]
struct Listed {
    scope: Scope,
    kind: CrlKind,
    form: Form,
}

/// `GET /crl/NAME.crl`: of all certificates.
pub(super) async fn whole(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    let found = form_of(&file).map(|(name, form)| {
        let listed = Listed {
            scope: Scope::Whole,
            kind: CrlKind::Complete,
            form,
        };
        (name, listed)
    });
    answer(&shared, found, Asked::by(request)).await
}

/// `GET /crl/NAME/delta.crl`: what changed of all certificates.
pub(super) async fn delta(
    State(shared): State<Shared>,
    Path((name, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    let form = form_of(&file).filter(|(word, _)| *word == "delta");
    let found = form.map(|(_, form)| {
        let listed = Listed {
            scope: Scope::Whole,
            kind: CrlKind::Delta,
            form,
        };
        (name.as_str(), listed)
    });
    answer(&shared, found, Asked::by(request)).await
}

/// `GET /crl/NAME/COUNT/INDEX.crl` and `.../INDEX-delta.crl`: of one shard.
pub(super) async fn shard(
    State(shared): State<Shared>,
    Path((name, count, file)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let found = of_shard(&count, &file).map(|listed| (name.as_str(), listed));
    answer(&shared, found, Asked::by(request)).await
}

fn of_shard(count: &str, file: &str) -> Option<Listed> {
    let (place, form) = form_of(file)?;
    let (index, kind) = match place.strip_suffix("-delta") {
        Some(index) => (index, CrlKind::Delta),
        None => (place, CrlKind::Complete),
    };
    let shard = Shard::new(Shards::new(number(count)?)?, number(index)?)?;
    Some(Listed {
        scope: Scope::Shard(shard),
        kind,
        form,
    })
}

/// The name of a file without its ending, and the form that the ending asks for.
fn form_of(file: &str) -> Option<(&str, Form)> {
    match file.rsplit_once('.')? {
        (name, "crl") => Some((name, Form::Der)),
        (name, "pem") => Some((name, Form::Pem)),
        _ => None,
    }
}

/// A number as certificates have it in addresses, so that no list has two.
fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

async fn answer(shared: &Shared, found: Option<(&str, Listed)>, asked: Asked) -> Response {
    let Some((authority, listed)) = found else {
        return fault(&NO_LIST, asked.headers());
    };
    let list = shared.app.crl(authority, listed.scope, listed.kind).await;
    match list {
        Ok(list) => {
            let now = shared.app.now();
            document(list, listed.form, now).answer(&asked, now)
        }
        Err(error) => fault(&error, asked.headers()),
    }
}

fn document(list: Crl, form: Form, now: Time) -> Document {
    Document {
        media_type: match form {
            Form::Der => "application/pkix-crl",
            Form::Pem => media::PEM,
        },
        tag: tag(list.number, list.this_update, form),
        // Revocation must show at once: caches may keep the list, but ask each time whether it changed.
        cache: "public, no-cache",
        // Two lists can be made in one second; once it is over, its last one bears that time alone.
        modified: (list.this_update < now).then_some(list.this_update),
        expires: Some(list.next_update),
        octets: Octets::of(list, form),
    }
}

/// The number tells lists apart. The time does so too where a database was put back to an earlier state, and numbers that
/// were given come again.
fn tag(number: u64, made: Time, form: Form) -> String {
    let form = match form {
        Form::Der => "",
        Form::Pem => "-pem",
    };
    format!("\"{number}-{:x}{form}\"", made.unix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_shards_are_read_in_one_form_only() {
        let of = |count, index, kind, form| {
            let shard = Shard::new(Shards::new(count).unwrap(), index).unwrap();
            Some(Listed {
                scope: Scope::Shard(shard),
                kind,
                form,
            })
        };
        for (count, file, want) in [
            ("1", "0.crl", of(1, 0, CrlKind::Complete, Form::Der)),
            ("64", "5.crl", of(64, 5, CrlKind::Complete, Form::Der)),
            ("64", "5-delta.crl", of(64, 5, CrlKind::Delta, Form::Der)),
            ("64", "63.pem", of(64, 63, CrlKind::Complete, Form::Pem)),
            (
                "65536",
                "65535-delta.pem",
                of(65536, 65535, CrlKind::Delta, Form::Pem),
            ),
            ("64", "64.crl", None),
            ("63", "5.crl", None),
            ("0", "0.crl", None),
            ("131072", "0.crl", None),
            ("064", "5.crl", None),
            ("64", "05.crl", None),
            ("64", "+5.crl", None),
            ("64", "-5.crl", None),
            ("64", ".crl", None),
            ("64", "delta.crl", None),
            ("64", "5-delta-delta.crl", None),
            ("64", "5.cer", None),
            ("64", "5", None),
            ("64", "4294967301.crl", None),
        ] {
            assert_eq!(of_shard(count, file), want, "{count}/{file}");
        }
    }

    #[test]
    fn every_list_and_form_has_a_tag_of_its_own() {
        let at = Time::from_unix(0x6a1b_2c3d);
        assert_eq!(tag(57, at, Form::Der), "\"57-6a1b2c3d\"");
        assert_eq!(tag(57, at, Form::Pem), "\"57-6a1b2c3d-pem\"");
    }
}
