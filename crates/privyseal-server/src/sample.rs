//! The sample application: a sign-in and what becomes of the session cookie, in three modes.
//!
//! Every mode has its own engine, cookie and routes, and all of them share one ring of keys.

mod cookie;
mod forms;
mod guard;
mod handlers;
mod mode;
mod pages;
#[cfg(test)]
mod tests;
mod view;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use privyseal_axum::{Engine, SessionLayer};

use crate::keys::Keys;
use mode::Mode;

/// All that a handler knows beside its request.
#[derive(Clone, Debug)]
pub(crate) struct App {
    mode: Mode,
    /// The one of the layer as well: some handlers try a cookie that the browser did not send.
    engine: Engine,
    keys: Keys,
}

/// The longest body of a request in bytes; the longest form is a third of it.
const MAX_BODY: usize = 8 * 1024;

pub(crate) fn router(keys: &Keys) -> Router {
    let mut router = Router::new()
        .route("/", get(handlers::overview))
        .route("/healthz", get("ok"))
        .route("/style.css", get(handlers::style))
        .route("/icon.svg", get(handlers::icon));
    for mode in Mode::ALL {
        router = router.nest(mode.path(), of_mode(mode, keys.clone()));
    }
    router
        .fallback(handlers::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(guard::refuse_other_sites))
        .layer(middleware::map_response(guard::add_security_headers))
}

fn of_mode(mode: Mode, keys: Keys) -> Router {
    let engine = mode.engine(keys.live());
    let app = App {
        mode,
        engine: engine.clone(),
        keys,
    };
    Router::new()
        .route("/", get(handlers::show))
        .route("/sign-in", post(handlers::sign_in))
        .route("/note", post(handlers::write_note))
        .route("/change", get(handlers::change_a_byte))
        .route("/rotate", post(handlers::rotate))
        .route("/sign-out", post(handlers::sign_out))
        .route("/signed-out", get(handlers::signed_out))
        .layer(SessionLayer::from(engine))
        .with_state(app)
}
