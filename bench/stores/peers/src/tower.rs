//! tower-sessions with the stores of its own project, set up as their documentation does.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Result;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use privyseal_bench_load::{AxumApp, Visitor};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};
use tower_sessions_sqlx_store::{MySqlStore, PostgresStore, SqliteStore};

use crate::counted::Counted;

pub(crate) async fn redis(url: &str) -> Result<AxumApp> {
    let pool = Pool::new(Config::from_url(url)?, None, None, None, REDIS_CONNECTIONS)?;
    pool.init().await?;
    Ok(app(RedisStore::new(pool)))
}

pub(crate) async fn postgres(url: &str) -> Result<AxumApp> {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS);
    let store = PostgresStore::new(options.connect(url).await?);
    store.migrate().await?;
    Ok(app(store))
}

pub(crate) async fn mysql(url: &str) -> Result<AxumApp> {
    let options = MySqlPoolOptions::new().max_connections(CONNECTIONS);
    let store = MySqlStore::new(options.connect(url).await?);
    store.migrate().await?;
    Ok(app(store))
}

/// With the settings that suit a server, or with those that SQLite and its client have by default.
pub(crate) async fn sqlite(path: &str, tuned: bool) -> Result<AxumApp> {
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    if tuned {
        options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
    }
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
    let store = SqliteStore::new(pool.connect_with(options).await?);
    store.migrate().await?;
    Ok(app(store))
}

fn app<S: SessionStore + Clone>(store: S) -> AxumApp {
    let calls = Arc::<AtomicU64>::default();
    let layer = SessionManagerLayer::new(Counted {
        store,
        calls: Arc::clone(&calls),
    });
    let layer = layer.with_expiry(Expiry::OnInactivity(IDLE));
    let plain = handlers().layer(layer.clone());
    // It writes on reads only when it writes on every request.
    let touching = handlers().layer(layer.with_always_save(true));
    AxumApp::new(plain, touching, calls)
}

fn handlers() -> Router {
    async fn read(session: Session) -> Result<&'static str, StatusCode> {
        match session.get::<Visitor>(KEY).await {
            Ok(Some(visitor)) if visitor.is_known() => Ok("read"),
            Ok(_) => Err(StatusCode::UNAUTHORIZED),
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    async fn write(session: Session) -> Result<&'static str, StatusCode> {
        let visitor = session.get::<Visitor>(KEY).await;
        let visitor = visitor.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        let mut visitor = visitor.unwrap_or_default();
        visitor.visit();
        let written = session.insert(KEY, visitor).await;
        written.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        Ok("written")
    }
    Router::new()
        .route("/", get(async || "untouched"))
        .route("/read", get(read))
        .route("/write", get(write))
}

const KEY: &str = "visitor";

/// As with our stores.
const CONNECTIONS: u32 = 16;

/// As in its documentation.
const REDIS_CONNECTIONS: usize = 6;

/// As with our engine.
const IDLE: time::Duration = time::Duration::minutes(30);
