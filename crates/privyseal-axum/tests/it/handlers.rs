//! What axum and its layers have that the shared behaviour suite does not know.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, COOKIE, SET_COOKIE, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use http_body_util::BodyExt as _;
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{CookiePolicy, Engine, Session, SessionLayer};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

fn layer() -> SessionLayer {
    SessionLayer::sealed(KeyRing::new(SecretKey::generate().unwrap()))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().unwrap()).collect()
    }

    fn is_uncacheable(&self) -> bool {
        let mut varies = self.headers.get_all(VARY).iter();
        let kept = self.headers.get(CACHE_CONTROL);
        varies.any(|vary| vary == "Cookie") && kept.is_some_and(|control| control == "no-store")
    }
}

/// A request with the cookies that an answer set.
async fn ask(app: &Router, method: Method, path: &str, after: Option<&Answer>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for cookie in after.iter().flat_map(|after| after.cookies()) {
        let (pair, _) = cookie.split_once(';').unwrap();
        request = request.header(COOKIE, pair);
    }
    let request = request.header("Accept-Encoding", "gzip");
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

async fn count(mut session: Session) -> String {
    let visits = 1 + session
        .get("visits")
        .and_then(privyseal::value::Value::as_i64)
        .unwrap_or(0);
    session.insert("visits", visits);
    visits.to_string()
}

async fn too_much(mut session: Session) -> &'static str {
    let noise = SecretKey::generate().unwrap().expose_hex().to_string();
    let noise: Vec<String> = (0..200).map(|at| format!("{at}{noise}")).collect();
    session.insert("noise", noise.concat());
    "saved"
}

#[tokio::test]
async fn two_extractors_and_a_middleware_share_one_session() {
    async fn around(mut session: Session, request: Request, next: Next) -> Response {
        session.insert("before", 1);
        session.save().unwrap();
        let response = next.run(request).await;
        session.insert("after", 2);
        response
    }
    async fn handler(mut first: Session, mut second: Session) -> String {
        let before = first.contains_key("before");
        first.insert("first", 3);
        second.insert("second", 4);
        before.to_string()
    }
    async fn keys(session: Session) -> String {
        let mut keys: Vec<_> = session
            .keys()
            .map(|key| key.to_string_lossy().into_owned())
            .collect();
        keys.sort();
        keys.join(" ")
    }
    let inner = Router::new()
        .route("/", get(handler))
        .layer(middleware::from_fn(around));
    let app = inner.route("/keys", get(keys)).layer(layer());
    let first = ask(&app, Method::GET, "/", None).await;
    assert_eq!(first.body, "true");
    assert_eq!(first.cookies().len(), 1);
    let keys = ask(&app, Method::GET, "/keys", Some(&first)).await;
    assert_eq!(keys.body, "after before first second");
}

/// Each with a cookie of its own; the handler has the session of the nearest.
#[tokio::test]
async fn a_router_in_a_router_may_have_sessions_of_its_own() {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let cookie = CookiePolicy::builder("__Host-admin").build().unwrap();
    let admin = Engine::sealed(keys.clone()).with_cookie(cookie);
    let inner = Router::new()
        .route("/", get(count))
        .layer(SessionLayer::from(admin));
    let app = Router::new()
        .nest("/admin", inner)
        .route("/", get(count))
        .layer(SessionLayer::sealed(keys));
    let first = ask(&app, Method::GET, "/admin", None).await;
    assert_eq!(first.cookies().len(), 1);
    assert!(first.cookies()[0].starts_with("__Host-admin="));
    let second = ask(&app, Method::GET, "/admin", Some(&first)).await;
    assert_eq!(second.body, "2");
    assert_eq!(ask(&app, Method::GET, "/", Some(&first)).await.body, "1");
}

#[tokio::test]
async fn other_layers_may_stand_inside_and_outside() {
    async fn long(session: Session) -> String {
        "long ".repeat(100 + session.len())
    }
    let others = || {
        tower::ServiceBuilder::new()
            .layer(TraceLayer::new_for_http())
            .layer(CatchPanicLayer::new())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                Duration::from_secs(30),
            ))
            .layer(CompressionLayer::new())
    };
    let routes = || {
        Router::new()
            .route("/", get(count).head(count))
            .route("/long", get(long))
            .route("/too-much", get(too_much))
    };
    let inside = tower::ServiceBuilder::new().layer(layer()).layer(others());
    let outside = tower::ServiceBuilder::new().layer(others()).layer(layer());
    for app in [routes().layer(inside), routes().layer(outside)] {
        let first = ask(&app, Method::GET, "/", None).await;
        assert_eq!(first.body, "1");
        assert!(first.is_uncacheable(), "{:?}", first.headers);
        let head = ask(&app, Method::HEAD, "/", Some(&first)).await;
        assert!(head.body.is_empty() && head.is_uncacheable());
        assert_eq!(ask(&app, Method::GET, "/", Some(&head)).await.body, "3");

        let long = ask(&app, Method::GET, "/long", Some(&first)).await;
        assert_eq!(long.headers[CONTENT_ENCODING], "gzip");
        assert!(long.is_uncacheable(), "{:?}", long.headers);

        let refused = ask(&app, Method::GET, "/too-much", Some(&first)).await;
        assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(refused.body, "The session could not be saved.");
        assert!(refused.is_uncacheable() && refused.cookies().is_empty());
    }
}

/// A handler that writes into its session and is then given up on, and two layers around it.
fn that_times_out(status: StatusCode, timeout_is_inside: bool) -> Router {
    async fn slow(mut session: Session) {
        session.insert("visits", 99);
        std::future::pending::<()>().await;
    }
    let timeout = TimeoutLayer::with_status_code(status, Duration::from_millis(10));
    let routes = Router::new().route("/", get(slow));
    if timeout_is_inside {
        routes.layer(timeout).layer(layer())
    } else {
        routes.layer(layer()).layer(timeout)
    }
}

#[tokio::test]
async fn a_timeout_that_is_a_server_error_saves_nothing() {
    for timeout_is_inside in [true, false] {
        let app = that_times_out(StatusCode::GATEWAY_TIMEOUT, timeout_is_inside);
        let answer = ask(&app, Method::GET, "/", None).await;
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(answer.cookies(), [""; 0]);
        assert_eq!(answer.is_uncacheable(), timeout_is_inside);
    }
}

/// A handler that is dropped half-way looks like one that has returned, so that another status
/// saves what it wrote until then. The README says where to put such a layer.
#[tokio::test]
async fn a_timeout_that_blames_the_client_saves_nothing_when_it_stands_outside() {
    for timeout_is_inside in [true, false] {
        let app = that_times_out(StatusCode::REQUEST_TIMEOUT, timeout_is_inside);
        let answer = ask(&app, Method::GET, "/", None).await;
        assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(answer.cookies().is_empty(), !timeout_is_inside);
    }
}

/// The layer that catches the panic stands outside, and the response is made of nothing of ours.
#[tokio::test]
async fn a_panic_that_passes_through_the_layer_saves_nothing() {
    async fn half_way(mut session: Session) {
        session.insert("visits", 99);
        panic!("half way");
    }
    let app = Router::new()
        .route("/panic", get(half_way))
        .route("/", get(count))
        .layer(layer())
        .layer(CatchPanicLayer::new());
    let first = ask(&app, Method::GET, "/", None).await;
    let panicked = ask(&app, Method::GET, "/panic", Some(&first)).await;
    assert_eq!(panicked.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(panicked.cookies().is_empty());
    assert_eq!(ask(&app, Method::GET, "/", Some(&first)).await.body, "2");
}
