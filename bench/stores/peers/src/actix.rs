//! actix-session with its own store in Redis.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{
    LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore, UpdateError,
};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::http::StatusCode;
use actix_web::{App, Error, error, test, web};
use privyseal_bench_load::{ActixApp, Visitor};

pub(crate) fn open(url: String) -> ActixApp {
    let calls = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&calls);
    let make = || async move {
        let store = Counted {
            store: RedisSessionStore::new(url).await?,
            calls: counted,
        };
        let layer = |policy| {
            let lifecycle = PersistentSession::default().session_ttl(IDLE);
            SessionMiddleware::builder(store.clone(), Key::from(&[7; 64]))
                .session_lifecycle(lifecycle.session_ttl_extension_policy(policy))
                .build()
        };
        let app = |policy| {
            let app = App::new().wrap(layer(policy)).configure(routes);
            test::init_service(app)
        };
        Ok([
            app(TtlExtensionPolicy::OnStateChanges).await,
            app(TtlExtensionPolicy::OnEveryRequest).await,
        ])
    };
    ActixApp::start(make, calls)
}

fn routes(config: &mut web::ServiceConfig) {
    async fn read(session: Session) -> Result<&'static str, Error> {
        let visitor = session.get::<Visitor>(KEY).map_err(unavailable)?;
        match visitor {
            Some(visitor) if visitor.is_known() => Ok("read"),
            _ => Err(error::ErrorUnauthorized("nobody")),
        }
    }
    async fn write(session: Session) -> Result<&'static str, Error> {
        let visitor = session.get::<Visitor>(KEY).map_err(unavailable)?;
        let mut visitor = visitor.unwrap_or_default();
        visitor.visit();
        session.insert(KEY, visitor).map_err(unavailable)?;
        Ok("written")
    }
    config
        .route("/", web::get().to(async || "untouched"))
        .route("/read", web::get().to(read))
        .route("/write", web::get().to(write));
}

#[derive(Clone)]
struct Counted {
    store: RedisSessionStore,
    calls: Arc<AtomicU64>,
}

impl Counted {
    fn counted(&self) -> &RedisSessionStore {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl SessionStore for Counted {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        self.counted().load(key).await
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        self.counted().save(state, ttl).await
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.counted().update(key, state, ttl).await
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> anyhow::Result<()> {
        self.counted().update_ttl(key, ttl).await
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        self.counted().delete(key).await
    }
}

type State = HashMap<String, String>;

fn unavailable<E: std::fmt::Debug + std::fmt::Display + 'static>(cause: E) -> Error {
    error::InternalError::new(cause, StatusCode::SERVICE_UNAVAILABLE).into()
}

const KEY: &str = "visitor";

/// As with our engine.
const IDLE: Duration = Duration::minutes(30);
