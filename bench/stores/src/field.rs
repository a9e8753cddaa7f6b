//! Who takes part, and the servers that they run on.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use privyseal_bench_load::{Job, Outcome};
use privyseal_testkit::servers::Restart;
use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;
use serde::Serialize;
use tempfile::TempDir;

use crate::worker::Worker;

/// Where sessions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Database {
    Sqlite,
    Redis,
    Postgres,
    Mysql,
}

/// Whose sessions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Peers,
}

/// Somebody who keeps sessions in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contender {
    pub(crate) database: Database,
    pub(crate) name: &'static str,
    pub(crate) side: Side,
}

const fn contender(database: Database, name: &'static str, side: Side) -> Contender {
    Contender {
        database,
        name,
        side,
    }
}

/// Everybody; the first one of a database is ours, and what the peers are compared with.
pub(crate) const CONTENDERS: &[Contender] = &[
    contender(Database::Sqlite, "privyseal", Side::Ours),
    contender(Database::Sqlite, "tower-sessions, WAL", Side::Peers),
    contender(Database::Sqlite, "tower-sessions, journal", Side::Peers),
    contender(Database::Redis, "privyseal", Side::Ours),
    contender(Database::Redis, "privyseal, actix", Side::Ours),
    contender(Database::Redis, "tower-sessions", Side::Peers),
    contender(Database::Redis, "actix-session", Side::Peers),
    BARE,
    contender(Database::Postgres, "privyseal", Side::Ours),
    contender(Database::Postgres, "tower-sessions", Side::Peers),
    contender(Database::Mysql, "privyseal", Side::Ours),
    contender(Database::Mysql, "tower-sessions", Side::Peers),
];

/// The client without sessions: what no session in Redis can be faster than.
pub(crate) const BARE: Contender = contender(Database::Redis, "bare client", Side::Ours);

impl Contender {
    pub(crate) fn id(&self) -> String {
        format!("{:?}: {}", self.database, self.name).to_lowercase()
    }
}

/// The servers and the workers of a run.
pub(crate) struct Field {
    // Workers end before the servers that they are connected to.
    ours: Worker,
    peers: Worker,
    redis: RedisServer,
    postgres: PostgresServer,
    mariadb: MariadbServer,
    directory: TempDir,
}

impl Field {
    /// Starts all of it and opens every contender.
    pub(crate) fn start(peers: &Path) -> Result<Self> {
        let mut field = Self {
            ours: Worker::start(Command::new(std::env::current_exe()?).arg("--worker"))?,
            peers: Worker::start(&mut Command::new(peers))?,
            // As it comes from the package: nothing is written to the disk before it answers.
            redis: RedisServer::start_with("appendonly no\nsave \"\"")?,
            postgres: PostgresServer::start()?,
            mariadb: MariadbServer::start()?,
            directory: TempDir::with_prefix("stores-")?,
        };
        for contender in CONTENDERS {
            let url = field.new_url(*contender)?;
            field.open(*contender, &contender.id(), &url)?;
        }
        Ok(field)
    }

    /// A database that nobody has used.
    pub(crate) fn new_url(&self, contender: Contender) -> Result<String> {
        Ok(match contender.database {
            // Sessions of different owners have different keys there.
            Database::Redis => self.redis.url(),
            Database::Postgres => self.postgres.database()?,
            Database::Mysql => self.mariadb.database()?,
            Database::Sqlite => {
                let name = contender.name.replace(", ", "-");
                let path = self.directory.path().join(format!("{name}.sqlite"));
                path.to_str().context("a path is text")?.to_owned()
            }
        })
    }

    /// The server of a database, to be killed and started again.
    pub(crate) fn server(&mut self, database: Database) -> Result<&mut dyn Restart> {
        Ok(match database {
            Database::Redis => &mut self.redis,
            Database::Postgres => &mut self.postgres,
            Database::Mysql => &mut self.mariadb,
            Database::Sqlite => bail!("a file is no server"),
        })
    }

    pub(crate) fn open(&mut self, contender: Contender, name: &str, url: &str) -> Result<()> {
        self.worker(contender).open(name, contender.name, url)
    }

    pub(crate) fn fill(&mut self, contender: Contender, sessions: usize) -> Result<()> {
        self.worker(contender).fill(&contender.id(), sessions)
    }

    /// Runs a job of a contender, by the name that it was opened under.
    pub(crate) fn run(&mut self, contender: Contender, name: &str, job: Job) -> Result<Outcome> {
        self.worker(contender).run(name, job)
    }

    fn worker(&mut self, contender: Contender) -> &mut Worker {
        match contender.side {
            Side::Ours => &mut self.ours,
            Side::Peers => &mut self.peers,
        }
    }
}
