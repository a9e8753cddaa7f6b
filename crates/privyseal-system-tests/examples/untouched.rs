//! How long requests take that leave their session alone, while the store is up and while it is
//! down: `cargo run --release -p privyseal-system-tests --example untouched`.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use privyseal_session::Engine;
use privyseal_system_tests::node::{self, Settings};
use privyseal_testkit::behaviour::Mode;
use privyseal_testkit::client::Browser;
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::servers::Restart as _;
use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;

fn main() -> Result<()> {
    let mut redis = RedisServer::start()?;
    compare("Redis", &redis.url(), || redis.kill())?;
    let mut postgres = PostgresServer::start()?;
    compare("PostgreSQL", &postgres.database()?, || postgres.kill())?;
    let mut mariadb = MariadbServer::start()?;
    compare("MariaDB", &mariadb.database()?, || mariadb.kill())
}

fn compare(name: &str, store: &str, kill: impl FnOnce()) -> Result<()> {
    let engine: Engine = Settings::new(Mode::Stored, store).engine()?;
    let server = AxumServer::start(node::routes(engine))?;
    let mut browser = Browser::default();
    browser.get(server.address(), "/act/set:user:ada")?;
    measure(&server, &browser)?;
    let up = measure(&server, &browser)?;
    kill();
    let down = measure(&server, &browser)?;
    let ratio = down.p99.as_secs_f64() / up.p99.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{name}: up p50 {:.0?}, p99 {:.0?}; down p50 {:.0?}, p99 {:.0?}; p99 down/up {ratio:.2}",
        up.p50,
        up.p99,
        down.p50,
        down.p99,
    )?;
    Ok(())
}

struct Times {
    p50: Duration,
    p99: Duration,
}

/// Beside a client that touches its session all the time.
fn measure(server: &AxumServer, browser: &Browser) -> Result<Times> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut other = browser.clone();
        let is_over = &is_over;
        scope.spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                // While the store is down it is refused.
                let _ = other.get(server.address(), "/act/get:user");
            }
        });
        let times = untouched(server, &mut browser.clone());
        is_over.store(true, Ordering::Relaxed);
        times
    })
}

fn untouched(server: &AxumServer, browser: &mut Browser) -> Result<Times> {
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let began = Instant::now();
        let response = browser.get(server.address(), "/untouched")?;
        times.push(began.elapsed());
        ensure!(response.status == 200, "an untouched request failed");
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(REQUESTS * percent / 100).copied();
    Ok(Times {
        p50: at(50).context("there are as many")?,
        p99: at(99).context("there are as many")?,
    })
}

const REQUESTS: usize = 3000;
