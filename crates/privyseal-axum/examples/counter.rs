//! Counts visits in a sealed session, under the key in `SECRET_KEY`.
//!
//! ```console
//! $ export SECRET_KEY=$(privyseal key generate)
//! $ cargo run --package privyseal-axum --example counter
//! ```
//!
//! Then open <http://127.0.0.1:3000> and reload. An argument such as `127.0.0.1:8000` is another
//! address to listen on. Without a key, or with a bad one, it says so and does not start.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::error::Error;

use axum::{Router, routing::get};
use privyseal_axum::{Session, SessionLayer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Visitor {
    visits: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let keys = privyseal_keys::from_env("SECRET_KEY")?;
    let sessions = SessionLayer::sealed(keys);
    let app = Router::new().route("/", get(home)).layer(sessions);

    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn home(mut session: Session<Visitor>) -> String {
    session.visits += 1;
    format!("visit {}", session.visits)
}
