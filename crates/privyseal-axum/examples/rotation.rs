//! Counts visits under keys that are replaced while it runs, and nobody is signed out.
//!
//! ```console
//! $ cargo run --package privyseal-axum --example rotation -- 127.0.0.1:3000 keys 60
//! ```
//!
//! The keys are in the directory `keys`, which is made at the first start. Every 60 seconds it is
//! read again, so a key that another process has added (`KeyDirectory::rotate`) signs from then on.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::error::Error;
use std::{env, thread, time::Duration};

use axum::{Router, routing::get};
use privyseal::value::Value;
use privyseal_axum::{LiveKeyRing, Session, SessionLayer};
use privyseal_keys::KeyDirectory;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());
    let directory = KeyDirectory::open_or_create(arguments.next().unwrap_or("keys".to_owned()))?;
    let seconds = arguments.next().map_or(Ok(60.0), |text| text.parse())?;

    let keys = LiveKeyRing::new(directory.load()?.ring);
    let sessions = SessionLayer::sealed(keys.clone()); // shares the ring
    let app = Router::new().route("/", get(home)).layer(sessions);
    let listener = TcpListener::bind(address).await?;
    println!("serving on http://{}", listener.local_addr()?);

    let every = Duration::try_from_secs_f64(seconds)?;
    thread::spawn(move || reload(&directory, &keys, every)); // reading files is not for the runtime
    axum::serve(listener, app).await?;
    Ok(())
}

fn reload(directory: &KeyDirectory, keys: &LiveKeyRing, every: Duration) {
    loop {
        thread::sleep(every);
        match directory.load() {
            Ok(loaded) => keys.replace(loaded.ring), // the counters of the keys go on
            Err(error) => println!("the keys stay as they are: {error}"),
        }
    }
}

async fn home(mut session: Session) -> String {
    let visits = session.get("visits").and_then(Value::as_i64).unwrap_or(0) + 1;
    session.insert("visits", visits);
    format!("visit {visits}")
}
