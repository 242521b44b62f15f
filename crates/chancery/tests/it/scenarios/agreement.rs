//! No two APIs ever disagree about a certificate: random sequences of operations through random APIs on certificates of
//! every origin, and after each operation all of them must tell what the core's table of moves foretells.
//!
//! The sequences are the same each time; `CHANCERY_SEQUENCES=1000` tries so many, the usual ones first. What fails is
//! shrunk to the shortest sequence that still does.

mod act;
mod deed;
mod oracle;
mod standing;

use std::cell::RefCell;
use std::collections::BTreeMap;

use chancery_core::certificate::{Origin, State};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};

use super::{AppViewX, Forti, Keystone, Layer7, Sbc, tell};
use crate::native::before_they_end;
use crate::native::importing::foreign;
use crate::server::{P256, Server, eventually};
use deed::{Api, Step, sequences};
use oracle::{Foreseen, World};

/// Sequences unless the environment says another number.
const SEQUENCES: u32 = 20;
/// Most operations of a sequence.
const LONGEST: usize = 30;
/// Operations after which the CRL is looked at.
const CRL_EVERY: usize = 5;
/// Pairs of certificates that expire, one for each sequence, made at once as they take a moment to do so.
const EXPIRING: usize = 32;

/// What all sequences share.
struct Setting<'s> {
    server: &'s Server,
    keystone: Keystone<'s>,
    forti: Forti<'s>,
    layer7: Layer7<'s>,
    appviewx: AppViewX<'s>,
    /// The second person, who approves.
    approver: AppViewX<'s>,
    /// Expired certificates that no sequence has touched: one that was active to its end, one that was on hold.
    expired: RefCell<Vec<[Found; 2]>>,
    told: RefCell<Told>,
}

/// What was tried.
#[derive(Default)]
struct Told {
    sequences: usize,
    operations: usize,
    refused: usize,
    certificates: usize,
    crls: usize,
    through: BTreeMap<Api, usize>,
}

/// A certificate as the APIs find it.
#[derive(Clone, Debug)]
struct Found {
    id: String,
    number: i64,
    name: String,
    issuer: String,
    serial: String,
    subject: String,
    owner: String,
    /// PEM; empty while it is pending.
    pem: String,
    /// The work order that makes it.
    order: Option<String>,
}

/// One sequence on certificates of its own.
struct Sequence<'s> {
    setting: &'s Setting<'s>,
    sbc: Sbc<'s>,
    user: String,
    record: String,
    found: Vec<Found>,
    world: World,
}

impl<'s> Setting<'s> {
    fn new(server: &'s Server) -> Setting<'s> {
        let admin = server.admin();
        let ann = json!({"name": "ann", "id": "ann", "roles": ["approver"]});
        server.native("POST", "/users", &ann).expect(201);
        let key = server
            .native("POST", "/users/ann/api-key", &Value::Null)
            .json();
        let proven_by = |name: &str, secret: &str| AppViewX {
            server,
            name: name.to_owned(),
            secret: secret.to_owned(),
        };
        Setting {
            server,
            keystone: Keystone::log_in(server, &admin.user, &admin.password),
            forti: Forti(server),
            layer7: Layer7(server),
            appviewx: proven_by(&admin.user, &admin.api_key),
            approver: proven_by("ann", key["api_key"].as_str().unwrap()),
            expired: RefCell::default(),
            told: RefCell::default(),
        }
    }

    /// A certificate as the native API shows it.
    fn found(&self, shown: &Value) -> Found {
        let text = |member: &str| shown[member].as_str().unwrap_or_default().to_owned();
        Found {
            id: text("id"),
            number: shown["number"].as_i64().unwrap(),
            name: text("name"),
            issuer: text("issuer"),
            serial: text("serial"),
            subject: text("subject"),
            owner: text("owner"),
            pem: text("certificate"),
            order: None,
        }
    }

    fn look_up(&self, which: &str) -> Found {
        let path = format!("/certificates/{which}");
        self.found(
            &self
                .server
                .native("GET", &path, &Value::Null)
                .expect(200)
                .json(),
        )
    }

    /// Two certificates that have expired.
    fn two_expired(&self) -> [Found; 2] {
        let mut left = self.expired.borrow_mut();
        if left.is_empty() {
            left.extend((0..EXPIRING).map(|_| before_they_end(|end| self.two_that_end(end))));
        }
        let pair = left.pop().unwrap();
        for one in &pair {
            let path = format!("/certificates/{}", one.id);
            eventually(|| match self.server.native("GET", &path, &Value::Null) {
                shown if shown.json()["status"] == "expired" => Ok(()),
                shown => Err(shown.text()),
            });
        }
        pair
    }

    /// Two that end then: one that is active, one that is on hold.
    fn two_that_end(&self, end: &str) -> Result<[Found; 2], String> {
        let body = json!({"key": "ec-p256", "subject": "CN=late", "not_after": end});
        let issued = || {
            let made = self.server.native("POST", "/certificates", &body);
            Ok::<_, String>(self.found(&made.checked(201)?.json()))
        };
        let pair = [issued()?, issued()?];
        let path = format!("/certificates/{}/hold", pair[1].id);
        let held = self.server.native("POST", &path, &Value::Null);
        held.checked(200).map(|_| pair)
    }

    /// Goes through a sequence; an error tells the first disagreement.
    fn walk(&self, steps: &[Step]) -> Result<(), TestCaseError> {
        let number = {
            let mut told = self.told.borrow_mut();
            told.sequences += 1;
            told.sequences
        };
        let mut sequence = Sequence::new(self, number);
        sequence.begin();
        let walked = sequence.go(steps);
        // What was edited goes with the lock.
        sequence.sbc.call("POST", "unlock", "").expect(204);
        self.told.borrow_mut().certificates += sequence.found.len();
        walked.map_err(TestCaseError::fail)
    }

    /// Leaves out what a failing sequence does without: proptest shrinks each step, but does not try again then whether all
    /// of them are needed.
    fn shortest(&self, mut why: String, mut steps: Vec<Step>) -> (String, Vec<Step>) {
        for place in (0..steps.len()).rev() {
            let mut fewer = steps.clone();
            fewer.remove(place);
            if let Err(still) = self.walk(&fewer) {
                (why, steps) = (still.to_string(), fewer);
            }
        }
        (why, steps)
    }
}

impl<'s> Sequence<'s> {
    fn new(setting: &'s Setting<'s>, number: usize) -> Sequence<'s> {
        let user = format!("user-{number}");
        let body = json!({"name": user, "id": user, "roles": ["self-service"]});
        setting.server.native("POST", "/users", &body).expect(201);
        let admin = setting.server.admin();
        Sequence {
            setting,
            sbc: Sbc::editor(setting.server, &admin.user, &admin.password),
            record: format!("record-{number}"),
            user,
            found: Vec::new(),
            world: World::default(),
        }
    }

    /// A handful of certificates, in the order of [`deed::FIRST`].
    fn begin(&mut self) {
        let server = self.setting.server;
        let user = self.user.clone();
        let states = [State::Active, State::OnHold];
        for (expired, state) in self.setting.two_expired().into_iter().zip(states) {
            let place = self.add(&json!(expired.id), Origin::Issued, state);
            self.world.certificates[place].expired = true;
        }
        for (name, with_key) in [("watched", false), ("imported", true)] {
            let subject = format!("/O={user}/CN={name}");
            let (certificate, key) = foreign(server.scratch(), P256, &subject);
            let key = with_key.then_some(key);
            let body = json!({"certificates": certificate, "owner": user, "private_key": key});
            let answer = server
                .native("POST", "/certificates/import", &body)
                .expect(200)
                .json();
            self.add(
                &answer["certificates"][0]["id"],
                Origin::Imported,
                State::Active,
            );
        }
        let subject = format!("CN=self-signed,O={user}");
        let made = self.setting.keystone.create(&user, &subject);
        let path = format!("/certificates?owner={user}&subject=self-signed");
        let listed = server.native("GET", &path, &Value::Null).expect(200).json();
        assert_eq!(listed["certificates"][0]["serial"], made["serialNumber"]);
        self.add(
            &listed["certificates"][0]["id"],
            Origin::SelfSigned,
            State::Active,
        );

        self.sbc.add_record(&self.record, &user);
        let path = format!("/records/{}/sign", self.record);
        let signed = server.native("POST", &path, &json!({})).expect(201).json();
        self.world.of_record = self.add(&signed["id"], Origin::Issued, State::Active);

        let body =
            json!({"key": "ec-p256", "subject": format!("CN=issued,O={user}"), "owner": user});
        let issued = server
            .native("POST", "/certificates", &body)
            .expect(201)
            .json();
        self.add(&issued["id"], Origin::Issued, State::Active);
    }

    /// Takes up a certificate that was made; its place.
    fn add(&mut self, id: &Value, origin: Origin, state: State) -> usize {
        let path = format!("/certificates/{}", id.as_str().unwrap());
        let shown = self
            .setting
            .server
            .native("GET", &path, &Value::Null)
            .expect(200)
            .json();
        let held = shown["private_key"].as_bool().unwrap();
        self.found.push(self.setting.found(&shown));
        self.world
            .add(origin, state, held, shown["owner"] == self.user)
    }

    fn go(&mut self, steps: &[Step]) -> Result<(), String> {
        for (number, step) in steps.iter().enumerate() {
            self.take(step).map_err(|why| format!("{step:?}: {why}"))?;
            if number % CRL_EVERY == CRL_EVERY - 1 {
                self.crl_agrees()
                    .map_err(|why| format!("after {step:?}: {why}"))?;
            }
        }
        self.agree(0..self.found.len())
            .and_then(|()| self.crl_agrees())
            .map_err(|why| format!("in the end: {why}"))
    }

    /// Does a step, which must end as foretold, and then asks everybody.
    fn take(&mut self, step: &Step) -> Result<(), String> {
        let on = self.world.place(step);
        let waiting = self.world.first_order();
        let before = self.world.certificates[on].state;
        let foreseen = self.world.foresee(step);
        let made = match foreseen {
            Foreseen::Nothing => return Ok(()),
            Foreseen::Done { made } => made,
            Foreseen::Refused(_) => None,
        };
        self.count(step, foreseen);
        self.act(step, on, waiting, before, foreseen)?;
        let touched = [Some(on), made, waiting.filter(|waiting| *waiting != on)];
        self.agree(touched.into_iter().flatten())
    }

    fn count(&self, step: &Step, foreseen: Foreseen) {
        let mut told = self.setting.told.borrow_mut();
        told.operations += 1;
        told.refused += usize::from(matches!(foreseen, Foreseen::Refused(_)));
        *told.through.entry(step.through).or_default() += 1;
    }
}

/// How many sequences to try.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration file and no command line of its own"
)]
fn how_many() -> u32 {
    match std::env::var("CHANCERY_SEQUENCES") {
        Ok(number) => number.parse().expect("CHANCERY_SEQUENCES is a number"),
        Err(_) => SEQUENCES,
    }
}

#[test]
fn no_two_apis_ever_disagree() {
    let server = Server::start_with_config("[keystone]\nkey = \"ec-p256\"\n");
    let setting = Setting::new(&server);
    let config = Config {
        cases: how_many(),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    match runner.run(&sequences(LONGEST), |steps| setting.walk(&steps)) {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => {
            let (why, steps) = setting.shortest(why.to_string(), steps);
            let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?}\n")).collect();
            panic!("{why}\nby\n{}", steps.concat());
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let told = setting.told.borrow();
    tell(&format!(
        "{} sequences, {} operations ({} of them refused, as they must be) on {} certificates, {} CRLs; through {:?}",
        told.sequences, told.operations, told.refused, told.certificates, told.crls, told.through
    ));
    assert!(
        told.refused * 3 < told.operations * 2,
        "hardly anything was done"
    );
}
