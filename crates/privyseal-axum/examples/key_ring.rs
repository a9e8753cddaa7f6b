//! Counts visits under the keys of a ring that several processes share.
//!
//! ```console
//! $ privyseal ring init --ring file:ring --new-kek kek
//! $ cargo run --package privyseal-axum --example key_ring -- 127.0.0.1:3000 ring kek
//! ```
//!
//! Start it twice, with two ports: each takes the cookies of the other. `privyseal ring rotate` and
//! `privyseal ring revoke primary` are obeyed by both, and each rotates the ring when that is due.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Router, extract::State, routing::get};
use privyseal::value::Value;
use privyseal_axum::{Engine, Session, SessionLayer};
use privyseal_keys::kek::FileKek;
use privyseal_keys::repository::{DynRepository, FileRepository};
use privyseal_keys::ring::{Keeper, Rotator, Watcher};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());
    let repository = FileRepository::new(arguments.next().unwrap_or("ring".to_owned()));
    let kek = FileKek::open(arguments.next().unwrap_or("kek".to_owned()))?;

    let keeper = Keeper::new(DynRepository::new(repository), Arc::new(kek));
    let watcher = Watcher::new(Arc::new(keeper)).start().await; // empty if it cannot be read, until it can
    let _rotator = Rotator::start(&watcher); // without it, this process never writes to the ring

    let engine = Engine::sealed(watcher.keys().clone()).with_key_refresh(Arc::new(watcher.clone()));
    let app = Router::new()
        .route("/", get(home))
        .layer(SessionLayer::from(engine))
        .route("/health", get(health).with_state(watcher));
    let listener = TcpListener::bind(address).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn home(mut session: Session) -> String {
    let visits = session.get("visits").and_then(Value::as_i64).unwrap_or(0) + 1;
    session.insert("visits", visits);
    format!("visit {visits}")
}

/// For the load balancer: not for whoever restarts processes, as one that has lost its ring still
/// serves who is signed in.
async fn health(State(watcher): State<Watcher>) -> (StatusCode, String) {
    let status = watcher.status();
    let code = if status.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, status.to_string())
}
