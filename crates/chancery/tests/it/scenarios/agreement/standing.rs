//! How each API tells what is true of a certificate.

use std::collections::HashMap;

use chancery_core::certificate::{Origin, State, Status};
use chancery_core::revocation::Reason;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::oracle::Known;
use super::{Found, Sequence};

/// What one said, if it is not what it should be.
fn same(who: &str, said: &Value, want: &Value) -> Result<(), String> {
    if said == want {
        return Ok(());
    }
    Err(format!("{who} says {said} where it should say {want}"))
}

impl Sequence<'_> {
    /// Does every API tell what must be true of these certificates, and of what the user and the record hold?
    pub(super) fn agree(&self, places: impl IntoIterator<Item = usize>) -> Result<(), String> {
        places
            .into_iter()
            .try_for_each(|place| self.all_show(place))?;
        self.layer7_agrees()?;
        self.sbc_agrees()
    }

    fn all_show(&self, place: usize) -> Result<(), String> {
        let (known, found) = (&self.world.certificates[place], &self.found[place]);
        let all = [
            self.native_agrees(known, found),
            self.keystone_agrees(known, found),
            self.forti_agrees(known, found),
            self.appviewx_agrees(known, found),
        ];
        let about = |why| format!("certificate {place}, which is {:?}: {why}", known.state);
        all.into_iter()
            .collect::<Result<(), String>>()
            .map_err(about)
    }

    fn native_agrees(&self, known: &Known, found: &Found) -> Result<(), String> {
        let path = format!("/certificates/{}", found.id);
        let shown = self
            .setting
            .server
            .native("GET", &path, &Value::Null)
            .expect(200)
            .json();
        let reason = known.state.revocation().map(Reason::word);
        let want = json!([known.status().word(), reason, known.origin.word()]);
        same(
            "native",
            &json!([shown["status"], shown["reason"], shown["origin"]]),
            &want,
        )
    }

    /// What was deleted is gone, but in the lists of those; what is not signed yet is not there.
    fn keystone_agrees(&self, known: &Known, found: &Found) -> Result<(), String> {
        let word = match known.status() {
            Status::Pending => None,
            Status::Active => Some("active"),
            Status::OnHold => Some("inactive"),
            Status::Revoked(_) => Some("revoked"),
            Status::Expired => Some("expired"),
            Status::Deleted => Some("deleted"),
            Status::Purged => Some("purged"),
        };
        let keystone = &self.setting.keystone;
        let one = keystone.find(&found.issuer, &found.serial);
        let is_gone = matches!(known.state, State::Deleted(_) | State::Purged(_));
        if let Some(word) = word.filter(|_| !is_gone) {
            let said = &one.expect(200).json()["certificate"]["status"];
            return same("Keystone", said, &json!(word));
        }
        same("Keystone", &json!(one.status), &json!(404))?;
        let issuer = utf8_percent_encode(&found.issuer, NON_ALPHANUMERIC);
        let path = format!(
            "?userId={}&issuerName={issuer}&serialNumber={}",
            found.owner, found.serial
        );
        let status = word
            .map(|word| format!("&status={word}"))
            .unwrap_or_default();
        let list = keystone.call("GET", &format!("{path}{status}"), &Value::Null);
        let list = list.expect(200).json();
        let said = &list["certificates"]["certificate"][0]["status"];
        same("Keystone's list", said, &json!(word))
    }

    fn forti_agrees(&self, known: &Known, found: &Found) -> Result<(), String> {
        let shown = self
            .setting
            .forti
            .call("GET", &format!("{}/", found.number), &Value::Null);
        let (status, reason) = match known.status() {
            Status::Pending => ("Pending", None),
            Status::Active => ("Active", None),
            Status::OnHold => ("Revoked", Some("Certificate Hold")),
            Status::Revoked(reason) => ("Revoked", Some(in_words(reason))),
            Status::Expired => ("Expired", None),
            Status::Deleted | Status::Purged => {
                return same("FortiAuthenticator", &json!(shown.status), &json!(404));
            }
        };
        let shown = shown.expect(200).json();
        let said = json!([shown["status"], shown["revocation_reason"]]);
        same("FortiAuthenticator", &said, &json!([status, reason]))
    }

    fn appviewx_agrees(&self, known: &Known, found: &Found) -> Result<(), String> {
        let (status, expiry) = match known.status() {
            Status::Pending => ("New Certificate", "New Certificate"),
            Status::Active if known.is_watched() => ("Monitored", "Valid"),
            Status::Active => ("Managed", "Valid"),
            Status::OnHold => ("Suspended", "Valid"),
            Status::Revoked(_) => ("Revoked", "Revoked"),
            Status::Expired => ("Expired", "Expired"),
            Status::Deleted | Status::Purged => ("", ""),
        };
        let want = match status {
            "" => Value::Null,
            _ => json!([status, expiry, known.status() == Status::OnHold]),
        };
        let record = self
            .setting
            .appviewx
            .search(&json!({"resourceId": found.id}));
        let said = record.map_or(Value::Null, |record| {
            json!([
                record["status"],
                record["expiryStatus"],
                record["suspendedCertificate"]
            ])
        });
        same("AppViewX", &said, &want)
    }

    /// The user's certificate is the attached one, or there is none.
    fn layer7_agrees(&self) -> Result<(), String> {
        let attached = self
            .world
            .attached
            .map(|place| bare(&self.found[place].pem));
        let said = self.setting.layer7.encoded(&self.user);
        same("Layer7", &json!(said), &json!(attached))
    }

    /// The record holds what was imported into it, and a verification finds that of no use unless it is good.
    fn sbc_agrees(&self) -> Result<(), String> {
        let path = format!("/records/{}", self.record);
        let server = self.setting.server;
        let shown = server.native("GET", &path, &Value::Null).expect(200).json();
        let held = self.world.in_record.map(|place| &self.found[place].id);
        same("the record", &shown["certificate"], &json!(held))?;
        let Some(place) = self.world.in_record else {
            return Ok(());
        };
        let good = self.world.certificates[place].status() == Status::Active;
        let want = if good { "success" } else { "failure" };
        let said = self.sbc.manage("POST", "verify");
        same("SBC's verification", &json!(said), &json!(want))
    }

    /// Does the CRL name what is revoked of ours, with its reason, and nothing else?
    pub(super) fn crl_agrees(&self) -> Result<(), String> {
        let text = self.setting.server.crl_text("issuing");
        let entries = entries(&text);
        self.setting.told.borrow_mut().crls += 1;
        for (place, known) in self.world.certificates.iter().enumerate() {
            let want = known
                .state
                .revocation()
                .filter(|_| known.origin == Origin::Issued);
            let want = want.map(|reason| match reason {
                Reason::Unspecified => "",
                reason => in_words(reason),
            });
            let said = entries.get(trimmed(&self.found[place].serial).as_str());
            same("the CRL", &json!(said), &json!(want))
                .map_err(|why| format!("certificate {place}, which is {:?}: {why}", known.state))?;
        }
        Ok(())
    }
}

/// The base64 of a PEM text.
pub(super) fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn trimmed(serial: &str) -> String {
    serial.trim_start_matches('0').to_ascii_uppercase()
}

/// The reasons as openssl and FortiAuthenticator name them.
const fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "Unspecified",
        Reason::KeyCompromise => "Key Compromise",
        Reason::CaCompromise => "CA Compromise",
        Reason::AffiliationChanged => "Affiliation Changed",
        Reason::Superseded => "Superseded",
        Reason::CessationOfOperation => "Cessation Of Operation",
        Reason::CertificateHold => "Certificate Hold",
        Reason::PrivilegeWithdrawn => "Privilege Withdrawn",
        Reason::AaCompromise => "AA Compromise",
    }
}

/// The entries of a CRL as openssl tells them: serial number, and reason, which is empty where none is given.
fn entries(text: &str) -> HashMap<String, &str> {
    let all = text.split("Serial Number: ").skip(1).map(|entry| {
        let mut lines = entry.lines().map(str::trim);
        let serial = trimmed(lines.next().unwrap_or_default());
        let reason = lines.find(|line| line.starts_with("X509v3 CRL Reason Code"));
        (
            serial,
            reason.and_then(|_| lines.next()).unwrap_or_default(),
        )
    });
    all.collect()
}
