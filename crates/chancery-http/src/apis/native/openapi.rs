//! The OpenAPI 3.1 document of the native API, made from its handlers and words.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

use super::errors::PROBLEM;
use super::handlers::{
    accounts, audit, authorities, certificates, domains, lifecycle, orders, records, revocations,
    users,
};
use super::wire;
use crate::kit::media;

/// The document: every handler of this API, and how callers prove who they are.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chancery",
        description = "The native API of the Chancery certificate authority. Errors are RFC 9457 problems.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        certificates::list, certificates::issue, certificates::import, certificates::show, certificates::pem,
        certificates::der, certificates::chain, certificates::pkcs12, lifecycle::renew, lifecycle::hold,
        lifecycle::release, lifecycle::revoke, lifecycle::delete, lifecycle::purge, orders::regenerate,
        orders::list, orders::show, orders::approve, orders::reject, revocations::start, revocations::list, revocations::show, revocations::stop, revocations::resume,
        revocations::release,
        records::list, records::show, records::sign, users::list, users::add,
        users::show, users::change, users::remove, users::new_api_key, users::remove_api_key, domains::list,
        domains::add, domains::show, domains::change, domains::remove, authorities::list, authorities::add, authorities::show,
        authorities::csr, authorities::import, authorities::retire, authorities::reinstate, authorities::rollover,
        authorities::import_crl, authorities::withdraw,
        authorities::profiles, audit::list, accounts::new_token, accounts::revoke_token, accounts::whoami
    ),
    components(schemas(wire::Problem)),
    security(("basic" = []), ("bearer" = [])),
    modifiers(&Finish)
)]
struct Document;

/// Adds how callers prove who they are and that every operation may be refused with a problem, and makes the operations'
/// ids unique (several handlers are called `list`).
struct Finish;

impl utoipa::Modify for Finish {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for path in document.paths.paths.values_mut() {
            let operations = [
                &mut path.get,
                &mut path.post,
                &mut path.patch,
                &mut path.delete,
            ];
            for operation in operations.into_iter().flatten() {
                let tag = operation
                    .tags
                    .iter()
                    .flatten()
                    .next()
                    .cloned()
                    .unwrap_or_default();
                operation.operation_id = operation
                    .operation_id
                    .as_ref()
                    .map(|id| format!("{tag}_{id}"));
                let responses = &mut operation.responses.responses;
                responses.insert("4XX".to_owned(), problem().into());
            }
        }
        let components = document.components.get_or_insert_default();
        let scheme = |scheme| SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build());
        components.add_security_scheme("basic", scheme(HttpAuthScheme::Basic));
        components.add_security_scheme("bearer", scheme(HttpAuthScheme::Bearer));
    }
}

fn problem() -> utoipa::openapi::Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description("Refused: a problem")
        .content(PROBLEM, content)
        .build()
}

/// The document as pretty JSON with a newline at its end: what stands committed in `openapi.json`.
#[must_use]
pub fn text() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Serves the committed document; a test holds it against [`text`].
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, media::JSON)], include_str!("openapi.json")).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_document_is_what_the_code_says() {
        let committed = include_str!("openapi.json");
        assert!(
            committed == super::text(),
            "openapi.json is out of date: run `cargo run -p chancery -- openapi > crates/chancery-http/src/apis/native/openapi.json`"
        );
    }
}
