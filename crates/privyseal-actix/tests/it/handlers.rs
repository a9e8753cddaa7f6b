//! What actix-web has that the shared behaviour suite does not know.

use std::fmt;
use std::io::Read as _;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, Logger, Next, NormalizePath, from_fn};
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use privyseal::value::Value;
use privyseal::{KeyRing, SecretKey};
use privyseal_actix::{CookiePolicy, Engine, Session, SessionMiddleware};
use privyseal_testkit::behaviour::Listening as _;
use privyseal_testkit::client::{Browser, Response, begin};

use crate::server::ActixServer;

fn middleware() -> SessionMiddleware {
    SessionMiddleware::sealed(KeyRing::new(SecretKey::generate().unwrap()))
}

fn is_uncacheable(response: &Response) -> bool {
    response.all("vary").contains(&"Cookie") && response.all("cache-control") == ["no-store"]
}

async fn count(mut session: Session) -> String {
    let visits = 1 + session.get("visits").and_then(Value::as_i64).unwrap_or(0);
    session.insert("visits", visits);
    visits.to_string()
}

/// More than a cookie holds, however well it is compressed.
fn noise() -> String {
    let noise = (0..200).map(|_| SecretKey::generate().unwrap().expose_hex().to_string());
    noise.collect()
}

async fn too_much(mut session: Session) -> &'static str {
    session.insert("noise", noise());
    "saved"
}

/// An error of the application, with a response of its own.
#[derive(Debug)]
struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("forbidden")
    }
}

impl ResponseError for Forbidden {
    fn status_code(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::Forbidden()
            .insert_header(("Vary", "Accept"))
            .insert_header(("Cache-Control", "public"))
            .body("go away")
    }
}

/// A middleware that asks for the session, writes into it, and gives up at times.
async fn guard(
    mut session: Session,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    session.insert("guarded", 1);
    session.save().unwrap();
    match request.query_string() {
        "forbidden" => Err(Forbidden.into()),
        "too-much" => {
            session.insert("noise", noise());
            Err(Forbidden.into())
        }
        _ => next.call(request).await,
    }
}

/// A middleware that gives up without a look at the session.
async fn closed(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(Forbidden.into())
}

/// A middleware outside that looks for errors of the application.
async fn find_error(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let outcome = next.call(request).await;
    outcome.map_err(|mut error| {
        let found = error.as_error::<Forbidden>().is_some();
        error.add_response_mapper(move |mut response| {
            let found = HeaderValue::from_static(if found { "yes" } else { "no" });
            let name = HeaderName::from_static("x-found");
            response.headers_mut().insert(name, found);
            response
        });
        error
    })
}

#[test]
fn an_error_of_a_middleware_inside_takes_the_session_along_and_stays_what_it_is() {
    let sessions = middleware();
    let server = ActixServer::start(move || {
        App::new()
            .wrap(from_fn(guard))
            .wrap(sessions.clone())
            .wrap(from_fn(find_error))
            .route("/", web::get().to(count))
            .route("/keys", web::get().to(keys))
    })
    .unwrap();
    let mut browser = Browser::default();
    let refused = browser.get(server.address(), "/?forbidden").unwrap();
    assert_eq!((refused.status.as_u16(), &*refused.body), (403, "go away"));
    assert_eq!(refused.all("x-found"), ["yes"]);
    assert_eq!(refused.all("vary"), ["Accept", "Cookie"]);
    assert!(is_uncacheable(&refused));
    assert_eq!(
        browser.get(server.address(), "/keys").unwrap().body,
        "guarded"
    );

    let unsaved = browser.get(server.address(), "/?too-much").unwrap();
    assert_eq!(unsaved.status, 500);
    assert_eq!(unsaved.body, "The session could not be saved.");
    assert!(is_uncacheable(&unsaved));
    assert_eq!(unsaved.all("set-cookie"), [""; 0]);
    assert_eq!(
        browser.get(server.address(), "/keys").unwrap().body,
        "guarded"
    );
}

#[test]
fn an_error_that_has_nothing_to_do_with_the_session_passes_as_it_is() {
    let sessions = middleware();
    let server = ActixServer::start(move || {
        App::new()
            .wrap(from_fn(closed))
            .wrap(sessions.clone())
            .wrap(from_fn(find_error))
            .route("/", web::get().to(count))
    })
    .unwrap();
    let response = Browser::default().get(server.address(), "/").unwrap();
    assert_eq!(
        (response.status.as_u16(), &*response.body),
        (403, "go away")
    );
    assert_eq!(response.all("x-found"), ["yes"]);
    assert_eq!(response.all("vary"), ["Accept"]);
    assert_eq!(response.all("cache-control"), ["public"]);
    assert_eq!(response.all("set-cookie"), [""; 0]);
}

async fn keys(session: Session) -> String {
    let keys = session.keys().map(|key| key.to_string_lossy().into_owned());
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    keys.join(" ")
}

#[test]
fn a_middleware_and_the_handler_share_one_session() {
    async fn around(
        mut session: Session,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        session.insert("before", 1);
        session.save().unwrap();
        let response = next.call(request).await?;
        session.insert("after", 2);
        Ok(response)
    }
    let sessions = middleware();
    let server = ActixServer::start(move || {
        App::new()
            .wrap(from_fn(around))
            .wrap(sessions.clone())
            .route("/", web::get().to(count))
            .route("/keys", web::get().to(keys))
    })
    .unwrap();
    let mut browser = Browser::default();
    let first = browser.get(server.address(), "/").unwrap();
    assert_eq!(first.all("set-cookie").len(), 1);
    let keys = browser.get(server.address(), "/keys").unwrap().body;
    assert_eq!(keys, "after before visits");
}

/// Each with a cookie of its own; the handler has the session of the nearest.
#[test]
fn a_scope_in_a_scope_may_have_sessions_of_its_own() {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let cookie = CookiePolicy::builder("__Host-admin").build().unwrap();
    let admin = SessionMiddleware::from(Engine::sealed(keys.clone()).with_cookie(cookie));
    let sessions = SessionMiddleware::sealed(keys);
    let server = ActixServer::start(move || {
        let inner = web::scope("/admin")
            .wrap(admin.clone())
            .route("/{name}", web::get().to(count));
        let scope = web::scope("/shop")
            .service(inner)
            .route("/", web::get().to(count));
        App::new().wrap(sessions.clone()).service(scope)
    })
    .unwrap();
    let mut browser = Browser::default();
    for visit in ["1", "2"] {
        let response = browser.get(server.address(), "/shop/admin/x").unwrap();
        assert_eq!(response.body, visit);
        let [cookie] = *response.all("set-cookie") else {
            panic!("{:?}", response.headers);
        };
        assert!(cookie.starts_with("__Host-admin="));
    }
    assert_eq!(browser.get(server.address(), "/shop/").unwrap().body, "1");
}

#[test]
fn other_middleware_may_stand_inside_and_outside() {
    async fn long(session: Session) -> String {
        "long ".repeat(100 + session.len())
    }
    fn routes(config: &mut web::ServiceConfig) {
        config
            .route("/", web::get().to(count))
            .route("/long", web::get().to(long))
            .route("/too-much", web::get().to(too_much))
            .route("/plain", web::get().to(async || "plain"));
    }
    let headers = || DefaultHeaders::new().add(("X-Default", "yes"));
    let sessions = middleware();
    let others_inside = ActixServer::start(move || {
        App::new()
            .wrap(Compress::default())
            .wrap(Logger::default())
            .wrap(NormalizePath::trim())
            .wrap(headers())
            .wrap(sessions.clone())
            .configure(routes)
    });
    let sessions = middleware();
    let others_outside = ActixServer::start(move || {
        App::new()
            .wrap(sessions.clone())
            .wrap(Compress::default())
            .wrap(Logger::default())
            .wrap(NormalizePath::trim())
            .wrap(headers())
            .configure(routes)
    });
    for (server, replaced) in [(others_inside, false), (others_outside, true)] {
        let server = server.unwrap();
        let mut browser = Browser::default();
        for visit in ["1", "2"] {
            let response = browser.get(server.address(), "//").unwrap();
            assert_eq!(response.body, visit);
            assert!(is_uncacheable(&response));
            assert_eq!(response.all("x-default"), ["yes"]);
        }
        let refused = browser.get(server.address(), "/too-much/").unwrap();
        assert_eq!(refused.body, "The session could not be saved.");
        assert!(is_uncacheable(&refused));
        // An answer in place of the handler's keeps nothing of it, but goes through what is outside.
        assert_eq!(refused.headers.contains_key("x-default"), replaced);

        let gzip = [("Accept-Encoding", "gzip")];
        let mut connection = begin(server.address(), "GET", "/long", &gzip, "").unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        for header in [
            "content-encoding: gzip",
            "cookie",
            "no-store",
            "accept-encoding",
        ] {
            assert!(answer.contains(header), "{header}");
        }
        let plain = browser.get(server.address(), "/plain").unwrap();
        assert_eq!(plain.all("cache-control"), [""; 0]);
    }
}

/// As every panic in actix-web: the connection ends, and the worker goes on.
#[test]
fn a_panic_that_nobody_catches_saves_nothing_and_ends_the_connection_only() {
    async fn half_way(mut session: Session) -> &'static str {
        session.insert("visits", 99);
        panic!("half way");
    }
    let sessions = middleware();
    let server = ActixServer::start(move || {
        App::new()
            .wrap(sessions.clone())
            .route("/panic", web::get().to(half_way))
            .route("/", web::get().to(count))
    })
    .unwrap();
    let mut browser = Browser::default();
    for visit in 1..=8 {
        let mut connection = begin(server.address(), "GET", "/panic", &[], "").unwrap();
        let mut answer = Vec::new();
        // Closed or reset: there is no answer in either case.
        let _ = connection.read_to_end(&mut answer);
        assert_eq!(answer, b"");
        let response = browser.get(server.address(), "/").unwrap();
        assert_eq!(response.body, visit.to_string());
    }
}

/// actix-web's own meaning of an optional extractor: `None` after an error.
#[test]
fn an_optional_session_is_there_for_somebody_new() {
    async fn greet(session: Option<Session>) -> String {
        session.map_or("none".to_owned(), |session| session.is_new().to_string())
    }
    let sessions = middleware();
    let server = ActixServer::start(move || {
        App::new().route("/outside", web::get().to(greet)).service(
            web::scope("")
                .wrap(sessions.clone())
                .route("/", web::get().to(greet)),
        )
    })
    .unwrap();
    let body = |path| Browser::default().get(server.address(), path).unwrap().body;
    assert_eq!(body("/"), "true");
    assert_eq!(body("/outside"), "none");
}
