//! Users.

use chancery_app::PropertyValue;
use secrecy::SecretString;

use super::property::{self, Properties};
use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// The property that holds the name for people.
pub(crate) const NAME: &str = "name";
/// The property that says whether the user may log in.
pub(crate) const ENABLED: &str = "enabled";
/// The property that holds the end of the account, in milliseconds since 1970; -1 for none.
pub(crate) const EXPIRATION: &str = "accountExpiration";

/// A user as it is answered.
#[derive(Clone, Debug)]
pub(crate) struct User<'u> {
    pub(crate) id: &'u str,
    pub(crate) provider: &'u str,
    pub(crate) login: &'u str,
    pub(crate) first_name: Option<&'u str>,
    pub(crate) last_name: Option<&'u str>,
    pub(crate) email: Option<&'u str>,
    pub(crate) subject_dn: Option<&'u str>,
    pub(crate) properties: Properties,
}

/// A user as a client sends it. What it leaves out is none.
#[derive(Debug)]
pub(crate) struct AskedUser {
    pub(crate) login: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) subject_dn: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) expiration: Option<i64>,
}

impl Readable for AskedUser {
    const ROOT: &'static str = "User";

    fn read(root: Element<'_>) -> Result<AskedUser, String> {
        let mut asked = AskedUser {
            login: root.trimmed_text("Login")?,
            // White space may be part of a password.
            password: root
                .child_text("Password")?
                .filter(|password| !password.is_empty())
                .map(SecretString::from),
            first_name: root.trimmed_text("FirstName")?,
            last_name: root.trimmed_text("LastName")?,
            email: root.trimmed_text("Email")?,
            subject_dn: root.trimmed_text("SubjectDn")?,
            name: None,
            enabled: None,
            expiration: None,
        };
        for (key, value) in property::read(root)?.unwrap_or_default() {
            match (key.as_str(), value) {
                (NAME, PropertyValue::Text(text)) => {
                    asked.name = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                }
                (ENABLED, PropertyValue::Flag(flag)) => asked.enabled = Some(flag),
                (EXPIRATION, PropertyValue::Number(number)) => asked.expiration = Some(number),
                (NAME, _) => return Err("the property \"name\" must be a StringValue".to_owned()),
                (ENABLED, _) => {
                    return Err("the property \"enabled\" must be a BooleanValue".to_owned());
                }
                (EXPIRATION, _) => {
                    return Err("the property \"accountExpiration\" must be a LongValue".to_owned());
                }
                (_, _) => {}
            }
        }
        Ok(asked)
    }
}

impl User<'_> {
    /// The element.
    pub(crate) fn node(&self) -> Node {
        Node::new("User")
            .with("id", self.id)
            .with("providerId", self.provider)
            .with("version", "0")
            .holding(Node::text("Login", self.login))
            .holding_text("FirstName", self.first_name)
            .holding_text("LastName", self.last_name)
            .holding_text("Email", self.email)
            .holding_text("SubjectDn", self.subject_dn)
            .holding(property::node(&self.properties))
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use secrecy::ExposeSecret;

    /// As Go's encoding/xml writes it: default namespace, empty version.
    const GO: &str = r#"<User xmlns="http://ns.l7tech.com/2010/04/gateway-management" id="" version="">
        <Login> joe </Login><Password> a b</Password><FirstName></FirstName><LastName>Doe</LastName><Other><Deep/></Other>
        <Properties><Property key="name"><StringValue>John Doe</StringValue></Property>
        <Property key="enabled"><BooleanValue>false</BooleanValue></Property>
        <Property key="accountExpiration"><LongValue>-1</LongValue></Property>
        <Property key="other"><OtherValue>1</OtherValue></Property></Properties></User>"#;

    #[test]
    fn users_are_read_in_any_spelling_of_the_namespace() {
        let prefixed = GO
            .replace("xmlns=", "xmlns:x=")
            .replace("</", "</x:")
            .replace("<Deep", "<x:Deep");
        let prefixed = [
            "User",
            "Login",
            "Password",
            "FirstName",
            "LastName",
            "Other",
            "Propert",
            "StringV",
            "BooleanV",
            "LongV",
            "OtherV",
        ]
        .iter()
        .fold(prefixed, |text, name| {
            text.replace(&format!("<{name}"), &format!("<x:{name}"))
        });
        for body in [GO, prefixed.as_str()] {
            let asked: AskedUser = read(body.as_bytes()).unwrap();
            assert_eq!(asked.login.as_deref(), Some("joe"), "{body}");
            assert_eq!(asked.password.unwrap().expose_secret(), " a b");
            assert_eq!(
                (asked.first_name, asked.last_name.as_deref()),
                (None, Some("Doe"))
            );
            assert_eq!(asked.name.as_deref(), Some("John Doe"));
            assert_eq!((asked.enabled, asked.expiration), (Some(false), Some(-1)));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (from, to, want) in [
            ("false", "maybe", "true or false"),
            ("-1", "1.5", "whole number"),
            ("key=\"name\"", "key=\"enabled\"", "twice"),
            ("key=\"other\"", "kex=\"other\"", "needs a key"),
            ("<LastName>Doe", "<LastName><b/>Doe", "text only"),
            ("BooleanValue", "StringValue", "must be a BooleanValue"),
            ("User", "Group", "root must be <User>"),
        ] {
            let error = read::<AskedUser>(GO.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
