//! Filters and order as Tastypie reads them, in the engine's words.

use chancery_app::{Order, SubjectCondition};
use chancery_core::name::Name;

use super::super::errors::Fault;
use super::schema::{Resource, SUBJECT_LOOKUPS};
use crate::kit::query::Query;

/// The ways of comparing texts that Django knows: behind a field they are one of these, not another field.
const LOOKUPS: [&str; 17] = [
    "exact",
    "iexact",
    "contains",
    "icontains",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "range",
    "isnull",
    "regex",
    "iregex",
];

/// The condition on the subject. Other fields of the resource do not filter; names that are no fields count for nothing.
pub(super) fn subject(
    query: &Query,
    resource: Resource,
) -> Result<Option<SubjectCondition>, Fault> {
    let mut names: Vec<&str> = Vec::new();
    let mut found = None;
    for (name, _) in query.pairs() {
        let mut bits = name.split("__");
        let field = bits.next().unwrap_or_default();
        if names.contains(&name) || !resource.has(field) {
            continue;
        }
        names.push(name);
        let mut bits: Vec<&str> = bits.collect();
        let lookup = match bits.pop() {
            Some(last) if LOOKUPS.contains(&last) => last,
            Some(last) => {
                bits.push(last);
                "exact"
            }
            None => "exact",
        };
        allowed(field, lookup, &bits)?;
        if found.is_some() {
            return Err(Fault::bad("give one condition on the subject, not several"));
        }
        found = Some(condition(lookup, &query.values(name).collect::<Vec<_>>()));
    }
    Ok(found)
}

/// Tastypie's words for what does not filter.
fn allowed(field: &str, lookup: &str, rest: &[&str]) -> Result<(), Fault> {
    if field != "subject" {
        let text = format!("The '{field}' field does not allow filtering.");
        return Err(Fault::bad(text));
    }
    if !SUBJECT_LOOKUPS.contains(&lookup) {
        let text = format!("'{lookup}' is not an allowed filter on the 'subject' field.");
        return Err(Fault::bad(text));
    }
    if !rest.is_empty() {
        return Err(Fault::bad(
            "The 'subject' field does not support relations.",
        ));
    }
    Ok(())
}

/// Of a repeated parameter the last one counts, save for `in`: there all count, whole and in their parts between commas,
/// each text once.
fn condition(lookup: &str, values: &[&str]) -> SubjectCondition {
    let last = || Name::openssl_oneline_part(values.last().copied().unwrap_or_default());
    match lookup {
        "iexact" => SubjectCondition::IsIgnoringCase(last()),
        "contains" => SubjectCondition::Contains(last()),
        "icontains" => SubjectCondition::ContainsIgnoringCase(last()),
        "in" => {
            let mut texts: Vec<String> = Vec::new();
            for value in values {
                let parts = value.split(',').filter(|_| value.contains(','));
                texts.extend(
                    [*value]
                        .into_iter()
                        .chain(parts)
                        .map(Name::openssl_oneline_part),
                );
            }
            texts.sort_unstable();
            texts.dedup();
            SubjectCondition::IsOneOf(texts)
        }
        _ => SubjectCondition::IsOneOf(vec![last()]),
    }
}

/// Oldest first, if nothing is said. The first name counts: ids are all different.
pub(super) fn order(query: &Query, resource: Resource) -> Result<Order, Fault> {
    let mut order = None;
    for name in query.values("order_by") {
        let (descending, rest) = match name.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let field = rest.split("__").next().unwrap_or_default();
        if !resource.has(field) {
            let text = format!("No matching '{field}' field for ordering on.");
            return Err(Fault::bad(text));
        }
        if rest != "id" {
            let text = format!("The '{field}' field does not allow ordering.");
            return Err(Fault::bad(text));
        }
        order = order.or(Some(descending));
    }
    Ok(match order {
        Some(true) => Order::NumberDescending(None),
        Some(false) | None => Order::Number(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Query {
        Query::read(query).unwrap()
    }

    #[track_caller]
    fn refused(query: &str, want: &str) {
        let query = read(query);
        let read = subject(&query, Resource::UserCerts)
            .map(drop)
            .and_then(|()| order(&query, Resource::UserCerts).map(drop));
        assert_eq!(read, Err(Fault::bad(want)));
    }

    #[test]
    fn subjects_are_filtered() {
        let text = |text: &str| text.to_owned();
        for (query, want) in [
            ("", None),
            ("subjects=a&foo__bar=b&resource_uri=c", None),
            (
                "subject=/CN=a",
                Some(SubjectCondition::IsOneOf(vec![text("/CN=a")])),
            ),
            (
                "subject__exact=a",
                Some(SubjectCondition::IsOneOf(vec![text("a")])),
            ),
            (
                "subject__iexact=A",
                Some(SubjectCondition::IsIgnoringCase(text("A"))),
            ),
            (
                "subject__contains=%25a",
                Some(SubjectCondition::Contains(text("%a"))),
            ),
            (
                "subject__icontains=a&subject__icontains=b",
                Some(SubjectCondition::ContainsIgnoringCase(text("b"))),
            ),
            (
                "subject__icontains=%C3%BC",
                Some(SubjectCondition::ContainsIgnoringCase(text("\\xC3\\xBC"))),
            ),
            (
                "subject__contains=a%0A%7F~",
                Some(SubjectCondition::Contains(text("a\\x0A\\x7F~"))),
            ),
            (
                "subject__in=a,b&subject__in=c&subject__in=a",
                Some(SubjectCondition::IsOneOf(
                    ["a", "a,b", "b", "c"].map(text).to_vec(),
                )),
            ),
        ] {
            assert_eq!(
                subject(&read(query), Resource::UserCerts),
                Ok(want),
                "{query}"
            );
        }
    }

    #[test]
    fn what_does_not_filter_or_order_is_told_in_tastypies_words() {
        refused(
            "status=Active",
            "The 'status' field does not allow filtering.",
        );
        refused(
            "cert_id__in=a",
            "The 'cert_id' field does not allow filtering.",
        );
        refused(
            "subject__startswith=a",
            "'startswith' is not an allowed filter on the 'subject' field.",
        );
        refused(
            "subject__foo=a",
            "The 'subject' field does not support relations.",
        );
        refused(
            "subject__foo__iexact=a",
            "The 'subject' field does not support relations.",
        );
        refused(
            "order_by=subject",
            "The 'subject' field does not allow ordering.",
        );
        refused(
            "order_by=-foo__id",
            "No matching 'foo' field for ordering on.",
        );
        refused("order_by=", "No matching '' field for ordering on.");
        refused(
            "subject=a&subject__contains=b",
            "give one condition on the subject, not several",
        );
    }

    #[test]
    fn ids_order() {
        for (query, want) in [
            ("", Order::Number(None)),
            ("order_by=id", Order::Number(None)),
            ("order_by=-id", Order::NumberDescending(None)),
            ("order_by=-id&order_by=id", Order::NumberDescending(None)),
        ] {
            assert_eq!(
                order(&read(query), Resource::UserCerts),
                Ok(want),
                "{query}"
            );
        }
    }
}
