//! Log-in as Keystone's and HP's documents write it: what is shown, and the token, user, catalog and tenants answered.

use serde::Serialize;

use super::{ATOM, COMMON, IDENTITY, Readable, root};
use crate::kit::json::Members;
use crate::kit::node::Node;
use crate::kit::xml::XmlFault;

/// A request's body for a token. Secrets are in it, so nothing here has `Debug`.
pub(crate) struct AskedAccess {
    pub(crate) auth: Auth,
}

/// What is shown, and for which tenant.
pub(crate) struct Auth {
    pub(crate) password_credentials: Option<PasswordCredentials>,
    pub(crate) api_access_key_credentials: Option<AccessKeyCredentials>,
    pub(crate) token: Option<TokenShown>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) tenant_name: Option<String>,
}

/// A name or an id, and a password.
pub(crate) struct PasswordCredentials {
    /// The member `username` or `userId`.
    pub(crate) user: String,
    pub(crate) password: String,
}

/// HP's access key.
pub(crate) struct AccessKeyCredentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

/// A token to be scoped anew.
pub(crate) struct TokenShown {
    pub(crate) id: String,
}

/// A token with whom it stands for and what can be reached with it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Access {
    pub(crate) token: Token,
    pub(crate) user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_catalog: Option<Vec<Service>>,
}

/// A token.
#[derive(Serialize)]
pub(crate) struct Token {
    /// `2011-10-14T21:42:59.455Z`
    pub(crate) expires: String,
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<Tenant>,
}

/// The tenant to which a token is scoped.
#[derive(Serialize)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A token's user.
#[derive(Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
}

/// A user's role.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) id: &'static str,
    pub(crate) service_id: &'static str,
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
}

/// An entry of the catalog.
#[derive(Serialize)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// Where a service is reached.
#[derive(Serialize)]
pub(crate) struct Endpoint {
    #[serde(rename = "adminURL")]
    pub(crate) admin_url: String,
    #[serde(rename = "internalURL")]
    pub(crate) internal_url: String,
    #[serde(rename = "publicURL")]
    pub(crate) public_url: String,
    pub(crate) region: String,
    /// The version, where it is described, and where all versions are listed.
    pub(crate) id: &'static str,
    pub(crate) info: String,
    pub(crate) list: String,
}

/// A tenant in the list of tenants.
#[derive(Serialize)]
pub(crate) struct TenantEntry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) created: String,
}

impl Readable for AskedAccess {
    fn from_xml(document: &roxmltree::Document<'_>) -> Result<AskedAccess, XmlFault> {
        let auth = root(document, "auth")?;
        let owned = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let password = auth.child("passwordCredentials")?;
        let access_key = auth.child("apiAccessKeyCredentials")?;
        let token = auth.child("token")?;
        Ok(AskedAccess {
            auth: Auth {
                password_credentials: password.map(|shown| PasswordCredentials {
                    user: owned(shown.attribute("username").or(shown.attribute("userId"))),
                    password: owned(shown.attribute("password")),
                }),
                api_access_key_credentials: access_key.map(|shown| AccessKeyCredentials {
                    access_key: owned(shown.attribute("accessKey")),
                    secret_key: owned(shown.attribute("secretKey")),
                }),
                token: token.map(|shown| TokenShown {
                    id: owned(shown.attribute("id")),
                }),
                tenant_id: auth.attribute("tenantId").map(str::to_owned),
                tenant_name: auth.attribute("tenantName").map(str::to_owned),
            },
        })
    }

    fn from_json(members: Members<'_>) -> Result<AskedAccess, String> {
        let auth = members.required_object("auth")?;
        let password = auth.object("passwordCredentials")?.map(|shown| {
            let user = match shown.text("userId")? {
                Some(id) => id,
                None => shown.required_text("username")?,
            };
            Ok::<_, String>(PasswordCredentials {
                user,
                password: shown.required_text("password")?,
            })
        });
        let access_key = auth.object("apiAccessKeyCredentials")?.map(|shown| {
            Ok::<_, String>(AccessKeyCredentials {
                access_key: shown.required_text("accessKey")?,
                secret_key: shown.required_text("secretKey")?,
            })
        });
        let token = auth.object("token")?.map(|shown| shown.required_text("id"));
        Ok(AskedAccess {
            auth: Auth {
                password_credentials: password.transpose()?,
                api_access_key_credentials: access_key.transpose()?,
                token: token.transpose()?.map(|id| TokenShown { id }),
                tenant_id: auth.text("tenantId")?,
                tenant_name: auth.text("tenantName")?,
            },
        })
    }
}

impl Access {
    pub(super) fn xml(&self) -> Node {
        let tenant = self.token.tenant.iter().map(|tenant| {
            Node::new("tenant")
                .with("id", &tenant.id)
                .with("name", &tenant.name)
        });
        let token = Node::new("token")
            .with("id", &self.token.id)
            .with("expires", &self.token.expires)
            .holding_all(tenant);
        let roles = Node::new("roles").holding_all(self.user.roles.iter().map(Role::xml));
        let user = Node::new("user")
            .with("id", &self.user.id)
            .with("name", &self.user.name)
            .holding(roles);
        let catalog = self.service_catalog.iter().map(|services| {
            Node::new("serviceCatalog").holding_all(services.iter().map(Service::xml))
        });
        Node::new("access")
            .with("xmlns", IDENTITY)
            .with("xmlns:ns2", COMMON)
            .with("xmlns:ns3", ATOM)
            .holding(token)
            .holding(user)
            .holding_all(catalog)
    }
}

impl Role {
    fn xml(&self) -> Node {
        Node::new("role")
            .with("id", self.id)
            .with("name", self.name)
            .with("serviceId", self.service_id)
            .with_some("tenantId", self.tenant_id.as_deref())
    }
}

impl Service {
    fn xml(&self) -> Node {
        let endpoints = self.endpoints.iter().map(Endpoint::xml);
        Node::new("service")
            .with("type", self.kind)
            .with("name", self.name)
            .holding_all(endpoints)
    }
}

impl Endpoint {
    fn xml(&self) -> Node {
        let version = Node::new("version")
            .with("id", self.id)
            .with("info", &self.info)
            .with("list", &self.list);
        Node::new("endpoint")
            .with("region", &self.region)
            .with("publicURL", &self.public_url)
            .with("internalURL", &self.internal_url)
            .with("adminURL", &self.admin_url)
            .holding(version)
    }
}

/// The list of tenants.
pub(super) fn tenants_xml(tenants: &[TenantEntry]) -> Node {
    let entries = tenants.iter().map(|tenant| {
        let enabled = if tenant.enabled { "true" } else { "false" };
        Node::new("tenant")
            .with("id", &tenant.id)
            .with("name", &tenant.name)
            .with("enabled", enabled)
    });
    Node::new("tenants")
        .with("xmlns", IDENTITY)
        .with("xmlns:ns2", ATOM)
        .holding_all(entries)
}

#[cfg(test)]
mod tests {
    use super::super::{read_json, read_xml};
    use super::*;

    fn auth(body: &str) -> Auth {
        let read = match body.starts_with('<') {
            true => read_xml,
            false => read_json,
        };
        let asked: Result<AskedAccess, String> = read(body.as_bytes());
        asked.map_err(drop).unwrap().auth
    }

    #[test]
    fn what_is_shown_is_read() {
        let bodies = [
            r#"{"auth":{"passwordCredentials":{"username":"a","password":"b"},"tenantId":"t"}}"#,
            r#"<auth xmlns="http://docs.openstack.org/identity/api/v2.0" tenantId="t"><passwordCredentials username="a" password="b"/></auth>"#,
        ];
        for body in bodies {
            let auth = auth(body);
            let shown = auth.password_credentials.unwrap();
            assert_eq!((shown.user.as_str(), shown.password.as_str()), ("a", "b"));
            assert_eq!(
                (auth.tenant_id.as_deref(), auth.tenant_name),
                (Some("t"), None)
            );
            assert!(auth.api_access_key_credentials.is_none() && auth.token.is_none());
        }
        let bodies = [
            r#"{"auth":{"apiAccessKeyCredentials":{"accessKey":"a","secretKey":"b"},"token":{"id":"c"},"tenantName":"n"}}"#,
            r#"<auth xmlns="http://www.hp.com/identity/api/ext/HP-IDM/v1.0" tenantName="n">
                 <apiAccessKeyCredentials secretKey="b" accessKey="a"/><token id="c"/></auth>"#,
        ];
        for body in bodies {
            let auth = auth(body);
            let shown = auth.api_access_key_credentials.unwrap();
            assert_eq!(
                (shown.access_key.as_str(), shown.secret_key.as_str()),
                ("a", "b")
            );
            assert_eq!(
                (auth.token.unwrap().id.as_str(), auth.tenant_name.as_deref()),
                ("c", Some("n"))
            );
        }
    }
}
