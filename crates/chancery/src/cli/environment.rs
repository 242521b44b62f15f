//! The environment variables that the command line heeds: the one place that reads them.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::secret::Secret;

/// The variables, empty ones taken for unset.
#[derive(Clone, Default, Debug)]
pub(crate) struct Environment {
    /// `CHANCERY_URL`
    pub(crate) url: Option<String>,
    /// `CHANCERY_USER`
    pub(crate) user: Option<String>,
    /// `CHANCERY_API_KEY`
    pub(crate) api_key: Option<Secret>,
    /// `CHANCERY_CA`
    pub(crate) ca: Option<PathBuf>,
    /// Where this user's configuration lives: `XDG_CONFIG_HOME`, else `~/.config` (XDG Base Directory Specification).
    pub(crate) config_home: Option<PathBuf>,
    /// `COLUMNS`: how wide a table may be, where a shell exports it.
    pub(crate) columns: Option<usize>,
}

impl Environment {
    /// Reads the process's environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line reads its variables here and nowhere else"
    )]
    pub(crate) fn read() -> Environment {
        Environment::of(|name| std::env::var_os(name))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Environment {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        // The specification wants relative paths ignored.
        let configured = set("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let in_home = || set("HOME").map(|home| PathBuf::from(home).join(".config"));
        Environment {
            url: text("CHANCERY_URL"),
            user: text("CHANCERY_USER"),
            api_key: text("CHANCERY_API_KEY").map(Secret::new),
            ca: set("CHANCERY_CA").map(PathBuf::from),
            config_home: configured.or_else(in_home),
            columns: set("COLUMNS").as_deref().and_then(number),
        }
    }
}

fn number(value: &OsStr) -> Option<usize> {
    value
        .to_str()?
        .trim()
        .parse()
        .ok()
        .filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Environment {
        Environment::of(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn empty_is_unset() {
        let environment = of(&[
            ("CHANCERY_URL", ""),
            ("CHANCERY_CA", ""),
            ("CHANCERY_USER", "joe"),
        ]);
        assert_eq!(environment.url, None);
        assert_eq!(environment.ca, None);
        assert_eq!(environment.user.as_deref(), Some("joe"));
    }

    #[test]
    fn configuration_home_follows_the_specification() {
        for (pairs, want) in [
            (&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")][..], Some("/c")),
            (
                &[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")],
                Some("/h/.config"),
            ),
            (&[("HOME", "/h")], Some("/h/.config")),
            (&[], None),
        ] {
            assert_eq!(of(pairs).config_home, want.map(PathBuf::from), "{pairs:?}");
        }
    }

    #[test]
    fn a_width_is_a_number_above_nought() {
        for (columns, want) in [("80", Some(80)), ("0", None), ("wide", None)] {
            assert_eq!(of(&[("COLUMNS", columns)]).columns, want, "{columns}");
        }
    }
}
