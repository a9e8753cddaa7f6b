//! The Rust half of the pair: what `interop/flask_app.py` does, in axum.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use privyseal::formats::flask::FlaskOptions;
use privyseal::value::Dict;
use privyseal::{KeyRing, SecretKey, VerifyKey};
use privyseal_axum::{Engine, LiveKeyRing, Session, SessionLayer};
use privyseal_session::SessionHandle;
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::typed::{typed_dict, untyped};
use serde_json::Value;

/// Keys as a Flask application has them: text, and strong.
pub(crate) const KEYS: [&str; 3] = [
    "uTKq0yXhB2m9ZrVd4sPfLw8oJcNa7eGi",
    "Hj3xWb6nQz1vMt5kRy9pFg2sDc8uEo4a",
    "Cz7rXq2wNv8mBk4tLh6yJs1pGd9fUe3i",
];

pub(crate) fn secret(text: &str) -> SecretKey {
    SecretKey::from_text(text).unwrap()
}

/// The ring of a Flask application.
pub(crate) fn flask_ring(secret_key: &str, fallbacks: &[&str]) -> KeyRing {
    let fallbacks: Vec<VerifyKey> = fallbacks.iter().map(|key| secret(key).into()).collect();
    KeyRing::from_flask(secret(secret_key), fallbacks)
}

/// Flask's engine under this digest.
pub(crate) fn engine(keys: &LiveKeyRing, digest: &str) -> Engine {
    let engine = Engine::flask(keys.clone());
    match digest {
        "sha1" => engine,
        _ => engine.with_flask_options(FlaskOptions::sha256()),
    }
}

/// The application; a request may say what time it is, as Flask's may.
pub(crate) fn app(engine: Engine, clock: &FakeClock) -> Router {
    let engine = engine.with_clock(clock.clone());
    Router::new()
        .route("/untouched", get(async || "untouched"))
        .route("/read", get(read))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/do", post(perform))
        .layer(SessionLayer::from(engine))
        .layer(axum::middleware::from_fn_with_state(
            clock.clone(),
            at_its_time,
        ))
}

async fn at_its_time(
    State(clock): State<FakeClock>,
    headers: HeaderMap,
    request: Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    if let Some(time) = headers.get("x-test-time") {
        clock.set(time.to_str().unwrap().parse().unwrap());
    }
    next.run(request).await
}

async fn read(session: Session) -> Json<Value> {
    Json(typed_dict(&session))
}

async fn login(mut session: Session, user: String) -> &'static str {
    session.insert("user", user);
    "signed in"
}

async fn logout(mut session: Session) -> &'static str {
    session.clear();
    "signed out"
}

/// Does to the session what the steps in the body say.
async fn perform(
    Extension(handle): Extension<SessionHandle>,
    request: HeaderMap,
    Json(steps): Json<Value>,
) -> &'static str {
    for step in steps.as_array().unwrap() {
        let name = step[0].as_str().unwrap();
        let key = || step[1].as_str().unwrap();
        let value = || untyped(&step[2]).unwrap();
        let mut session: privyseal_session::Session<Dict> = handle.open(&request).await.unwrap();
        match name {
            // What changes nothing is only a read in Flask; here the handler says which it is.
            "pop" if !session.contains_key(key()) => {}
            "pop" => drop(session.remove(key())),
            "setdefault" if session.contains_key(key()) => {}
            "set" | "setdefault" => drop(session.insert(key(), value())),
            "contains" => drop(session.contains_key(key())),
            "clear" => session.clear(),
            "permanent" => session.set_permanent(step[1].as_bool().unwrap()),
            "modified" => session.mark_modified(),
            other => panic!("no step {other}"),
        }
    }
    "done"
}
