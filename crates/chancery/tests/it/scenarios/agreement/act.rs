//! How each API is asked to do something, and how it must answer.

use chancery_core::certificate::{Action, State, Status};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Sequence;
use super::deed::{Api, Deed, Step};
use super::oracle::{Foreseen, Why};
use crate::server::{P256, csr, eventually};
use crate::wire::Answer;

/// Does an answer have that status?
fn answered(answer: &Answer, status: u16) -> Result<(), String> {
    if answer.status == status {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.body);
    Err(format!(
        "{status} was foretold, not {}: {said}",
        answer.status
    ))
}

/// The status with which an API refuses something, which would have been done to a certificate in that state.
fn refusal(step: &Step, before: State, why: Why) -> u16 {
    let is_gone = matches!(before, State::Deleted(_) | State::Purged(_));
    match step.through {
        Api::Native => 409,
        Api::Keystone if is_gone || before == State::Pending => 404,
        Api::Keystone => 400,
        Api::Forti if is_gone && !matches!(step.deed, Deed::Renew { .. }) => 404,
        Api::Forti => 400,
        Api::Layer7 if why == Why::NothingAttached => 404,
        Api::Layer7 | Api::Sbc => 400,
        Api::AppViewX if is_gone => 404,
        Api::AppViewX if why == Why::Watched => 500,
        Api::AppViewX if why == Why::OrderOpen => 417,
        Api::AppViewX => 406,
    }
}

impl Sequence<'_> {
    /// Does a step as its API does it, and takes up the certificate that it made.
    pub(super) fn act(
        &mut self,
        step: &Step,
        on: usize,
        waiting: Option<usize>,
        before: State,
        foreseen: Foreseen,
    ) -> Result<(), String> {
        let waiting = waiting.and_then(|made| self.found[made].order.clone());
        let answer = self.ask(step, on, waiting.as_deref());
        let made = match foreseen {
            Foreseen::Nothing => return Ok(()),
            Foreseen::Refused(why) => return answered(&answer, refusal(step, before, why)),
            Foreseen::Done { made } => made,
        };
        answered(&answer, self.success(step))?;
        match (step.deed, waiting) {
            (Deed::Decide { approve }, Some(order)) => {
                self.wait(&order);
                let again = self.decide(step.through, &order, approve);
                return answered(
                    &again,
                    if step.through == Api::Native {
                        409
                    } else {
                        417
                    },
                )
                .map_err(|why| format!("and again: {why}"));
            }
            _ if made.is_some() => self.take_up(step, &answer),
            _ if step.through == Api::AppViewX => {
                let order = answer.json()["response"]["requestId"].clone();
                if let Some(order) = order.as_str() {
                    self.wait(order);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The status of an answer to what was done.
    fn success(&self, step: &Step) -> u16 {
        match (step.through, step.deed) {
            (Api::Native, Deed::Regenerate { .. }) => 202,
            (Api::Native, Deed::Renew { .. } | Deed::Sign) => 201,
            (Api::Native | Api::Keystone, Deed::Move(Action::Delete)) => 204,
            (Api::Forti, Deed::Move(_)) => 202,
            (Api::AppViewX, Deed::Move(Action::Delete) | Deed::Decide { .. }) => 200,
            (Api::AppViewX, _) => 202,
            _ => 200,
        }
    }

    fn ask(&self, step: &Step, on: usize, waiting: Option<&str>) -> Answer {
        match (step.through, step.deed) {
            (_, Deed::Decide { approve }) => {
                self.decide(step.through, waiting.unwrap_or_default(), approve)
            }
            (Api::Native, deed) => self.ask_native(deed, on),
            (Api::Keystone, deed) => self.ask_keystone(deed, on),
            (Api::Forti, deed) => self.ask_forti(deed, on),
            (Api::AppViewX, deed) => self.ask_appviewx(deed, on),
            (Api::Layer7, Deed::Attach) => self.setting.layer7.put(&self.user, &self.found[on].pem),
            (Api::Layer7, _) => self.setting.layer7.certificate("DELETE", &self.user, ""),
            (Api::Sbc, _) => self.sbc.import(&self.record, &self.found[on].pem),
        }
    }

    fn ask_native(&self, deed: Deed, on: usize) -> Answer {
        let server = self.setting.server;
        let (method, what, body) = match deed {
            Deed::Move(Action::Hold) => ("POST", "/hold", Value::Null),
            Deed::Move(Action::Release) => ("POST", "/release", Value::Null),
            Deed::Move(Action::Revoke(reason)) => {
                ("POST", "/revoke", json!({"reason": reason.word()}))
            }
            Deed::Move(Action::Delete) => ("DELETE", "", Value::Null),
            Deed::Move(Action::Purge) => ("POST", "/purge", Value::Null),
            Deed::Renew { revoke_old } => ("POST", "/renew", json!({"revoke_old": revoke_old})),
            Deed::Regenerate { reason, at_once } => {
                let body = json!({"reason": reason, "auto_approve": at_once});
                ("POST", "/regenerate", body)
            }
            Deed::Sign => {
                let path = format!("/records/{}/sign", self.record);
                return server.native("POST", &path, &json!({}));
            }
            other => panic!("the native API has no {other:?}"),
        };
        let path = format!("/certificates/{}{what}", self.found[on].id);
        server.native(method, &path, &body)
    }

    fn ask_keystone(&self, deed: Deed, on: usize) -> Answer {
        let found = &self.found[on];
        let issuer = utf8_percent_encode(&found.issuer, NON_ALPHANUMERIC);
        let path = format!("/{issuer}/{}", found.serial);
        let status = match deed {
            Deed::Set(Status::Active) => "active",
            Deed::Set(Status::OnHold) => "inactive",
            Deed::Set(Status::Revoked(_)) => "revoked",
            Deed::Set(Status::Deleted) => "deleted",
            Deed::Set(Status::Purged) => "purged",
            _ => return self.setting.keystone.call("DELETE", &path, &Value::Null),
        };
        let body = json!({"certificate": {"status": status}});
        self.setting.keystone.call("PUT", &path, &body)
    }

    fn ask_forti(&self, deed: Deed, on: usize) -> Answer {
        let found = &self.found[on];
        let change = match deed {
            Deed::Move(Action::Release) => json!({"status": "active"}),
            Deed::Move(Action::Revoke(reason)) => {
                json!({"status": "revoked", "revocation_reason": reason.word().replace('-', " ")})
            }
            Deed::Renew { revoke_old } => {
                let parts = found.subject.rsplit(',').map(|part| format!("/{part}"));
                let subject: String = parts.collect();
                let request = csr(self.setting.server.scratch(), P256, &subject, &[]);
                return self
                    .setting
                    .forti
                    .ask_to_renew(&found.name, &request, 30, revoke_old);
            }
            other => panic!("FortiAuthenticator has no {other:?}"),
        };
        self.setting
            .forti
            .call("PATCH", &format!("{}/", found.number), &change)
    }

    fn ask_appviewx(&self, deed: Deed, on: usize) -> Answer {
        let (appviewx, id) = (&self.setting.appviewx, &self.found[on].id);
        let act = |action: &str, reason: &str, at_once| appviewx.act(id, action, reason, at_once);
        match deed {
            Deed::Move(Action::Hold) => act("Suspend", "leave", true),
            Deed::Move(Action::Release) => act("Reinstate", "back", true),
            Deed::Move(Action::Revoke(reason)) => act("Revoke", reason.word(), true),
            Deed::Move(Action::Delete) => {
                let path = format!("delete?gwsource=external&resourceId={id}");
                appviewx.call("DELETE", &path, &Value::Null)
            }
            Deed::Renew { .. } => act("Renew", "", true),
            Deed::Regenerate { reason, at_once } => act("Regenerate", reason, at_once),
            other => panic!("AppViewX has no {other:?}"),
        }
    }

    /// The second person's decision.
    fn decide(&self, through: Api, order: &str, approve: bool) -> Answer {
        let approver = &self.setting.approver;
        if through == Api::AppViewX {
            return approver.decide(order, if approve { 1 } else { 2 });
        }
        let what = if approve { "approve" } else { "reject" };
        let path = format!("/orders/{order}/{what}");
        let server = self.setting.server;
        server.native_as(&approver.name, &approver.secret, "POST", &path, &json!({}))
    }

    /// Takes up the certificate that a step made, once it is all that it will be for now.
    fn take_up(&mut self, step: &Step, answer: &Answer) {
        let said = answer.json();
        let (which, order) = match (step.through, step.deed) {
            (Api::AppViewX, _) => (
                &said["response"]["resourceId"],
                &said["response"]["requestId"],
            ),
            (Api::Forti, _) => (&said["cert_id"], &Value::Null),
            (_, Deed::Regenerate { .. }) => (&said["made"], &said["number"]),
            _ => (&said["id"], &Value::Null),
        };
        let order = match order {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            number => Some(number.to_string()),
        };
        let waits = matches!(step.deed, Deed::Regenerate { at_once: false, .. });
        if let Some(order) = order.as_deref().filter(|_| !waits) {
            self.wait(order);
        }
        let mut found = self.setting.look_up(which.as_str().unwrap());
        found.order = order;
        self.found.push(found);
    }

    /// Waits until a work order has ended; the certificate that it makes has its content then.
    fn wait(&mut self, order: &str) {
        let server = self.setting.server;
        let path = format!("/orders/{order}");
        eventually(|| {
            let order = server.native("GET", &path, &Value::Null).expect(200).json();
            if order["ended"].is_null() {
                Err(order)
            } else {
                Ok(())
            }
        });
        for place in 0..self.found.len() {
            if self.found[place].order.as_deref() == Some(order) {
                self.found[place].pem = self.setting.look_up(&self.found[place].id).pem;
            }
        }
    }
}
