//! The key ring is replaced as fast as it goes, while threads of visitors are served.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::routing::post;
use http_body_util::BodyExt as _;
use privyseal::KeyRing;
use privyseal::value::Value;
use privyseal_axum::{Engine, LiveKeyRing, Session, SessionLayer};
use tower::ServiceExt as _;

use crate::application::{KEYS, secret};

const VISITORS: usize = 4;
const REQUESTS: u64 = 3000;

#[test]
fn replacing_the_ring_under_full_load_loses_no_request_and_no_session() {
    under_load("signed", Engine::signed);
    under_load("sealed", Engine::sealed);
}

fn under_load(mode: &str, engine: impl Fn(LiveKeyRing) -> Engine) {
    let rings = rings();
    let keys = LiveKeyRing::new(rings[0].clone());
    let app = Router::new()
        .route("/", post(count))
        .layer(SessionLayer::from(engine(keys.clone())));
    let (is_over, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Barrier::new(VISITORS + 1);
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS)
            .map(|_| scope.spawn(|| visit_often(mode, &app, &start)))
            .collect();
        scope.spawn(|| {
            start.wait();
            for ring in rings.iter().cycle() {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                keys.replace(ring.clone());
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let served: Vec<_> = visitors.into_iter().map(ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(served.iter().all(Result::is_ok), "{mode}");
    });
    let swaps = swaps.into_inner();
    assert!(swaps > REQUESTS, "{mode}: only {swaps} replacements");
    // Each key has signed in its turn, or it would have had nothing to verify.
    for key in keys.current().keys() {
        assert!(key.verifications() > 0, "{mode}");
    }
}

/// Three rings of the same keys, of which another one signs in each.
fn rings() -> [KeyRing; 3] {
    [[0, 1, 2], [1, 2, 0], [2, 0, 1]].map(|[signs, newer, older]| {
        let others = [newer, older].map(|number: usize| secret(KEYS[number]).into());
        KeyRing::new(secret(KEYS[signs])).with_verify_only(others)
    })
}

async fn count(mut session: Session) -> String {
    let visits = session.get("visits").and_then(Value::as_i64);
    let visits = visits.unwrap_or(0) + 1;
    session.insert("visits", visits);
    visits.to_string()
}

/// Every answer must be good, and count on from the one before.
fn visit_often(mode: &str, app: &Router, start: &Barrier) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    start.wait();
    runtime.block_on(async {
        let mut cookie = None;
        for visit in 1..=REQUESTS {
            let mut request = Request::builder().method("POST").uri("/");
            if let Some(cookie) = &cookie {
                request = request.header(COOKIE, cookie);
            }
            let request = request.body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{mode}: {visit}");
            let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap();
            let (pair, _) = set_cookie.split_once(';').unwrap();
            cookie = Some(pair.to_owned());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, visit.to_string().as_bytes(), "{mode}");
        }
    });
}
