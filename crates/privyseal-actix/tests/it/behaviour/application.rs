//! The test application of the behaviour suite, on actix-web.

use std::io;

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, web};
use privyseal_actix::{Engine, Session, SessionMiddleware, SessionRejection};
use privyseal_testkit::behaviour::{CACHED, Gates, Numbers, Outcome, perform, streamed};

use crate::server::{ActixServer, catch_panics};

pub(crate) fn serve(engine: Engine, gates: Gates) -> io::Result<ActixServer> {
    let sessions = SessionMiddleware::from(engine);
    let gates = Data::new(gates);
    ActixServer::start(move || {
        App::new()
            .app_data(gates.clone())
            .route("/outside", web::get().to(typed))
            .service(
                web::scope("")
                    .wrap(from_fn(catch_panics))
                    .wrap(sessions.clone())
                    .configure(routes),
            )
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/untouched", web::get().to(async || "untouched"))
        .service(
            web::resource("/act/{steps}")
                .route(web::get().to(act))
                .route(web::head().to(act)),
        )
        .route("/fail/{steps}", web::get().to(fail))
        .route("/twice/{first}/{second}", web::get().to(twice))
        .route("/caches/{how}/{steps}", web::get().to(caches))
        .route("/stream/{steps}", web::get().to(stream))
        .route("/typed", web::get().to(typed))
        .route("/typed-or-not", web::get().to(typed_or_not));
}

fn answer(outcome: Outcome) -> HttpResponse {
    let status = StatusCode::from_u16(outcome.status).unwrap();
    HttpResponse::build(status).body(outcome.body)
}

async fn act(gates: Data<Gates>, steps: Path<String>, mut session: Session) -> HttpResponse {
    answer(perform(&mut session, &steps, &gates).await)
}

async fn fail(
    gates: Data<Gates>,
    steps: Path<String>,
    mut session: Session,
) -> Result<String, InternalError<String>> {
    let outcome = perform(&mut session, &steps, &gates).await;
    let status = StatusCode::from_u16(outcome.status).unwrap();
    Err(InternalError::new(outcome.body, status))
}

async fn twice(
    gates: Data<Gates>,
    steps: Path<(String, String)>,
    mut first: Session,
    mut second: Session,
) -> String {
    let first = perform(&mut first, &steps.0, &gates).await;
    let second = perform(&mut second, &steps.1, &gates).await;
    first.body + &second.body
}

async fn caches(
    gates: Data<Gates>,
    path: Path<(String, String)>,
    mut session: Session,
) -> HttpResponse {
    let (how, steps) = path.into_inner();
    let outcome = perform(&mut session, &steps, &gates).await;
    let mut response = HttpResponse::Ok();
    for header in CACHED {
        response.append_header(header);
    }
    response.insert_header((CACHE_CONTROL, format!("{how}, max-age=60")));
    response.body(outcome.body)
}

async fn stream(gates: Data<Gates>, steps: Path<String>, mut session: Session) -> HttpResponse {
    perform(&mut session, &steps, &gates).await;
    session.save().unwrap();
    HttpResponse::Ok().streaming(streamed(session, &gates))
}

async fn typed(session: Session<Numbers>) -> String {
    session.number.to_string()
}

async fn typed_or_not(session: Result<Session<Numbers>, SessionRejection>) -> String {
    session.map_or("everybody's".to_owned(), |session| {
        session.number.to_string()
    })
}
