//! Log-in: what is shown into a credential, and who was let in, with the catalog, into Keystone's words.

use chancery_app::{Credential, Domain, User};
use chancery_core::identity::DomainId;
use chancery_core::time::Time;

use super::super::errors::Fault;
use super::super::wire::access::{self as wire, AskedAccess, Auth};
use super::super::wire::discovery::{Extension, Link, MediaType, Version};
use crate::kit::time::rfc3339;

/// The service to which our roles belong; HP's identity service has this id.
const IDENTITY_SERVICE: &str = "100";

/// The tenant for which a token is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// None.
    Unscoped,
    /// The tenant with this id.
    Id(String),
    /// The tenant with this name.
    Name(String),
}

/// What is shown, and for which tenant. Exactly one credential must be shown, and at most one tenant named.
pub(crate) fn shown(asked: AskedAccess) -> Result<(Credential, Scope), Fault> {
    let Auth {
        password_credentials,
        api_access_key_credentials,
        token,
        tenant_id,
        tenant_name,
    } = asked.auth;
    let credential = match (password_credentials, api_access_key_credentials, token) {
        (Some(shown), None, None) => Credential::Password(shown.user, shown.password.into()),
        (None, Some(shown), None) => Credential::ApiKey(shown.access_key, shown.secret_key.into()),
        (None, None, Some(shown)) => Credential::Token(shown.id.into()),
        _ => {
            return Err(Fault::bad(
                "auth must hold one of passwordCredentials, apiAccessKeyCredentials and token",
            ));
        }
    };
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let scope = match (given(tenant_id), given(tenant_name)) {
        (None, None) => Scope::Unscoped,
        (Some(id), None) => Scope::Id(id),
        (None, Some(name)) => Scope::Name(name),
        (Some(_), Some(_)) => return Err(Fault::bad("give tenantId or tenantName, not both")),
    };
    Ok((credential, scope))
}

/// A token with its user, without a catalog.
pub(crate) fn access(
    token: &str,
    expires: Time,
    tenant: Option<&Domain>,
    user: &User,
) -> wire::Access {
    let tenant_id = tenant.map(|domain| domain.id.to_string());
    let roles = user.roles.iter().map(|role| wire::Role {
        id: role.word(),
        service_id: IDENTITY_SERVICE,
        name: role.word(),
        tenant_id: tenant_id.clone(),
    });
    wire::Access {
        token: wire::Token {
            expires: milliseconds(expires),
            id: token.to_owned(),
            tenant: tenant.map(|domain| wire::Tenant {
                id: domain.id.to_string(),
                name: domain.name.clone(),
            }),
        },
        user: wire::User {
            id: user.id.to_string(),
            name: user.name.clone(),
            roles: roles.collect(),
        },
        service_catalog: None,
    }
}

/// The catalog: this API at `url`, in its region.
pub(crate) fn catalog(url: &str, region: &str) -> Vec<wire::Service> {
    let endpoint = wire::Endpoint {
        admin_url: url.to_owned(),
        internal_url: url.to_owned(),
        public_url: url.to_owned(),
        region: region.to_owned(),
        id: "2.0",
        info: url.to_owned(),
        list: url.strip_suffix("v2.0/").unwrap_or(url).to_owned(),
    };
    vec![wire::Service {
        name: "Identity",
        kind: "identity",
        endpoints: vec![endpoint],
    }]
}

/// A domain as a tenant.
pub(crate) fn tenant(domain: &Domain) -> wire::TenantEntry {
    wire::TenantEntry {
        id: domain.id.to_string(),
        name: domain.name.clone(),
        enabled: !domain.disabled,
        created: milliseconds(domain.created),
    }
}

/// Does `belongsTo` name the domain to which a token is scoped?
pub(crate) fn belongs(belongs_to: Option<&str>, scope: Option<&DomainId>) -> Result<(), Fault> {
    match belongs_to {
        Some(tenant) if scope.map(DomainId::as_str) != Some(tenant) => Err(Fault::bad(
            "the token does not belong to the tenant in belongsTo",
        )),
        _ => Ok(()),
    }
}

/// The one version there is, at `url`.
pub(crate) fn version(url: &str) -> Version {
    Version {
        id: "v2.0",
        status: "stable",
        updated: "2014-04-17T00:00:00Z",
        media_types: vec![
            MediaType {
                base: "application/json",
                kind: "application/vnd.openstack.identity-v2.0+json",
            },
            MediaType {
                base: "application/xml",
                kind: "application/vnd.openstack.identity-v2.0+xml",
            },
        ],
        links: vec![Link {
            rel: "self",
            href: url.to_owned(),
        }],
    }
}

/// The one extension there is.
pub(crate) fn extension() -> Extension {
    Extension {
        name: "HP Identity Management APIs",
        namespace: "http://www.hp.com/identity/api/ext/HP-IDM/v1.0",
        alias: "HP-IDM",
        updated: "2011-09-14T13:25:27-06:00",
        description: "HP Identity Management extension APIs based on Openstack Keystone v2.0 APIs",
        links: Vec::new(),
    }
}

/// `2011-10-14T21:42:59.000Z`
fn milliseconds(time: Time) -> String {
    rfc3339(time).replace('Z', ".000Z")
}

#[cfg(test)]
mod tests {
    use chancery_core::identity::UserId;
    use chancery_core::role::Role;

    use super::super::super::wire::{Document, read_json};
    use super::*;
    use crate::testing::joe;

    fn kind(auth: &str) -> Result<(&'static str, Scope), Fault> {
        let body = format!(r#"{{"auth":{auth}}}"#);
        let asked = read_json(body.as_bytes()).map_err(Fault::bad)?;
        let (credential, scope) = shown(asked)?;
        let kind = match credential {
            Credential::Password(..) => "password",
            Credential::ApiKey(..) => "key",
            Credential::PasswordOrApiKey(..) => "either",
            Credential::Token(_) => "token",
        };
        Ok((kind, scope))
    }

    #[test]
    fn one_credential_and_at_most_one_tenant() {
        let password = r#""passwordCredentials":{"username":"a","password":"b"}"#;
        let key = r#""apiAccessKeyCredentials":{"accessKey":"a","secretKey":"b"}"#;
        assert_eq!(
            kind(&format!("{{{password}}}")),
            Ok(("password", Scope::Unscoped))
        );
        assert_eq!(
            kind(&format!(r#"{{{key},"tenantId":"t"}}"#)),
            Ok(("key", Scope::Id("t".to_owned())))
        );
        let named = ("token", Scope::Name("n".to_owned()));
        assert_eq!(
            kind(r#"{"token":{"id":"x"},"tenantName":"n","tenantId":""}"#),
            Ok(named)
        );
        for auth in [
            "{}".to_owned(),
            "null".to_owned(),
            format!("{{{password},{key}}}"),
            format!(r#"{{{password},"tenantId":"t","tenantName":"n"}}"#),
            r#"{"passwordCredentials":{"username":"a"}}"#.to_owned(),
            r#"{"token":{}}"#.to_owned(),
        ] {
            assert!(kind(&auth).is_err(), "{auth}");
        }
    }

    #[test]
    fn access_is_written_as_hp_shows_it() {
        let domain = Domain {
            id: DomainId::parse("14541255461800").unwrap(),
            name: "HR & Services".to_owned(),
            disabled: false,
            created: Time::from_unix(0),
        };
        let user = User {
            id: UserId::parse("30744378952176").unwrap(),
            name: "arunkant".to_owned(),
            domain: domain.id.clone(),
            roles: vec![Role::SelfService],
            ..joe()
        };
        let mut access = access(
            "HPAuth_4e98a5dbb0befc448cd0454f",
            Time::from_unix(1_318_628_579),
            Some(&domain),
            &user,
        );
        access.service_catalog = Some(catalog("https://ca.example:8443/v2.0/", "region-a.geo-1"));
        let document = Document::Access(access);
        let xml = document.xml();
        for part in [
            "<access xmlns=\"http://docs.openstack.org/identity/api/v2.0\" xmlns:ns2=",
            "   <token id=\"HPAuth_4e98a5dbb0befc448cd0454f\" expires=\"2011-10-14T21:42:59.000Z\">\n      <tenant id=\"14541255461800\" name=\"HR &amp; Services\"/>\n   </token>\n",
            "         <role id=\"self-service\" name=\"self-service\" serviceId=\"100\" tenantId=\"14541255461800\"/>\n",
            "      <service type=\"identity\" name=\"Identity\">\n         <endpoint region=\"region-a.geo-1\" publicURL=\"https://ca.example:8443/v2.0/\"",
            "            <version id=\"2.0\" info=\"https://ca.example:8443/v2.0/\" list=\"https://ca.example:8443/\"/>\n",
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
        let json: serde_json::Value = serde_json::from_str(&document.json()).unwrap();
        assert_eq!(json["access"]["token"]["tenant"]["name"], "HR & Services");
        assert_eq!(json["access"]["user"]["roles"][0]["serviceId"], "100");
        assert_eq!(json["access"]["serviceCatalog"][0]["type"], "identity");
        assert_eq!(
            json["access"]["serviceCatalog"][0]["endpoints"][0]["publicURL"],
            "https://ca.example:8443/v2.0/"
        );
    }

    #[test]
    fn belongs_to_needs_a_scope() {
        let home = DomainId::parse("home").unwrap();
        assert!(belongs(None, None).is_ok());
        assert!(belongs(Some("home"), Some(&home)).is_ok());
        assert!(belongs(Some("away"), Some(&home)).is_err());
        assert!(belongs(Some("home"), None).is_err());
    }
}
