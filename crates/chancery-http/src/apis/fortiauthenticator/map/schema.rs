//! The resources of this API: their fields, and what each tells of itself.

use std::collections::BTreeMap;

use super::super::wire::Endpoint;
use super::super::wire::schema::{Field, Kind, Schema};
use super::listing::USUAL_LIMIT;

/// A resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Resource {
    /// User certificates.
    UserCerts,
    /// Requests that came by SCEP.
    ScepReqs,
    /// What the server is.
    SystemInfo,
}

/// How subjects can be compared.
pub(crate) const SUBJECT_LOOKUPS: &[&str] = &["exact", "iexact", "contains", "icontains", "in"];

impl Resource {
    /// Has it a field of that name?
    pub(crate) fn has(self, field: &str) -> bool {
        fields(self).contains_key(field)
    }
}

/// The directory: each resource with its addresses.
pub(crate) fn directory() -> BTreeMap<&'static str, Endpoint> {
    let endpoint = |list_endpoint, schema| Endpoint {
        list_endpoint,
        schema,
    };
    BTreeMap::from([
        (
            "scepreqs",
            endpoint("/api/v1/scepreqs/", "/api/v1/scepreqs/schema/"),
        ),
        (
            "systeminfo",
            endpoint("/api/v1/systeminfo/", "/api/v1/systeminfo/schema/"),
        ),
        (
            "usercerts",
            endpoint("/api/v1/usercerts/", "/api/v1/usercerts/schema/"),
        ),
    ])
}

/// What a resource tells of itself.
pub(crate) fn schema(resource: Resource) -> Schema {
    let detail: &[&str] = match resource {
        Resource::UserCerts => &["get", "patch"],
        Resource::ScepReqs => &["get", "delete"],
        Resource::SystemInfo => &[],
    };
    let listed = resource != Resource::SystemInfo;
    Schema {
        allowed_detail_http_methods: detail,
        allowed_list_http_methods: &["get"],
        default_format: "application/json",
        default_limit: USUAL_LIMIT,
        fields: fields(resource),
        filtering: listed
            .then_some(("subject", SUBJECT_LOOKUPS))
            .into_iter()
            .collect(),
        ordering: if listed { &["id"] } else { &[] },
    }
}

fn fields(resource: Resource) -> BTreeMap<&'static str, Field> {
    let text = |name, help| (name, Field::new(name, Kind::Text, help));
    let integer = |name, help| (name, Field::new(name, Kind::Integer, help));
    let subject = text("subject", "Subject as OpenSSL's one line.");
    match resource {
        Resource::UserCerts => {
            let [(status, status_field), (reason, reason_field)] = [
                text(
                    "status",
                    "Active, Revoked, Pending or Expired; set to active or revoked.",
                ),
                text("revocation_reason", "Why it is revoked."),
            ];
            BTreeMap::from([
                integer("id", "Number of the certificate."),
                text("cert_id", "Unique name of the certificate."),
                (
                    "expiry",
                    Field::new("expiry", Kind::Time, "When the certificate expires."),
                ),
                text("issuer", "Name of the authority, a bar, and its subject."),
                text("serial", "Serial number in hexadecimal."),
                subject,
                (status, status_field.writable()),
                (reason, reason_field.writable().nullable()),
            ])
        }
        Resource::ScepReqs => BTreeMap::from([
            integer("id", "Number of the request."),
            text("issuer", "Name of the authority."),
            text("status", "Approved, Pending or Rejected."),
            subject,
            text("type", "Wildcard or Regular."),
        ]),
        Resource::SystemInfo => {
            let (ha_sn, other) = text("ha_sn", "Serial number of the other member of a pair.");
            BTreeMap::from([
                integer("authorities_count", "Authorities."),
                text("firmware", "Name and version of the program."),
                (ha_sn, other.nullable()),
                text("hostname", "First name of the server's TLS certificate."),
                text("sn", "Serial number of the root authority's certificate."),
                integer("uptime", "Seconds since the program started."),
                integer("usercerts_count", "Certificates that the caller may see."),
            ])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::response;
    use super::*;

    #[test]
    fn user_certificates_have_eight_fields() {
        let said = response(&schema(Resource::UserCerts)).json();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let fields = said["fields"].as_object().unwrap();
        let names: Vec<&String> = fields.keys().collect();
        let want = [
            "cert_id",
            "expiry",
            "id",
            "issuer",
            "revocation_reason",
            "serial",
            "status",
            "subject",
        ];
        assert_eq!(names, want);
        assert_eq!(
            said["filtering"]["subject"],
            serde_json::json!(SUBJECT_LOOKUPS)
        );
        assert_eq!(fields["revocation_reason"]["nullable"], true);
        assert_eq!(fields["expiry"]["type"], "datetime");
        assert!(Resource::UserCerts.has("serial") && !Resource::UserCerts.has("resource_uri"));
    }

    #[test]
    fn what_is_no_list_has_neither_filters_nor_order() {
        let said = response(&schema(Resource::SystemInfo)).json();
        assert!(
            !said.contains("filtering") && !said.contains("ordering"),
            "{said}"
        );
    }
}
