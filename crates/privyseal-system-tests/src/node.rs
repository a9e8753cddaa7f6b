//! A node of an application: one of several processes that share keys and a store.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Engine, Session, SessionLayer};
use privyseal_session::SystemClock;
use privyseal_session::revocation::{RevocationOptions, Revocations};
use privyseal_session::store::Subject;
use privyseal_testkit::behaviour::{Gates, Mode, perform, run};
use privyseal_testkit::server::AxumServer;
use serde::{Deserialize, Serialize};

use crate::AnyStore;
use crate::fleet::{self, NodeSettings};

/// What a node is told when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// `stored`, `signed`, `sealed` or `flask`; the last three have a log of revocations. Or
    /// `locked`: this is no node, but somebody who keeps a SQLite database to himself.
    pub mode: String,
    /// Where the store is, for [`AnyStore::open`].
    pub store: String,
    /// The key, for this test only.
    pub key: String,
}

impl Settings {
    /// For nodes of this mode on this store, under a key that means nothing.
    pub fn new(mode: Mode, store: &str) -> Self {
        Self::named(&format!("{mode:?}").to_lowercase(), store)
    }

    /// For somebody who holds a SQLite database.
    pub fn locked(store: &str) -> Self {
        Self::named("locked", store)
    }

    fn named(mode: &str, store: &str) -> Self {
        Self {
            mode: mode.to_owned(),
            store: store.to_owned(),
            key: KEY.to_owned(),
        }
    }

    /// The engine of such a node.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn engine(&self) -> Result<Engine> {
        let keys = KeyRing::new(SecretKey::from_bytes(self.key.as_bytes())?);
        let store = run(AnyStore::open(&self.store))?;
        let engine = match &*self.mode {
            "stored" => return Ok(Engine::stored(keys, store).with_store_deadline(PATIENCE)),
            "signed" => Engine::signed(keys),
            "sealed" => Engine::sealed(keys),
            "flask" => Engine::flask(keys),
            mode => anyhow::bail!("there is no mode {mode}"),
        };
        let options = RevocationOptions {
            deadline: PATIENCE,
            ..RevocationOptions::default()
        };
        let revocations = Revocations::with_options(store, options, SystemClock);
        Ok(engine.with_revocations(revocations))
    }
}

/// No outage is meant here, and a machine that is busy with other tests is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Random once, and known to everybody since.
const KEY: &str = "c4f1d20b6a97e85533ac0e7d4b92f6187de05a3c91b84f26";

/// Which node to be.
#[derive(Deserialize)]
#[serde(untagged)]
enum Order {
    Ring(NodeSettings),
    Node(Settings),
}

/// Serves a node as its settings say, until the standard input ends.
///
/// # Errors
/// When it cannot be served, or nobody hears that it is ready.
pub fn serve() -> Result<()> {
    let mut settings = String::new();
    std::io::stdin().read_line(&mut settings)?;
    let settings = match serde_json::from_str(&settings)? {
        Order::Ring(settings) => return fleet::serve_on_ring(&settings),
        Order::Node(settings) => settings,
    };
    if settings.mode == "locked" {
        return hold(settings.store.trim_start_matches("sqlite:"));
    }
    let server = AxumServer::start(routes(settings.engine()?))?;
    announce(&server.address().to_string())?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn hold(database: &str) -> Result<()> {
    let connection = rusqlite::Connection::open(database)?;
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    announce("locked")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn announce(what: &str) -> Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready {what}")?;
    Ok(stdout.flush()?)
}

/// What a node answers, beside `/act` of the behaviour suite.
pub fn routes(engine: Engine) -> Router {
    let node = Node {
        engine: engine.clone(),
        gates: Gates::default(),
    };
    Router::new()
        .route("/untouched", get(async || "untouched"))
        .route("/act/{steps}", get(act))
        .layer(SessionLayer::from(engine))
        .route("/everywhere/{subject}", get(end_everywhere))
        .route("/arrived/{gate}", get(arrived))
        .route("/open/{gate}", get(open))
        .with_state(node)
}

#[derive(Clone)]
struct Node {
    engine: Engine,
    gates: Gates,
}

async fn act(
    State(node): State<Node>,
    Path(steps): Path<String>,
    mut session: Session,
) -> (StatusCode, String) {
    let outcome = perform(&mut session, &steps, &node.gates).await;
    let status = StatusCode::from_u16(outcome.status);
    (status.unwrap_or_default(), outcome.body)
}

/// Signs a user out everywhere.
async fn end_everywhere(State(node): State<Node>, Path(subject): Path<String>) -> StatusCode {
    let Ok(subject) = Subject::new(subject) else {
        return StatusCode::BAD_REQUEST;
    };
    match node.engine.end_all_of(&subject).await {
        Ok(_) => StatusCode::OK,
        Err(error) => error.response().0,
    }
}

/// Answers when a request waits at the gate.
async fn arrived(State(node): State<Node>, Path(gate): Path<String>) -> StatusCode {
    let waiting = tokio::task::spawn_blocking(move || node.gates.wait_for(&gate, 1));
    if waiting.await.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::GATEWAY_TIMEOUT
    }
}

async fn open(State(node): State<Node>, Path(gate): Path<String>) {
    node.gates.open(&gate);
}
