//! The form of a renewal, in the engine's words.

use chancery_app::{CertificateRef, Error, RenewRequest};
use chancery_core::certificate::Refusal;
use chancery_core::x509::pem;

use super::super::errors::Fault;
use crate::kit::multipart::Form;

/// Which certificate is renewed, and how.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Renewal {
    pub(crate) which: CertificateRef,
    pub(crate) request: RenewRequest,
}

/// Reads the parts `cert_id`, `csr`, `expiry` and `revoke_old`. Other parts are passed over.
pub(crate) fn renewal(form: &Form) -> Result<Renewal, Fault> {
    let name = required(form, "cert_id")?.to_owned();
    let Some(csr) = form.part("csr") else {
        return Err(Fault::bad("csr is required"));
    };
    let csr = pem::request_der(csr).map_err(|error| Fault::bad(format!("csr: {error}")))?;
    let days = days(required(form, "expiry")?)?;
    let revoke_old = match form.text("revoke_old")? {
        Some(text) => truth(text)?,
        None => false,
    };
    Ok(Renewal {
        which: CertificateRef::Name(name),
        request: RenewRequest {
            csr: Some(csr),
            days: Some(days),
            revoke_old,
            name: None,
        },
    })
}

/// Why a renewal was not done. The form names the certificate, the path does not: one that is not there is the form's
/// fault.
pub(crate) fn refused(error: Error) -> Fault {
    match error {
        Error::NotFound("certificate") | Error::Refused(Refusal::Deleted | Refusal::Purged) => {
            Fault::bad("cert_id: there is no such certificate")
        }
        error => error.into(),
    }
}

fn required<'f>(form: &'f Form, name: &str) -> Result<&'f str, Fault> {
    let text = form.text(name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| Fault::bad(format!("{name} is required")))
}

/// A number of days. One that is too large to be counted is told as any other that the profile does not allow.
fn days(text: &str) -> Result<u32, Fault> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(days) if whole && days > 0 => Ok(days),
        Err(_) if whole => Ok(u32::MAX),
        _ => Err(Fault::bad(
            "expiry must be a whole number of days, at least 1",
        )),
    }
}

fn truth(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(Fault::bad("revoke_old must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn form(parts: &[(&str, &str)]) -> Form {
        let mut body = String::new();
        for (name, content) in parts {
            body += &format!(
                "--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n"
            );
        }
        let body = Bytes::from(body + "--X--\r\n");
        Form::read("multipart/form-data; boundary=X", body).unwrap()
    }

    #[test]
    fn forms_are_read() {
        let armoured =
            "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
        for (csr, revoke, revoked) in [
            (armoured, "true", true),
            (&format!("junk\r\n{armoured}more\n"), "TRUE", true),
            ("MAA=", " 1 ", true),
            ("0\0", "False", false),
            ("MAA=\r\n", "", false),
        ] {
            let parts = [
                ("cert_id", " joe "),
                ("csr", csr),
                ("expiry", "30"),
                ("revoke_old", revoke),
                ("x", "y"),
            ];
            let renewal = renewal(&form(&parts)).unwrap();
            assert_eq!(renewal.which, CertificateRef::Name("joe".to_owned()));
            let request = RenewRequest {
                csr: Some(vec![0x30, 0]),
                days: Some(30),
                revoke_old: revoked,
                name: None,
            };
            assert_eq!(renewal.request, request);
        }
        let parts = [("cert_id", "joe"), ("csr", "MAA="), ("expiry", "30")];
        assert_eq!(
            renewal(&form(&parts)).map(|read| read.request.revoke_old),
            Ok(false)
        );
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        let good = [
            ("cert_id", "joe"),
            ("csr", "MAA="),
            ("expiry", "30"),
            ("revoke_old", "true"),
        ];
        let refused = |name: &str, instead: Option<&str>| {
            let parts: Vec<(&str, &str)> = good
                .iter()
                .filter_map(|(known, content)| match (known == &name, instead) {
                    (false, _) => Some((*known, *content)),
                    (true, None) => None,
                    (true, Some(instead)) => Some((*known, instead)),
                })
                .collect();
            let fault = renewal(&form(&parts)).unwrap_err();
            assert!(
                fault.text.starts_with(name),
                "{name} {instead:?}: {}",
                fault.text
            );
        };
        for name in ["cert_id", "csr", "expiry"] {
            refused(name, None);
            refused(name, Some(" "));
        }
        for expiry in [
            "0", "-1", "000", "soon", "1.5", "1e3", "+", "++1", "\u{661}", "3 0",
        ] {
            refused("expiry", Some(expiry));
        }
        for csr in ["!", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n"] {
            refused("csr", Some(csr));
        }
        for answer in ["yes", "2", "truefalse"] {
            refused("revoke_old", Some(answer));
        }
    }

    #[test]
    fn days_too_many_to_count_are_too_many() {
        for (text, want) in [
            ("1", 1),
            ("+7", 7),
            ("4294967295", u32::MAX),
            ("1000000000000", u32::MAX),
        ] {
            assert_eq!(days(text), Ok(want), "{text}");
        }
    }
}
