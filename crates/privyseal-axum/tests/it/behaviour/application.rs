//! The test application of the behaviour suite, on axum.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::get;
use privyseal_axum::{Engine, Session, SessionLayer, SessionRejection};
use privyseal_testkit::behaviour::{CACHED, Gates, Numbers, Outcome, perform, streamed};
use privyseal_testkit::server::AxumServer;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) fn serve(engine: Engine, gates: Gates) -> io::Result<AxumServer> {
    let routes = Router::new()
        .route("/untouched", get(async || "untouched"))
        .route("/act/{steps}", get(act))
        .route("/fail/{steps}", get(fail))
        .route("/twice/{first}/{second}", get(twice))
        .route("/caches/{how}/{steps}", get(caches))
        .route("/stream/{steps}", get(stream))
        .route("/typed", get(typed))
        .route("/typed-or-not", get(typed_or_not))
        .layer(CatchPanicLayer::new())
        .layer(SessionLayer::from(engine))
        .route("/outside", get(typed))
        .with_state(gates);
    AxumServer::start(routes)
}

fn answer(outcome: Outcome) -> (StatusCode, String) {
    (StatusCode::from_u16(outcome.status).unwrap(), outcome.body)
}

async fn act(
    State(gates): State<Gates>,
    Path(steps): Path<String>,
    mut session: Session,
) -> (StatusCode, String) {
    answer(perform(&mut session, &steps, &gates).await)
}

async fn fail(
    State(gates): State<Gates>,
    Path(steps): Path<String>,
    mut session: Session,
) -> Result<String, (StatusCode, String)> {
    Err(answer(perform(&mut session, &steps, &gates).await))
}

async fn twice(
    State(gates): State<Gates>,
    Path((first_steps, second_steps)): Path<(String, String)>,
    mut first: Session,
    mut second: Session,
) -> String {
    let first = perform(&mut first, &first_steps, &gates).await;
    let second = perform(&mut second, &second_steps, &gates).await;
    first.body + &second.body
}

async fn caches(
    State(gates): State<Gates>,
    Path((how, steps)): Path<(String, String)>,
    mut session: Session,
) -> impl IntoResponse {
    let outcome = perform(&mut session, &steps, &gates).await;
    let control = [(CACHE_CONTROL, format!("{how}, max-age=60"))];
    (control, AppendHeaders(CACHED), answer(outcome))
}

async fn stream(
    State(gates): State<Gates>,
    Path(steps): Path<String>,
    mut session: Session,
) -> Body {
    perform(&mut session, &steps, &gates).await;
    session.save().unwrap();
    Body::from_stream(streamed(session, &gates))
}

async fn typed(session: Session<Numbers>) -> String {
    session.number.to_string()
}

async fn typed_or_not(session: Result<Session<Numbers>, SessionRejection>) -> String {
    session.map_or("everybody's".to_owned(), |session| {
        session.number.to_string()
    })
}
