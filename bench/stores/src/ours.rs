//! Our own contenders, and the bare client of Redis.

mod bare;
mod counted;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use actix_web::{App, test, web};
use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Session, SessionLayer};
use privyseal_bench_load::{ActixApp, AxumApp, Contender, Visitor};
use privyseal_session::store::Store;
use privyseal_session::{Engine, Timeouts};
use privyseal_stores::{MySqlStore, PostgresStore, RedisStore, SqliteStore};

use counted::Counted;

/// Does what the parent process says.
pub(crate) fn serve() -> Result<()> {
    privyseal_bench_load::serve(&open)
}

async fn open(name: &str, url: &str) -> Result<Box<dyn Contender>> {
    Ok(match name {
        "privyseal" if url.starts_with("redis:") => on_axum(RedisStore::connect(url).await?)?,
        "privyseal" if url.starts_with("postgres:") => {
            on_axum(PostgresStore::connect_with(url, CONNECTIONS).await?)?
        }
        "privyseal" if url.starts_with("mysql:") => {
            on_axum(MySqlStore::connect_with(url, CONNECTIONS).await?)?
        }
        "privyseal" => on_axum(SqliteStore::open(url).await?)?,
        "privyseal, actix" => on_actix(url.to_owned()),
        "bare client" => Box::new(bare::Bare::connect(url).await?),
        _ => bail!("no contender is called `{name}`"),
    })
}

fn on_axum(store: impl Store) -> Result<Box<dyn Contender>> {
    let calls = Arc::<AtomicU64>::default();
    let (plain, touching) = engines(&Counted::new(store, Arc::clone(&calls)))?;
    let layered = |engine: Engine| handlers().layer(SessionLayer::from(engine));
    Ok(Box::new(AxumApp::new(
        layered(plain),
        layered(touching),
        calls,
    )))
}

fn handlers() -> Router {
    async fn read(session: Session<Visitor>) -> Result<&'static str, StatusCode> {
        if session.is_known() {
            Ok("read")
        } else {
            Err(StatusCode::UNAUTHORIZED)
        }
    }
    async fn write(mut session: Session<Visitor>) -> &'static str {
        session.visit();
        "written"
    }
    Router::new()
        .route("/", get(async || "untouched"))
        .route("/read", get(read))
        .route("/write", get(write))
}

/// The store connects on the thread of the application, where its connection is driven from then
/// on: as the peer's does.
fn on_actix(url: String) -> Box<dyn Contender> {
    let calls = Arc::<AtomicU64>::default();
    let counter = Arc::clone(&calls);
    let make = || async move {
        let store = Counted::new(RedisStore::connect(&url).await?, counter);
        let (plain, touching) = engines(&store)?;
        let app = |engine: Engine| {
            let sessions = privyseal_actix::SessionMiddleware::from(engine);
            test::init_service(App::new().wrap(sessions).configure(routes))
        };
        Ok([app(plain).await, app(touching).await])
    };
    Box::new(ActixApp::start(make, calls))
}

fn routes(config: &mut web::ServiceConfig) {
    async fn read(session: privyseal_actix::Session<Visitor>) -> actix_web::Result<&'static str> {
        if session.is_known() {
            Ok("read")
        } else {
            Err(actix_web::error::ErrorUnauthorized("nobody"))
        }
    }
    async fn write(mut session: privyseal_actix::Session<Visitor>) -> &'static str {
        session.visit();
        "written"
    }
    config
        .route("/", web::get().to(async || "untouched"))
        .route("/read", web::get().to(read))
        .route("/write", web::get().to(write));
}

/// Two engines on one store: as it is by default, and one that writes down every use.
fn engines(store: &Counted<impl Store>) -> Result<(Engine, Engine)> {
    let keys = KeyRing::new(SecretKey::from_text(KEY).context("a key")?);
    let engine = |timeouts| Engine::stored(keys.clone(), store.clone()).with_timeouts(timeouts);
    let plain = Timeouts::default();
    let touching = Timeouts {
        touch: Duration::ZERO,
        ..plain
    };
    Ok((engine(plain), engine(touching)))
}

const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

const KEY: &str = "b436ca2a091deb3401aead38c119efab";
