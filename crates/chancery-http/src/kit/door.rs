//! What every request passes on its way to a handler: an id, the limit of requests at once, the time limit, a net for
//! panics, and the counters.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use chancery_app::Error;
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::apis::Api;
use crate::kit::body::Lent;
use crate::metrics::Metrics;
use crate::shared::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long what a handler left unread is heard out.
const HEARING: Duration = Duration::from_secs(5);

/// The door of one API.
#[derive(Clone)]
pub(crate) struct Door {
    api: Api,
    metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
    time_limit: Duration,
}

impl Door {
    pub(crate) fn new(api: Api, shared: &Shared) -> Door {
        let server = &shared.config.server;
        Door {
            api,
            metrics: Arc::clone(&shared.metrics),
            places: Arc::new(Semaphore::new(
                usize::try_from(server.concurrent_requests).unwrap_or(usize::MAX >> 4),
            )),
            time_limit: Duration::from_secs(u64::from(server.request_seconds)),
        }
    }
}

/// Lets a request through.
pub(crate) async fn pass(State(door): State<Door>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = new_id();
    let headers = request.headers().clone();
    // The route, not the path: a path may hold a token.
    let matched = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("request", id = %id, api = door.api.name, method = %request.method(), path = %matched);
    let mut response = async {
        // RFC 9112, section 3.2: a proxy before this server may have gone by the other one.
        if headers.get_all(HOST).iter().nth(1).is_some() {
            let error = Error::Invalid("the request names two hosts".to_owned());
            return (door.api.fault)(&error, &headers);
        }
        let Ok(place) = door.places.try_acquire() else {
            return (door.api.fault)(&Error::Busy, &headers);
        };
        let (parts, body) = request.into_parts();
        let lent = Lent::new(body);
        let request = Request::from_parts(parts, Body::new(lent.clone()));
        let handled = AssertUnwindSafe(next.run(request)).catch_unwind();
        let handled = tokio::time::timeout(door.time_limit, handled).await;
        drop(place);
        // What a handler refused unread is heard out, for a while: only then does every client hear the refusal. It holds
        // no place, so that nobody who may do nothing keeps others out by talking slowly.
        let _ = tokio::time::timeout(HEARING, lent.hear_out(&headers)).await;
        match handled {
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => (door.api.fault)(&Error::internal("a handler panicked"), &headers),
            Err(_late) => {
                tracing::warn!("the request took too long");
                (door.api.fault)(&Error::TimedOut, &headers)
            }
        }
    }
    .instrument(span)
    .await;
    door.metrics
        .answered(door.api.name, response.status().as_u16(), began.elapsed());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// 16 hexadecimal digits: a counter under a start that differs from run to run, so that ids do not repeat in a log.
fn new_id() -> String {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static START: LazyLock<u64> = LazyLock::new(|| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::process::id())
    });
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "{:016x}",
        START.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
    )
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse;
    use axum::routing::post;
    use futures_util::stream;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    fn door() -> Door {
        Door {
            api: Api {
                name: "none",
                router: Router::new,
                fault: |error, _| match error {
                    Error::Invalid(_) => StatusCode::BAD_REQUEST.into_response(),
                    _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                },
            },
            metrics: Arc::new(Metrics::new()),
            places: Arc::new(Semaphore::new(1)),
            time_limit: Duration::from_secs(30),
        }
    }

    /// What stands behind the door refuses all, without a look at the body.
    fn router() -> TowerToHyperService<Router> {
        let refusing = post(async || StatusCode::UNAUTHORIZED);
        let router = Router::new().route("/", refusing);
        TowerToHyperService::new(router.layer(from_fn_with_state(door(), pass)))
    }

    #[tokio::test]
    async fn requests_that_name_two_hosts_are_refused() {
        for (hosts, status) in [(0, 401), (1, 401), (2, 400)] {
            let request =
                (0..hosts).fold(Request::post("/"), |request, _| request.header(HOST, "a"));
            let answer = router().call(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.unwrap().status().as_u16(), status, "{hosts}");
        }
    }

    #[tokio::test]
    async fn who_is_refused_and_talks_on_slowly_keeps_nobody_out() {
        let router = router();
        let ask = |body: Body| router.call(Request::post("/").body(body).unwrap());
        let silent = Body::from_stream(stream::pending::<Result<&str, axum::Error>>());
        let mut slow = Box::pin(ask(silent));
        assert!((&mut slow).now_or_never().is_none());
        let answer = ask(Body::empty()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
}
