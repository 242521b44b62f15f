//! Listings: pages, windows and counts of what passes a filter.
//!
//! The certificates are met along the walks of walks.rs, in the listing's order. What is searched for in subjects is
//! compared here. A walk gives numbers; the certificates of a page are then read one by one.

use chancery_core::certificate::Certificate;
use chancery_core::identity::CertificateNumber;
use rusqlite::Connection;

use super::lines::{self, Sought};
use super::walks::{
    Expected, Stretch, Walk, by_standing, narrow, query, selection, stretches, walks,
};
use super::{certificates, subjects};
use crate::search::{CertificateFilter, Order, StatusFilter, SubjectCondition};
use crate::store::StoreError;

/// Most numbers that are given with a count.
pub(super) const MOST_NUMBERS: usize = 1_000;

/// The certificates that pass `filter`, in its order, at most `limit`.
pub(super) fn page(
    connection: &Connection,
    filter: &CertificateFilter,
    limit: usize,
) -> Result<Vec<Certificate>, StoreError> {
    page_after(connection, filter, 0, limit, Expected::Unknown)
}

/// The certificates that pass `filter`, in its order, after the first `offset`, at most `limit`.
pub(super) fn page_after(
    connection: &Connection,
    filter: &CertificateFilter,
    offset: u64,
    limit: usize,
    expected: Expected,
) -> Result<Vec<Certificate>, StoreError> {
    let mut wanted = Wanted {
        skip: offset,
        take: limit as u64,
        taken: Vec::new(),
    };
    if let Some(filter) = plain(filter)
        && limit > 0
    {
        meet(connection, &filter, expected, &mut wanted)?;
    }
    certificates::with_numbers(connection, &wanted.taken)
}

/// What passes a filter.
#[derive(Default)]
pub(super) struct Passed {
    /// How many.
    pub(super) count: u64,
    /// Their numbers, if they were met one by one and are not more than [`MOST_NUMBERS`].
    pub(super) numbers: Option<Vec<CertificateNumber>>,
}

/// Counts what passes `filter` after the place at which its order, which must be that of numbers, starts.
pub(super) fn count(
    connection: &Connection,
    filter: &CertificateFilter,
) -> Result<Passed, StoreError> {
    let Some(filter) = plain(filter) else {
        return Ok(Passed::default());
    };
    let walks = walks(connection, &filter, Expected::Unknown)?;
    if filter.subject.is_some() {
        return count_one_by_one(connection, &filter, &walks);
    }
    let mut count = 0;
    for walk in walks {
        for stretch in stretches(&filter, &walk) {
            let counted = selection("SELECT count(*)", &filter, &walk, stretch)
                .rows(connection, |row| Ok(row.get::<_, i64>(0)?))?;
            count += counted.into_iter().map(i64::unsigned_abs).sum::<u64>();
        }
    }
    Ok(Passed {
        count,
        numbers: None,
    })
}

fn count_one_by_one(
    connection: &Connection,
    filter: &CertificateFilter,
    walks: &[Walk],
) -> Result<Passed, StoreError> {
    let mut count = 0;
    let mut numbers = Vec::new();
    for walk in walks {
        along(connection, filter, walk, None, &mut |number| {
            count += 1;
            if count <= MOST_NUMBERS as u64 {
                numbers.push(number);
            }
            true
        })?;
    }
    Ok(Passed {
        count,
        numbers: (count <= MOST_NUMBERS as u64).then_some(numbers),
    })
}

/// The certificates of a page of a listing by number, after the first `offset`, at most `limit`, of which `numbers` are
/// all that passes, in their order.
pub(super) fn page_of(
    connection: &Connection,
    numbers: &[CertificateNumber],
    order: &Order,
    offset: usize,
    limit: usize,
) -> Result<Vec<Certificate>, StoreError> {
    let numbers = numbers.iter().copied();
    let page: Vec<CertificateNumber> = match order {
        Order::NumberDescending(before) => numbers
            .rev()
            .filter(|number| before.is_none_or(|before| *number < before))
            .skip(offset)
            .take(limit)
            .collect(),
        Order::Number(after) => numbers
            .filter(|number| after.is_none_or(|after| *number > after))
            .skip(offset)
            .take(limit)
            .collect(),
        Order::SubjectKeyId(_) => Vec::new(),
    };
    certificates::with_numbers(connection, &page)
}

/// The filter without a condition that says nothing; none if nothing can pass.
pub(super) fn plain(filter: &CertificateFilter) -> Option<CertificateFilter> {
    let can_be = |text: &String| text.len() <= subjects::LONGEST_TEXT;
    let subject =
        match filter.subject.clone() {
            Some(
                SubjectCondition::Contains(text) | SubjectCondition::ContainsIgnoringCase(text),
            ) if text.is_empty() => None,
            Some(SubjectCondition::IsOneOf(mut texts)) => {
                texts.retain(can_be);
                Some(SubjectCondition::IsOneOf(texts))
            }
            subject => subject,
        };
    if let Some(condition) = &subject
        && !condition.texts().iter().any(can_be)
    {
        return None;
    }
    Some(CertificateFilter {
        subject,
        ..filter.clone()
    })
}

/// The part of a listing that is wanted: after the first so many, so many.
struct Wanted {
    skip: u64,
    take: u64,
    taken: Vec<CertificateNumber>,
}

impl Wanted {
    /// Takes note of the next one; false once there is enough.
    fn meet(&mut self, number: CertificateNumber) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return true;
        }
        self.taken.push(number);
        !self.is_enough()
    }

    fn is_enough(&self) -> bool {
        self.taken.len() as u64 >= self.take
    }
}

fn meet(
    connection: &Connection,
    filter: &CertificateFilter,
    expected: Expected,
    wanted: &mut Wanted,
) -> Result<(), StoreError> {
    let walks = walks(connection, filter, expected)?;
    if let ([walk], None) = (walks.as_slice(), &filter.subject)
        && let [stretch] = stretches(filter, walk).as_slice()
    {
        // SQLite counts off what is skipped faster than it can be handed over.
        let query = query(filter, walk, *stretch).stretch(wanted.skip, wanted.take);
        wanted.taken = query.rows(connection, |row| Ok(row.get(0)?))?;
        return Ok(());
    }
    for walk in walks {
        if wanted.is_enough() {
            break;
        }
        let most = wanted.skip.saturating_add(wanted.take);
        along(connection, filter, &walk, Some(most), &mut |number| {
            wanted.meet(number)
        })?;
    }
    Ok(())
}

/// Meets what passes along one walk, `most` of it if that much is enough, as long as `met` gives true.
fn along(
    connection: &Connection,
    filter: &CertificateFilter,
    walk: &Walk,
    most: Option<u64>,
    met: &mut dyn FnMut(CertificateNumber) -> bool,
) -> Result<(), StoreError> {
    if let (Walk::Lines(_), Some(condition)) = (walk, &filter.subject) {
        return along_lines(connection, filter, walk, condition, met);
    }
    let mut goes_on = true;
    for stretch in stretches(filter, walk) {
        let query = query(filter, walk, stretch);
        let query = match (&filter.subject, most) {
            (None, Some(most)) => query.stretch(0, most),
            _ => query,
        };
        if !goes_on {
            break;
        }
        query.each(connection, |row| {
            let holds = match &filter.subject {
                Some(condition) => condition.holds(lines::text(row.get_ref(1)?)?),
                None => true,
            };
            goes_on = !holds || met(row.get(0)?);
            Ok(goes_on)
        })?;
    }
    Ok(())
}

fn along_lines(
    connection: &Connection,
    filter: &CertificateFilter,
    walk: &Walk,
    condition: &SubjectCondition,
    met: &mut dyn FnMut(CertificateNumber) -> bool,
) -> Result<(), StoreError> {
    let newest_first = matches!(filter.order, Order::NumberDescending(_));
    let sought = Sought::of(condition);
    let mut others = Others::of(filter);
    for stretch in stretches(filter, walk) {
        let Stretch::Numbers(above, below) = stretch else {
            continue;
        };
        lines::search(connection, &sought, (above, below), newest_first, |found| {
            let mut passing = others.passing(connection, found)?;
            if newest_first {
                passing.reverse();
            }
            Ok(passing.into_iter().all(&mut *met))
        })?;
    }
    Ok(())
}

/// The conditions of a filter beside that on the subject, for numbers that were found in stretches of subjects.
struct Others {
    filter: CertificateFilter,
    walk: Walk,
    /// Is it those that do not pass that are looked for? They are few where all that is listed passes.
    inverse: bool,
    /// What the walk met among the numbers from the first to the second.
    met: Vec<CertificateNumber>,
    from: CertificateNumber,
    to: CertificateNumber,
}

impl Others {
    /// So many numbers are looked at ahead, once the first stretch was not enough.
    const AHEAD: i64 = 50_000;

    fn of(filter: &CertificateFilter) -> Others {
        let mut others = CertificateFilter {
            subject: None,
            order: Order::Number(None),
            ..filter.clone()
        };
        let narrow = narrow(filter);
        let inverse = narrow.is_none() && filter.status.is_none();
        if inverse {
            others.status = Some(StatusFilter::Any);
        }
        let by_number = narrow.filter(|walk| *walk != Walk::Issued);
        Others {
            walk: by_number.unwrap_or_else(|| by_standing(others.status)),
            filter: others,
            inverse,
            met: Vec::new(),
            from: 0,
            to: -1,
        }
    }

    /// Those of `found`, which is in the order of numbers, that pass.
    fn passing(
        &mut self,
        connection: &Connection,
        mut found: Vec<CertificateNumber>,
    ) -> Result<Vec<CertificateNumber>, StoreError> {
        let all_pass = !self.inverse && self.filter.issuer.is_none() && self.walk == Walk::After(0);
        if let (Some(first), Some(last), false) = (found.first(), found.last(), all_pass) {
            let (first, last) = (*first, *last);
            self.look(connection, first, last)?;
            let after = self.met.partition_point(|met| *met < first);
            let mut met = self.met.iter().skip(after).copied().peekable();
            found.retain(|number| {
                while met.next_if(|met| met < number).is_some() {}
                (met.peek() == Some(number)) != self.inverse
            });
        }
        Ok(found)
    }

    /// Lets the walk meet the numbers from `first` to `last`, and those beyond that will be asked for next.
    fn look(
        &mut self,
        connection: &Connection,
        first: CertificateNumber,
        last: CertificateNumber,
    ) -> Result<(), StoreError> {
        if self.from <= first && last <= self.to {
            return Ok(());
        }
        let (mut from, mut to) = (first, last);
        if first > self.to && self.to > 0 {
            to = last.max(first.saturating_add(Self::AHEAD));
        } else if last < self.from {
            from = first.min(last.saturating_sub(Self::AHEAD));
        }
        let among = Stretch::Numbers(from - 1, to.saturating_add(1));
        self.met.clear();
        let walks: &[Walk] = if self.inverse {
            &[Walk::State(4), Walk::State(5)]
        } else {
            std::slice::from_ref(&self.walk)
        };
        for walk in walks {
            let met = query(&self.filter, walk, among);
            self.met
                .extend(met.rows(connection, |row| Ok(row.get::<_, CertificateNumber>(0)?))?);
        }
        self.met.sort_unstable();
        (self.from, self.to) = (from, to);
        Ok(())
    }
}
