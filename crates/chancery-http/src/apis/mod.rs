//! The one table of APIs: what each is called, where it stands and how it says that something went wrong.

pub(crate) mod appviewx;
pub(crate) mod fortiauthenticator;
pub(crate) mod keystone;
pub(crate) mod layer7;
pub(crate) mod native;
pub(crate) mod pki;
pub(crate) mod sbc;

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;

use crate::kit::door::{self, Door};
use crate::shared::Shared;

/// One API.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    /// Its name in metrics and in the audit trail.
    pub(crate) name: &'static str,
    /// Its routes, with whole paths.
    pub(crate) router: fn() -> Router<Shared>,
    /// An error in its own words, for a request with those headers.
    pub(crate) fault: fn(&chancery_app::Error, &HeaderMap) -> Response,
}

/// Every API that needs callers.
const APIS: [Api; 6] = [
    Api {
        name: native::NAME,
        router: native::router,
        fault: native::fault,
    },
    Api {
        name: keystone::NAME,
        router: keystone::router,
        fault: keystone::fault,
    },
    Api {
        name: fortiauthenticator::NAME,
        router: fortiauthenticator::router,
        fault: fortiauthenticator::fault,
    },
    Api {
        name: layer7::NAME,
        router: layer7::router,
        fault: layer7::fault,
    },
    Api {
        name: appviewx::NAME,
        router: appviewx::router,
        fault: appviewx::fault,
    },
    Api {
        name: sbc::NAME,
        router: sbc::router,
        fault: sbc::fault,
    },
];

/// The open surface.
const PKI: Api = Api {
    name: pki::NAME,
    router: pki::router,
    fault: pki::fault,
};

/// What the SBC's API says to those who come without TLS.
const SBC_IN_THE_CLEAR: Api = Api {
    name: sbc::NAME,
    router: sbc::clear_text,
    fault: sbc::fault,
};

/// What stands at no address of any API.
const NOWHERE: Api = Api {
    name: "none",
    router: nowhere,
    fault: native::fault,
};

fn nowhere() -> Router<Shared> {
    Router::new().fallback(unknown_path)
}

async fn unknown_path(uri: Uri) -> Response {
    pki::nothing_at(uri.path()).unwrap_or_else(|| native::unknown_path(&uri))
}

/// Every API and the open surface: what stands behind TLS.
pub(crate) fn everything(shared: Shared) -> Router {
    let mut router = with_door(PKI, &shared).merge(with_door(NOWHERE, &shared));
    for api in APIS {
        router = router.merge(with_door(api, &shared));
    }
    router.with_state(shared)
}

/// What stands in the clear: CRLs and certificates of authorities, and the word to SBC clients that TLS is needed.
pub(crate) fn open_surface(shared: Shared) -> Router {
    with_door(PKI, &shared)
        .merge(with_door(SBC_IN_THE_CLEAR, &shared))
        .merge(with_door(NOWHERE, &shared))
        .with_state(shared)
}

fn with_door(api: Api, shared: &Shared) -> Router<Shared> {
    let door = Door::new(api, shared);
    (api.router)().layer(from_fn_with_state(door, door::pass))
}
