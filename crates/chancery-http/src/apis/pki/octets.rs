//! The octets of a document: those at hand, or a list's, which are read while they are sent, so that a reader of a long list
//! costs no more memory than one of a short list. As DER, or as PEM that is made on the way.

use std::ops::Range;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancery_app::{Crl, Error};
use chancery_core::x509::pem;
use futures_util::stream;

use crate::kit::log;

/// What PEM says a list is (RFC 7468, section 6).
const LABEL: &str = "X509 CRL";
const BEGIN: &str = "-----BEGIN X509 CRL-----\n";
const END: &str = "-----END X509 CRL-----\n";
/// Octets of DER in a line of PEM, and the characters that they become, with the line's end.
const LINE: u64 = 48;
const WRITTEN: u64 = 65;
/// Octets of a list that are read at once: whole lines of PEM.
const CHUNK: u64 = 1024 * LINE;

/// Octets to be sent.
pub(super) enum Octets {
    /// These.
    Here(Bytes),
    /// A list's.
    List(Crl, Form),
}

/// How a list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Der,
    Pem,
}

impl Octets {
    /// A list's: a short one is at hand.
    pub(super) fn of(list: Crl, form: Form) -> Octets {
        match (list.small(), form) {
            (Some(der), Form::Der) => Octets::Here(der),
            (Some(der), Form::Pem) => Octets::Here(pem::encode(LABEL, &der).into()),
            (None, form) => Octets::List(list, form),
        }
    }

    /// How many there are.
    pub(super) fn length(&self) -> u64 {
        match self {
            Octets::Here(octets) => octets.len() as u64,
            Octets::List(list, form) => form.length(list.length),
        }
    }

    /// A part of them as the body of an answer.
    pub(super) fn body(self, part: Range<u64>) -> Body {
        match self {
            Octets::Here(octets) => Body::from(cut(octets, part)),
            Octets::List(list, form) => {
                let reading = stream::try_unfold((list, part), move |(list, part)| async move {
                    let Some((octets, rest)) = read(&list, form, part).await? else {
                        return Ok::<_, Error>(None);
                    };
                    Ok(Some((octets, (list, rest))))
                });
                Body::from_stream(reading)
            }
        }
    }
}

/// The next octets of this part of a list, and what is left of the part. Who hears a fault hears it as a connection that
/// breaks: the head of the answer is sent by then.
async fn read(
    list: &Crl,
    form: Form,
    part: Range<u64>,
) -> Result<Option<(Bytes, Range<u64>)>, Error> {
    let Some(piece) = form.piece(list.length, &part) else {
        return Ok(None);
    };
    let octets = match piece {
        Piece::Text(text) => Bytes::from_static(text.as_bytes()),
        Piece::Der(at) => read_at(list, at).await?,
        Piece::Lines { of, skipped } => {
            let text = Bytes::from(lines(&read_at(list, of).await?));
            cut(text, skipped..u64::MAX)
        }
    };
    let octets = cut(octets, 0..part.end - part.start);
    if octets.is_empty() {
        return Err(Error::internal("a list ended before its length"));
    }
    let rest = part.start + octets.len() as u64..part.end;
    Ok(Some((octets, rest)))
}

async fn read_at(list: &Crl, part: Range<u64>) -> Result<Bytes, Error> {
    let length = usize::try_from(part.end - part.start).map_err(Error::internal)?;
    list.read_at(part.start, length)
        .await
        .inspect_err(log::internal)
}

/// Where the next octets of a part come from.
#[derive(PartialEq, Eq, Debug)]
enum Piece {
    /// From here.
    Text(&'static str),
    /// From there in the DER.
    Der(Range<u64>),
    /// From there in the DER, written as lines, of which that many octets are not asked for.
    Lines { of: Range<u64>, skipped: u64 },
}

impl Form {
    /// How many octets a list of so many octets of DER has.
    fn length(self, der: u64) -> u64 {
        match self {
            Form::Der => der,
            Form::Pem => BEGIN.len() as u64 + written(der) + END.len() as u64,
        }
    }

    /// Where a part of a list's octets begins; none of an empty part. It may give more than the part holds.
    fn piece(self, der: u64, part: &Range<u64>) -> Option<Piece> {
        if part.is_empty() {
            return None;
        }
        if self == Form::Der {
            return Some(Piece::Der(part.start..part.end.min(part.start + CHUNK)));
        }
        let Some(inside) = part.start.checked_sub(BEGIN.len() as u64) else {
            return rest_of(BEGIN, part.start);
        };
        match inside.checked_sub(written(der)) {
            None => {
                let first = inside / WRITTEN * LINE;
                Some(Piece::Lines {
                    of: first..der.min(first + CHUNK),
                    skipped: inside % WRITTEN,
                })
            }
            Some(past) => rest_of(END, past),
        }
    }
}

/// What is left of a text from there on; none at its end.
fn rest_of(text: &'static str, from: u64) -> Option<Piece> {
    let rest = text.get(usize::try_from(from).ok()?..)?;
    (!rest.is_empty()).then_some(Piece::Text(rest))
}

/// How many octets the lines of so many octets of DER have.
fn written(der: u64) -> u64 {
    der.div_ceil(3) * 4 + der.div_ceil(LINE)
}

/// Whole lines of PEM; the last one may be short at the end of the list.
fn lines(der: &[u8]) -> String {
    let mut text = String::with_capacity(der.len() / 2 * 3);
    for line in der.chunks(LINE as usize) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}

/// A part of some octets, as far as there are any.
fn cut(octets: Bytes, part: Range<u64>) -> Bytes {
    let place = |at: u64| usize::try_from(at).map_or(octets.len(), |at| at.min(octets.len()));
    let (from, to) = (place(part.start), place(part.end));
    octets.slice(from..to.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of a list as it is put together from its pieces.
    fn sent(der: &[u8], form: Form, mut part: Range<u64>) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = form.piece(der.len() as u64, &part) {
            let of = |range: Range<u64>| &der[range.start as usize..range.end as usize];
            let octets = match piece {
                Piece::Text(text) => text.as_bytes().to_vec(),
                Piece::Der(range) => of(range).to_vec(),
                Piece::Lines { of: range, skipped } => {
                    lines(of(range)).as_bytes()[skipped as usize..].to_vec()
                }
            };
            let octets = cut(octets.into(), 0..part.end - part.start);
            assert!(!octets.is_empty() && octets.len() as u64 <= CHUNK / LINE * WRITTEN);
            part.start += octets.len() as u64;
            all.extend(octets);
        }
        assert!(part.is_empty(), "{part:?} is left");
        all
    }

    #[test]
    fn every_part_of_every_form_is_cut_out() {
        for length in [1, 2, 3, 47, 48, 49, 95, 96, 97, 48 * 1024, 48 * 1024 + 5] {
            let der: Vec<u8> = (0..length).map(|at: u32| (at * 7 % 251) as u8).collect();
            for (form, whole) in [
                (Form::Der, der.clone()),
                (Form::Pem, pem::encode(LABEL, &der).into_bytes()),
            ] {
                let count = form.length(u64::from(length));
                assert_eq!(count, whole.len() as u64, "{form:?} of {length}");
                let step = (count / 12).max(1);
                let places = (0..count).step_by(step as usize);
                let places: Vec<u64> = places.chain(count.saturating_sub(26)..=count).collect();
                for from in &places {
                    for to in places.iter().filter(|to| *to >= from) {
                        let want = &whole[*from as usize..*to as usize];
                        assert_eq!(sent(&der, form, *from..*to), want, "{length}: {from}..{to}");
                    }
                }
            }
        }
    }
}
