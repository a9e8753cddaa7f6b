//! Counts visits in the session of a Flask application that runs beside it. This is `app.py`:
//!
//! ```python
//! import os
//! from flask import Flask, session
//!
//! app = Flask(__name__)
//! app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
//!
//! @app.get("/")
//! def home():
//!     session["visits"] = session.get("visits", 0) + 1
//!     return f"visit {session['visits']}, counted by Flask"
//! ```
//!
//! Both get the same key:
//!
//! ```console
//! $ export SECRET_KEY=$(privyseal key generate)
//! $ flask --app app run --port 5000 &
//! $ cargo run --package privyseal-axum --example flask_neighbour
//! ```
//!
//! Open <http://127.0.0.1:5000> and <http://127.0.0.1:3000> in turn: one counter. Browsers send
//! the cookies of a host to all of its ports; in production, a proxy gives both one origin.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::error::Error;

use axum::{Router, routing::get};
use privyseal_axum::{Session, SessionLayer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)] // what Flask keeps in the session beside `visits` stays as it is
struct Visitor {
    visits: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let keys = privyseal_keys::from_env("SECRET_KEY")?; // and SECRET_KEY_FALLBACKS, if it is set
    let sessions = SessionLayer::flask(keys);
    let app = Router::new().route("/", get(home)).layer(sessions);

    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn home(mut session: Session<Visitor>) -> String {
    session.visits += 1;
    format!("visit {}, counted by Rust", session.visits)
}
