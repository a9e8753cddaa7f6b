//! The layer and the extractor around handlers of every kind.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http_body_util::{BodyExt as _, StreamBody};
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Engine, Session, SessionLayer, SessionRejection};
use serde::{Deserialize, Serialize};
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
        self.headers.get(VARY).is_some_and(|vary| vary == "Cookie")
            && self
                .headers
                .get(CACHE_CONTROL)
                .is_some_and(|control| control == "no-store")
    }
}

/// A request with the cookie that an answer set.
async fn ask(app: &Router, method: Method, path: &str, after: Option<&Answer>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(after) = after {
        let (pair, _) = after.cookies()[0].split_once(';').unwrap();
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

#[tokio::test]
async fn head_is_answered_with_the_headers_of_get() {
    let app = Router::new().route("/", get(count)).layer(layer());
    let first = ask(&app, Method::HEAD, "/", None).await;
    assert!(first.body.is_empty());
    assert!(first.is_uncacheable());
    assert_eq!(ask(&app, Method::GET, "/", Some(&first)).await.body, "2");
}

#[tokio::test]
async fn a_handler_that_answers_with_an_error_keeps_its_session() {
    async fn refuse(mut session: Session) -> StatusCode {
        session.insert("visits", 41);
        StatusCode::FORBIDDEN
    }
    let app = Router::new()
        .route("/no", get(refuse))
        .route("/", get(count))
        .layer(layer());
    let refused = ask(&app, Method::GET, "/no", None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.is_uncacheable());
    assert_eq!(ask(&app, Method::GET, "/", Some(&refused)).await.body, "42");
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_gives_a_fixed_500_and_nothing_of_the_answer() {
    async fn too_much(mut session: Session) -> impl IntoResponse {
        let noise = SecretKey::generate().unwrap().expose_hex().to_string();
        let noise: Vec<String> = (0..200).map(|at| format!("{at}{noise}")).collect();
        session.insert("noise", noise.concat());
        ([("X-Saved", "yes"), ("Set-Cookie", "other=1")], "saved")
    }
    let engine = Engine::sealed(KeyRing::new(SecretKey::generate().unwrap()));
    let app = Router::new()
        .route("/", get(too_much))
        .layer(SessionLayer::from(engine));
    let answer = ask(&app, Method::GET, "/", None).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "The session could not be saved.");
    assert!(answer.cookies().is_empty());
    assert!(!answer.headers.contains_key("x-saved"));
    assert!(answer.is_uncacheable());
}

#[derive(Default, Serialize, Deserialize)]
struct Numbers {
    password: u32,
}

#[tokio::test]
async fn a_session_of_another_type_gives_a_fixed_500_and_tells_nothing() {
    async fn write(mut session: Session) {
        session.insert("password", "hunter2");
    }
    async fn read(session: Session<Numbers>) -> String {
        session.password.to_string()
    }
    let app = Router::new()
        .route("/", get(write))
        .route("/read", get(read))
        .layer(layer());
    let written = ask(&app, Method::GET, "/", None).await;
    let answer = ask(&app, Method::GET, "/read", Some(&written)).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "The session could not be opened.");
    assert!(
        answer.cookies().is_empty(),
        "the session is not thrown away either"
    );
    assert!(answer.is_uncacheable());
    assert!(!format!("{:?}", answer.headers).contains("hunter2"));
}

#[tokio::test]
async fn a_handler_may_go_on_without_the_session_that_it_could_not_have() {
    async fn write(mut session: Session) {
        session.insert("password", "hunter2");
    }
    async fn read(session: Result<Session<Numbers>, SessionRejection>) -> &'static str {
        if session.is_ok() {
            "yours"
        } else {
            "everybody's"
        }
    }
    let app = Router::new()
        .route("/", get(write))
        .route("/read", get(read))
        .layer(layer());
    let written = ask(&app, Method::GET, "/", None).await;
    let answer = ask(&app, Method::GET, "/read", Some(&written)).await;
    assert_eq!(
        (answer.status, &answer.body[..]),
        (StatusCode::OK, &b"everybody's"[..])
    );
    assert!(
        answer.is_uncacheable(),
        "the answer depends on the cookie all the same"
    );
}

#[tokio::test]
async fn without_the_layer_the_extractor_answers_500() {
    let app = Router::new().route("/", get(count));
    let answer = ask(&app, Method::GET, "/", None).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "The session could not be opened.");
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

#[tokio::test]
async fn the_cookie_goes_out_before_a_streamed_body_and_late_writes_are_lost() {
    async fn stream(mut session: Session) -> Body {
        session.insert("visits", 1);
        session.save().unwrap();
        let frames = futures_of(session);
        Body::new(StreamBody::new(frames))
    }
    /// One frame, made when the headers are gone.
    fn futures_of(
        mut session: Session,
    ) -> impl futures_core::Stream<Item = Result<http_body::Frame<Bytes>, std::convert::Infallible>>
    {
        let mut text = Some("late");
        OneByOne(move || {
            session.insert("visits", 99);
            text.take()
                .map(|text| Ok(http_body::Frame::data(Bytes::from(text))))
        })
    }
    let app = Router::new()
        .route("/stream", get(stream))
        .route("/", get(count))
        .layer(layer());
    let streamed = ask(&app, Method::GET, "/stream", None).await;
    assert_eq!(streamed.body, "late");
    assert_eq!(ask(&app, Method::GET, "/", Some(&streamed)).await.body, "2");
}

/// The stream of what a function gives until it gives nothing.
struct OneByOne<F>(F);

impl<T, F: FnMut() -> Option<T> + Unpin> futures_core::Stream for OneByOne<F> {
    type Item = T;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        std::task::Poll::Ready((self.0)())
    }
}

#[tokio::test]
async fn a_handler_that_panics_saves_nothing() {
    async fn half_way(mut session: Session) {
        session.insert("visits", 99);
        panic!("half way");
    }
    let app = Router::new()
        .route("/panic", get(half_way))
        .route("/", get(count))
        .layer(CatchPanicLayer::new())
        .layer(layer());
    let first = ask(&app, Method::GET, "/", None).await;
    let panicked = ask(&app, Method::GET, "/panic", Some(&first)).await;
    assert_eq!(panicked.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(panicked.cookies().is_empty());
    assert!(panicked.is_uncacheable());
    assert_eq!(ask(&app, Method::GET, "/", Some(&first)).await.body, "2");
}

#[tokio::test]
async fn other_layers_may_stand_inside_and_outside() {
    let others = || {
        tower::ServiceBuilder::new()
            .layer(TraceLayer::new_for_http())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                Duration::from_secs(30),
            ))
            .layer(CompressionLayer::new())
    };
    let inside = tower::ServiceBuilder::new().layer(layer()).layer(others());
    let outside = tower::ServiceBuilder::new().layer(others()).layer(layer());
    for app in [
        Router::new().route("/", get(count)).layer(inside),
        Router::new().route("/", get(count)).layer(outside),
    ] {
        let first = ask(&app, Method::GET, "/", None).await;
        assert_eq!(first.body, "1");
        assert_eq!(first.headers[CACHE_CONTROL], "no-store");
        let mut varies = first.headers.get_all(VARY).iter();
        assert!(varies.any(|vary| vary == "Cookie"), "{:?}", first.headers);
        assert_eq!(ask(&app, Method::GET, "/", Some(&first)).await.body, "2");
    }
}

#[tokio::test]
async fn a_request_that_times_out_saves_nothing() {
    async fn slow(mut session: Session) {
        session.insert("visits", 99);
        std::future::pending::<()>().await;
    }
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(10));
    let app = Router::new()
        .route("/", get(slow))
        .layer(timeout)
        .layer(layer());
    let answer = ask(&app, Method::GET, "/", None).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(answer.is_uncacheable());
}

#[tokio::test]
async fn an_untouched_session_adds_no_header() {
    let app = Router::new()
        .route("/", get(async || "plain"))
        .route("/count", get(count));
    let app = app.layer(layer());
    let first = ask(&app, Method::GET, "/count", None).await;
    for after in [None, Some(&first)] {
        let answer = ask(&app, Method::GET, "/", after).await;
        for header in [VARY, CACHE_CONTROL, SET_COOKIE] {
            assert!(!answer.headers.contains_key(&header), "{header}");
        }
    }
}
