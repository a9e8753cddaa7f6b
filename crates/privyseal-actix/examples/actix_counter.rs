//! Counts visits in a sealed session, under the key in `SECRET_KEY`.
//!
//! ```console
//! $ export SECRET_KEY=$(privyseal key generate)
//! $ cargo run --package privyseal-actix --example actix_counter
//! ```
//!
//! Then open <http://127.0.0.1:3000> and reload. An argument such as `127.0.0.1:8000` is another
//! address to listen on. Without a key, or with a bad one, it says so and does not start.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::error::Error;

use actix_web::{App, HttpServer, web};
use privyseal_actix::{Session, SessionMiddleware};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Visitor {
    visits: u64,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let keys = privyseal_keys::from_env("SECRET_KEY")?;
    let sessions = SessionMiddleware::sealed(keys);
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
    };

    let address = std::env::args().nth(1);
    let server = HttpServer::new(app).bind(address.as_deref().unwrap_or("127.0.0.1:3000"))?;
    for address in server.addrs() {
        println!("serving on http://{address}");
    }
    server.run().await?;
    Ok(())
}

async fn home(mut session: Session<Visitor>) -> String {
    session.visits += 1;
    format!("visit {}", session.visits)
}
