//! The configuration: its elements, and what is done with it as a whole.

use chancery_core::role::Right;
use secrecy::SecretString;

use super::{
    Configuration, ConfigurationAction, Element, Operation, READ, Reference, RestoreSource, verify,
};
use crate::audit::NewAuditEntry;
use crate::property::{check_id, check_name, new_id};
use crate::store::records::{ElementFilter, Holding, RecordStep};
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

/// Most elements of one answer. One more is given, so that whoever pages can tell whether there is another page.
pub const LARGEST_ELEMENT_PAGE: usize = 10_000;

/// What the audit trail calls editing.
const EDIT: &str = "configuration.edit";
/// What [`Error::NotFound`] calls an element.
const ELEMENT: &str = "element";
/// Most attributes of an element.
const MOST_ATTRIBUTES: usize = 128;
/// Most values of an element, of all attributes together.
const MOST_VALUES: usize = 1000;
/// Characters of a value.
const LONGEST_VALUE: usize = 4096;

impl App {
    /// Elements of a kind, by key: the one with `key`, or at most `limit` (and [`LARGEST_ELEMENT_PAGE`]) after the first
    /// `offset`. Needs the right to read certificates everywhere.
    pub async fn elements(
        &self,
        caller: &Caller,
        configuration: Configuration,
        kind: &str,
        key: Option<&str>,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<Element>, Error> {
        self.require_everywhere(caller, Right::ReadCertificates, READ)
            .await?;
        let filter = ElementFilter {
            configuration,
            ..self.edited(kind, key)
        };
        let limit = limit.min(LARGEST_ELEMENT_PAGE + 1);
        let stored = self.store().elements(filter, offset, limit).await?;
        Ok(stored.into_iter().map(|stored| stored.element).collect())
    }

    /// Adds an element to the edited configuration.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock; [`crate::Conflict::Element`] if one with that kind and
    /// key is there.
    pub async fn add_element(
        &self,
        caller: &Caller,
        token: &SecretString,
        element: Element,
    ) -> Result<Element, Error> {
        let (kind, key) = (&element.kind, &element.key);
        let _turn = self.turn_to_edit(caller, token, kind, key, EDIT).await?;
        check_element(&element)?;
        let add = RecordStep::AddElement(element.clone());
        self.commit_edit(caller, token, add, kind, key).await?;
        Ok(element)
    }

    /// Changes an element of the edited configuration: the attributes that are named get the values given, all others
    /// stay, as does what a record holds. Gives the whole element.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock; [`Error::NotFound`].
    pub async fn put_element(
        &self,
        caller: &Caller,
        token: &SecretString,
        change: Element,
    ) -> Result<Element, Error> {
        let (kind, key) = (&change.kind, &change.key);
        let _turn = self.turn_to_edit(caller, token, kind, key, EDIT).await?;
        for _ in 0..ATTEMPTS {
            self.require_lock(caller, token, EDIT).await?;
            let filter = self.edited(kind, Some(key));
            let stored = self.store().elements(filter, 0, 1).await?.pop();
            let stored = stored.ok_or(Error::NotFound(ELEMENT))?;
            let element = merged(stored.element, &change);
            check_element(&element)?;
            let step = RecordStep::ChangeElement {
                from: stored.version,
                element: element.clone(),
                holds: Holding::Same,
            };
            match self.commit_edit(caller, token, step, kind, key).await {
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(element),
            }
        }
        Err(Error::Busy)
    }

    /// Removes an element from the edited configuration, and what it holds with it.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock; [`Error::NotFound`].
    pub async fn remove_element(
        &self,
        caller: &Caller,
        token: &SecretString,
        kind: &str,
        key: &str,
    ) -> Result<(), Error> {
        let _turn = self.turn_to_edit(caller, token, kind, key, EDIT).await?;
        let remove = RecordStep::RemoveElement(kind.to_owned(), key.to_owned());
        match self.commit_edit(caller, token, remove, kind, key).await {
            Err(StoreError::Missing) => Err(Error::NotFound(ELEMENT)),
            done => Ok(done?),
        }
    }

    async fn commit_edit(
        &self,
        caller: &Caller,
        token: &SecretString,
        step: RecordStep,
        kind: &str,
        key: &str,
    ) -> Result<(), StoreError> {
        let entry = NewAuditEntry {
            object: Some(format!("{kind}/{key}")),
            ..self.audit_entry(Some(caller), EDIT)
        };
        let steps = vec![
            self.expect_lock(token),
            Step::Records(step),
            Step::Audit(entry),
        ];
        self.store().commit(steps).await.map(|_| ())
    }

    /// Saves what was edited: from now on it outlives the lock.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock.
    pub async fn save_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
    ) -> Result<Operation, Error> {
        self.operate(caller, token, ConfigurationAction::Save, RecordStep::Save)
            .await
    }

    /// Makes what is saved the running configuration; what was edited and not saved stays as it is.
    ///
    /// # Errors
    /// As [`App::save_configuration`].
    pub async fn activate_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
    ) -> Result<Operation, Error> {
        let done = RecordStep::Activate;
        self.operate(caller, token, ConfigurationAction::Activate, done)
            .await
    }

    /// Replaces what was edited by the saved or the running configuration.
    ///
    /// # Errors
    /// As [`App::save_configuration`].
    pub async fn restore_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
        source: RestoreSource,
    ) -> Result<Operation, Error> {
        let done = match source {
            RestoreSource::Saved => RecordStep::RestoreSaved,
            RestoreSource::Running => RecordStep::RestoreRunning,
        };
        self.operate(caller, token, ConfigurationAction::Restore, done)
            .await
    }

    /// Looks at the edited configuration: whether every certificate in it is good, and whether everything that is
    /// referred to by `references` is there.
    ///
    /// # Errors
    /// As [`App::save_configuration`].
    pub async fn verify_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
        references: &[Reference],
    ) -> Result<Operation, Error> {
        const VERIFY: &str = "configuration.verify";
        self.require_lock(caller, token, VERIFY).await?;
        let filter = ElementFilter {
            kind: None,
            ..self.edited("", None)
        };
        let all = self
            .store()
            .elements(filter, 0, LARGEST_ELEMENT_PAGE)
            .await?;
        let mut findings = verify::dangling(&all, references);
        for stored in &all {
            if let Some(der) = &stored.der {
                findings.extend(verify::unfit(stored, self.standing(der).await?));
            }
        }
        let operation = self.operation_done(ConfigurationAction::Verify, findings)?;
        self.commit_operation(caller, token, &operation, None)
            .await?;
        Ok(operation)
    }

    /// What was done with the configuration, as long as it is remembered: 5000 operations.
    pub async fn operation(&self, caller: &Caller, id: &str) -> Result<Operation, Error> {
        self.require_everywhere(caller, Right::ReadCertificates, READ)
            .await?;
        let found = match check_id(id) {
            Ok(()) => self.store().operation(id.to_owned()).await?,
            Err(_) => None,
        };
        found.ok_or(Error::NotFound("operation"))
    }

    async fn operate(
        &self,
        caller: &Caller,
        token: &SecretString,
        action: ConfigurationAction,
        done: RecordStep,
    ) -> Result<Operation, Error> {
        self.require_lock(caller, token, audited(action)).await?;
        let operation = self.operation_done(action, Vec::new())?;
        self.commit_operation(caller, token, &operation, Some(done))
            .await?;
        Ok(operation)
    }

    fn operation_done(
        &self,
        action: ConfigurationAction,
        findings: Vec<String>,
    ) -> Result<Operation, Error> {
        Ok(Operation {
            id: new_id()?,
            action,
            at: self.now(),
            findings,
        })
    }

    async fn commit_operation(
        &self,
        caller: &Caller,
        token: &SecretString,
        operation: &Operation,
        done: Option<RecordStep>,
    ) -> Result<(), StoreError> {
        let mut steps = vec![self.expect_lock(token)];
        steps.extend(done.map(Step::Records));
        steps.extend([
            Step::Records(RecordStep::AddOperation(operation.clone())),
            Step::Audit(self.audit_entry(Some(caller), audited(operation.action))),
        ]);
        self.store().commit(steps).await.map(|_| ())
    }
}

/// What the audit trail calls it.
const fn audited(action: ConfigurationAction) -> &'static str {
    match action {
        ConfigurationAction::Save => "configuration.save",
        ConfigurationAction::Activate => "configuration.activate",
        ConfigurationAction::Verify => "configuration.verify",
        ConfigurationAction::Restore => "configuration.restore",
    }
}

/// An element with the attributes that a change names in the place of its own.
fn merged(mut element: Element, change: &Element) -> Element {
    for (name, values) in &change.attributes {
        match element.attributes.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => own.clone_from(values),
            None => element.attributes.push((name.clone(), values.clone())),
        }
    }
    element
}

/// Can it be kept? No attribute twice, and nothing beyond the limits.
fn check_element(element: &Element) -> Result<(), Error> {
    check_name("an element's kind", &element.kind)?;
    check_name("an element's key", &element.key)?;
    let attributes = &element.attributes;
    let mut names: Vec<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < attributes.len() {
        return Err(Error::Invalid("an attribute comes twice".to_owned()));
    }
    let values = attributes
        .iter()
        .map(|(_, values)| values.len())
        .sum::<usize>();
    if attributes.len() > MOST_ATTRIBUTES || values > MOST_VALUES {
        return Err(Error::Invalid(format!(
            "an element has at most {MOST_ATTRIBUTES} attributes with {MOST_VALUES} values in all"
        )));
    }
    for (name, values) in attributes {
        check_name("an attribute's name", name)?;
        let fits = |value: &String| {
            value.chars().count() <= LONGEST_VALUE && !value.contains(char::is_control)
        };
        if !values.iter().all(fits) {
            return Err(Error::Invalid(format!(
                "a value of the attribute {name:?} has more than {LONGEST_VALUE} characters, or control characters"
            )));
        }
    }
    Ok(())
}
