//! The parameters of a list, into a filter.

use chancery_app::{TrustFilter, UserFilter, UserOrder};

use super::super::errors::Fault;
use super::super::extract::Query;

/// What every list can be asked for beside its filters.
const ORDERING: [&str; 2] = ["sort", "order"];
/// A filter by the gateway's security zones. Nothing here lies in one, so whoever asks for those of one finds nothing.
const ZONE: &str = "securityZone.id";

/// A list of users by log-in name. Which domain is meant the path says.
pub(crate) fn users(query: &Query) -> Result<UserFilter, Fault> {
    let descending = ordering(query, "login", &["login"])?;
    Ok(UserFilter {
        names: query.values("login"),
        order: if descending {
            UserOrder::NameDescending
        } else {
            UserOrder::Name
        },
        ..UserFilter::default()
    })
}

/// A list of identity providers; none if nothing can pass.
pub(crate) fn providers(query: &Query) -> Result<Option<TrustFilter>, Fault> {
    let descending = ordering(query, "name", &["name", "type", ZONE])?;
    let filter = TrustFilter {
        names: query.values("name"),
        kinds: query.values("type"),
        descending,
    };
    Ok(query.values(ZONE).is_empty().then_some(filter))
}

/// A list of trusted certificates; none if nothing can pass.
pub(crate) fn trusted(query: &Query) -> Result<Option<TrustFilter>, Fault> {
    let descending = ordering(query, "name", &["name", ZONE])?;
    let filter = TrustFilter {
        names: query.values("name"),
        kinds: Vec::new(),
        descending,
    };
    Ok(query.values(ZONE).is_empty().then_some(filter))
}

/// A list of groups: which names (all if empty), and whether from the last to the first.
pub(crate) fn groups(query: &Query) -> Result<(Vec<String>, bool), Fault> {
    Ok((query.values("name"), ordering(query, "name", &["name"])?))
}

/// A list of private keys: which aliases (all if empty), and whether from the last to the first.
pub(crate) fn keys(query: &Query) -> Result<(Vec<String>, bool), Fault> {
    Ok((query.values("alias"), ordering(query, "alias", &["alias"])?))
}

/// Does the list run from the last to the first? A filter that is not known is refused: passed over, it would list
/// everything, and scripts delete what they find.
fn ordering(query: &Query, sort: &str, filters: &[&str]) -> Result<bool, Fault> {
    let known = [&ORDERING, filters].concat();
    if let Some(other) = query.other_than(&known) {
        let shown: String = other.chars().take(64).collect();
        return Err(Fault::bad(format!(
            "{shown:?} is not a valid search value: take one of {}",
            known.join(", ")
        )));
    }
    if query.value("sort")?.is_some_and(|asked| asked != sort) {
        return Err(Fault::bad(format!("sort must be {sort}")));
    }
    match query.value("order")? {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(Fault::bad("order must be asc or desc")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::errors::Kind;
    use super::*;

    fn read(text: &str) -> Query {
        Query::read(text).map_err(drop).unwrap()
    }

    #[test]
    fn a_filter_given_twice_means_either() {
        let filter = users(&read("login=joe&login=ann&sort=login&order=desc")).unwrap();
        assert_eq!(filter.names, ["joe", "ann"]);
        assert_eq!(filter.order, UserOrder::NameDescending);
        let filter = providers(&read("type=LDAP&name=a&name=b"))
            .unwrap()
            .unwrap();
        assert_eq!((filter.names.len(), filter.kinds.len()), (2, 1));
        assert!(!filter.descending);
        assert_eq!(trusted(&read("securityZone.id=1")), Ok(None));
        assert_eq!(keys(&read("order=asc")), Ok((Vec::new(), false)));
    }

    #[test]
    fn what_is_no_search_value_is_refused() {
        for text in [
            "sort=id",
            "sort=",
            "order=up",
            "order=",
            "order=ASC",
            "order=asc&order=desc",
            "logn=joe",
            "name=joe",
        ] {
            assert_eq!(
                users(&read(text)).unwrap_err().kind,
                Kind::BadRequest,
                "{text}"
            );
        }
        assert!(groups(&read("login=x")).is_err());
        assert!(keys(&read("sort=name")).is_err());
        assert!(trusted(&read("type=x")).is_err());
    }
}
