//! Several processes that serve the sample application on one key ring.

mod load;
mod visitor;

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use privyseal::SystemClock;
use privyseal::ring::{Operation, RingPolicy};
use privyseal_keys::kek::FileKek;
use privyseal_keys::ring::{Keeper, KeeperError, NewKeys, OnStale, Opened};
use privyseal_server::{Options, RingNode, RingRole, StoreUrl, open_keeper, serve};
use privyseal_testkit::behaviour::run;
use privyseal_testkit::child::Server;
use privyseal_testkit::client;
use privyseal_testkit::servers::instance;
use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;

pub use load::{Load, Report};
pub use visitor::{MODES, Seen, Visitor};

/// The shortest times that a ring can have.
pub const HASTY: RingPolicy = RingPolicy {
    propagation: 0,
    poll: 1,
    lease: 2,
    skew: 1,
    activation: 3,
    period: 6,
    token_life: 3600,
    hold: 0,
};

/// Where a ring is kept, on a server that all tests share or in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingKind {
    /// In a directory of this machine.
    File,
    /// In a database file.
    Sqlite,
    /// On a server.
    Postgres,
    /// On a server, which is MariaDB.
    MySql,
    /// On a server.
    Redis,
}

/// A ring, with a place for the sessions of its nodes.
#[derive(Debug)]
pub struct Fleet {
    directory: TempDir,
    ring: String,
    keeper: Keeper,
}

/// What a node is told when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeSettings {
    ring: String,
    kek: String,
    store: String,
    is_reader: bool,
    refuses_when_stale: bool,
}

impl Fleet {
    /// A place without a ring.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn new(kind: RingKind) -> Result<Self> {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let directory = TempDir::new()?;
        let path = directory.path().display();
        let ring = match kind {
            RingKind::File => format!("file:{path}/ring"),
            RingKind::Sqlite => format!("sqlite:{path}/ring.db"),
            RingKind::Postgres => PostgresServer::shared().database()?,
            RingKind::MySql => MariadbServer::shared().database()?,
            RingKind::Redis => {
                let name = NAMES.fetch_add(1, Ordering::Relaxed);
                format!("{}#test{name}", RedisServer::shared().url())
            }
        };
        Self::within(directory, ring)
    }

    /// A place without a ring at an address of one's own.
    ///
    /// # Errors
    /// When no files can be made.
    pub fn at(ring: &str) -> Result<Self> {
        Self::within(TempDir::new()?, ring.to_owned())
    }

    fn within(directory: TempDir, ring: String) -> Result<Self> {
        let kek = directory.path().join("kek");
        FileKek::create(&kek)?;
        let kek = format!("file:{}", kek.display()).parse()?;
        let keeper = run(open_keeper(&ring.parse()?, &kek, &[]))?;
        Ok(Self {
            directory,
            ring,
            keeper,
        })
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Reads the ring; `None` if none was ever made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<Opened>> {
        Ok(run(self.keeper.read())?)
    }

    /// Makes the ring.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn init(&self, policy: RingPolicy) -> Result<Opened> {
        let made = self.keeper.init(policy, NewKeys::default(), &SystemClock);
        Ok(run(made)?)
    }

    /// Changes the ring.
    ///
    /// # Errors
    /// When the ring does not allow it, or cannot be written.
    pub fn apply(
        &self,
        choose: impl FnMut(&Opened) -> Result<Option<Operation>, KeeperError>,
    ) -> Result<Opened> {
        Ok(run(self.keeper.apply(&SystemClock, choose))?)
    }

    /// What a node of this ring is told: to rotate it, and to serve when it is stale.
    pub fn settings(&self) -> NodeSettings {
        let path = self.directory.path().display();
        NodeSettings {
            ring: self.ring.clone(),
            kek: format!("file:{path}/kek"),
            store: format!("sqlite:{path}/sessions.db"),
            is_reader: false,
            refuses_when_stale: false,
        }
    }
}

impl NodeSettings {
    /// For a node that never writes to the ring.
    #[must_use]
    pub fn reader(mut self) -> Self {
        self.is_reader = true;
        self
    }

    /// For a node that accepts nothing when it is stale.
    #[must_use]
    pub fn refusing_when_stale(mut self) -> Self {
        self.refuses_when_stale = true;
        self
    }

    /// The flags by which the command line is told of the ring.
    pub fn ring_arguments(&self) -> [&str; 4] {
        ["--ring", &self.ring, "--kek", &self.kek]
    }
}

/// Serves the sample application as `privyseal serve --ring` does, until the standard input ends.
pub(crate) fn serve_on_ring(settings: &NodeSettings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let role = if settings.is_reader {
        RingRole::Reader
    } else {
        RingRole::Rotator
    };
    let on_stale = if settings.refuses_when_stale {
        OnStale::Refuse
    } else {
        OnStale::Serve
    };
    runtime.block_on(async {
        let keeper = open_keeper(&settings.ring.parse()?, &settings.kek.parse()?, &[]).await?;
        let node = RingNode::start(keeper, role, on_stale).await;
        let store: StoreUrl = settings.store.parse()?;
        let options = Options::prepare_on_ring(node, ".", &store).await?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "ready {}", listener.local_addr()?)?;
        stdout.flush()?;
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        serve(listener, options, async {
            // Whatever ended it, nobody is there any more.
            let _ = ended.await;
        })
        .await?;
        Ok(())
    })
}

/// One of the processes, which ends when this is dropped.
pub struct FleetNode {
    address: SocketAddr,
    _process: Box<dyn Send + Sync>,
}

/// A child that is killed when this is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl FleetNode {
    /// Starts it by this program of a node, and waits until it serves.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &str, settings: &NodeSettings) -> Result<Self> {
        let order = serde_json::to_string(settings)?;
        let (process, address) = Server::start(Command::new(program), &order)?;
        Ok(Self {
            address: address.parse()?,
            _process: Box::new(process),
        })
    }

    /// Starts it by `privyseal serve`, and waits until it serves. To be called from a thread that
    /// lives as long, since the server ends with that.
    ///
    /// # Errors
    /// When it does not start.
    pub fn serve(program: &Path, settings: &NodeSettings) -> Result<Self> {
        let mut command = instance::command(None, program, Some("KILL"))?;
        command.args(["--json", "serve", "--listen", "127.0.0.1:0"]);
        command.args(settings.ring_arguments());
        command.args(["--store", &settings.store]);
        if settings.is_reader {
            command.args(["--ring-role", "reader"]);
        }
        if settings.refuses_when_stale {
            command.args(["--on-stale", "refuse"]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("it is a pipe")?;
        let process = Killed(child);
        let mut said = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
        let said = said.next().context("the server ended")??;
        let url = said.get("url").and_then(Value::as_str);
        let address = url.and_then(|url| url.strip_prefix("http://"));
        Ok(Self {
            address: address.context("it has an address")?.parse()?,
            _process: Box::new(process),
        })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says of itself, with the status.
    ///
    /// # Errors
    /// When it does not answer with JSON.
    pub fn health(&self) -> Result<(u16, Value)> {
        let headers = [("Accept", "application/json")];
        let answer = client::send(self.address, "GET", "/healthz", &headers, "")?;
        let health = serde_json::from_str(&answer.body);
        let health = health.with_context(|| answer.body.clone())?;
        Ok((answer.status.as_u16(), health))
    }

    /// The generation of the ring that it knows; 0 if it knows none.
    ///
    /// # Errors
    /// As [`health`](Self::health).
    pub fn generation(&self) -> Result<u64> {
        let (_, health) = self.health()?;
        let generation = health.get("generation").and_then(Value::as_u64);
        Ok(generation.unwrap_or(0))
    }

    /// Waits until what it says of itself is so.
    ///
    /// # Errors
    /// When that takes longer than a minute; with what it said last.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let start = Instant::now();
        loop {
            let (_, health) = self.health()?;
            if is_so(&health) {
                return Ok(health);
            }
            if start.elapsed() > PATIENCE {
                bail!("it is not {what}: {health}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it is in this state.
    ///
    /// # Errors
    /// As [`wait_until`](Self::wait_until).
    pub fn wait_until_state(&self, state: &str) -> Result<Value> {
        self.wait_until(state, |health| health["state"] == state)
    }
}

impl fmt::Debug for FleetNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FleetNode({})", self.address)
    }
}

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);
