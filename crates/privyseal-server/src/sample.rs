//! The sample application: a sign-in, what becomes of the session and its cookie, and a sign-out
//! that holds, in four modes.
//!
//! Every mode has its own engine, cookie and routes. All of them share one ring of keys, and one
//! store: it keeps the sessions of the stored mode, and what was ended of the others.

mod cookie;
mod forms;
mod guard;
mod handlers;
mod health;
mod label;
mod mode;
mod pages;
mod sign_out;
#[cfg(test)]
mod tests;
mod trouble;
mod view;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use privyseal_axum::{Engine, SessionLayer};
use privyseal_session::metrics::PrometheusMetrics;

use crate::keys::Keys;
use crate::store::Sessions;
use mode::Mode;

/// All that a handler knows beside its request.
#[derive(Clone, Debug)]
pub(crate) struct App {
    mode: Mode,
    /// The one of the layer as well: it lists sessions, and some handlers try a cookie that the
    /// browser did not send.
    engine: Engine,
    keys: Keys,
    sessions: Sessions,
}

/// The longest body of a request in bytes; the longest form, which presents a cookie, is half of
/// it.
const MAX_BODY: usize = 8 * 1024;

pub(crate) fn router(keys: &Keys, sessions: &Sessions) -> Router {
    let metrics = PrometheusMetrics::default();
    let mut router = Router::new()
        .route("/", get(handlers::overview))
        .route("/healthz", get(health::health).with_state(keys.clone()))
        .route(
            "/metrics",
            get(health::metrics).with_state(health::registry(keys, &metrics)),
        )
        .route("/style.css", get(handlers::style))
        .route("/icon.svg", get(handlers::icon));
    for mode in Mode::ALL {
        let engine = mode.engine(keys.live(), sessions);
        let engine = match keys.refresher() {
            Some(refresher) => engine.with_key_refresh(refresher),
            None => engine,
        };
        let app = App {
            mode,
            engine: engine.with_metrics(Arc::new(metrics.clone())),
            keys: keys.clone(),
            sessions: sessions.clone(),
        };
        router = router.nest(mode.path(), of_mode(app));
    }
    router
        .fallback(handlers::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(guard::refuse_other_sites))
        .layer(middleware::map_response(guard::add_security_headers))
}

fn of_mode(app: App) -> Router {
    let mut router = Router::new()
        .route("/", get(handlers::show))
        .route("/sign-in", post(handlers::sign_in))
        .route("/note", post(handlers::write_note))
        .route("/change", get(handlers::change_a_byte))
        .route("/rotate", post(handlers::rotate))
        .route("/sign-out", post(sign_out::here))
        .route("/sign-out-everywhere", post(sign_out::everywhere))
        .route("/replay", post(sign_out::replay));
    if app.mode.is_stored() {
        router = router
            .route("/sign-out-one", post(sign_out::one))
            .route("/sign-out-others", post(sign_out::others));
    }
    let layer = SessionLayer::from(app.engine.clone());
    router.layer(layer).with_state(app)
}
