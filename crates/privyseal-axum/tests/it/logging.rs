//! What ends up in a log.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::routing::get;
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Engine, Session, SessionLayer};
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps every event with its level, and errors with their sources, as log formats print them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0
            .lock()
            .unwrap()
            .push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }

    fn record_error(&mut self, field: &Field, mut value: &(dyn Error + 'static)) {
        write!(self.0, "{field}={value} ").unwrap();
        while let Some(source) = value.source() {
            write!(self.0, "source={source} ").unwrap();
            value = source;
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Numbers {
    password: u32,
}

#[tokio::test]
async fn what_a_session_holds_is_logged_for_debugging_only_and_keys_and_cookies_never() {
    async fn write(mut session: Session) {
        session.insert("password", "hunter2");
    }
    async fn read(session: Session<Numbers>) -> String {
        session.password.to_string()
    }
    async fn too_much(mut session: Session) {
        session.insert("_ps", "hunter2");
    }

    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let key = SecretKey::generate().unwrap();
    let (in_hex, in_base64) = (key.expose_hex(), key.expose_base64url());
    let layer = SessionLayer::from(Engine::signed(KeyRing::new(key)));
    let shown = format!("{layer:?}");
    let app = Router::new()
        .route("/write", get(write))
        .route("/read", get(read))
        .route("/reserved", get(too_much))
        .layer(layer);

    let visit = async |path: &str, cookies: &str| {
        let request = Request::get(path)
            .header(COOKIE, cookies)
            .body(Body::empty());
        app.clone().oneshot(request.unwrap()).await.unwrap()
    };
    let written = visit("/write", "").await;
    let cookie = written.headers()[SET_COOKIE].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    assert_eq!(visit("/read", cookie).await.status(), 500);
    assert_eq!(visit("/reserved", cookie).await.status(), 500);
    visit("/write", &format!("{cookie}; {cookie}")).await;

    let log = log.0.lock().unwrap();
    assert!(
        log.iter()
            .filter(|(level, _)| *level <= Level::WARN)
            .count()
            >= 3,
        "{log:?}"
    );
    for (level, line) in log.iter() {
        assert!(
            *level > Level::INFO || !line.contains("hunter2"),
            "{level} {line}"
        );
        assert!(!line.contains(cookie.split_once('=').unwrap().1), "{line}");
    }
    let said = log.iter().any(|(_, line)| line.contains("hunter2"));
    assert!(said, "the developer can find out what did not fit: {log:?}");
    for text in log.iter().map(|(_, line)| line).chain([&shown]) {
        assert!(
            !text.contains(in_hex.as_str()) && !text.contains(in_base64.as_str()),
            "{text}"
        );
    }
}
