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

impl Database {
    /// All of them, by the names that the command line knows them by.
    pub(crate) const ALL: [(&str, Self); 4] = [
        ("sqlite", Self::Sqlite),
        ("redis", Self::Redis),
        ("postgres", Self::Postgres),
        ("mysql", Self::Mysql),
    ];
}

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
    redis: Option<RedisServer>,
    postgres: Option<PostgresServer>,
    mariadb: Option<MariadbServer>,
    directory: TempDir,
    contenders: Vec<Contender>,
}

impl Field {
    /// Starts the servers of these databases and opens every contender that uses them.
    pub(crate) fn start(peers: &Path, databases: &[Database]) -> Result<Self> {
        let redis = || RedisServer::start_with("appendonly no\nsave \"\"");
        let asked = |database| databases.contains(&database);
        let taking_part = CONTENDERS.iter().filter(|one| asked(one.database));
        let mut field = Self {
            ours: Worker::start(Command::new(std::env::current_exe()?).arg("--worker"))?,
            peers: Worker::start(&mut Command::new(peers))?,
            // As it comes from the package: nothing is written to the disk before it answers.
            redis: asked(Database::Redis).then(redis).transpose()?,
            postgres: asked(Database::Postgres)
                .then(PostgresServer::start)
                .transpose()?,
            mariadb: asked(Database::Mysql)
                .then(MariadbServer::start)
                .transpose()?,
            directory: TempDir::with_prefix("stores-")?,
            contenders: taking_part.copied().collect(),
        };
        for contender in field.contenders() {
            let url = field.new_url(contender)?;
            field.open(contender, &contender.id(), &url)?;
        }
        Ok(field)
    }

    /// Those who take part in this run.
    pub(crate) fn contenders(&self) -> Vec<Contender> {
        self.contenders.clone()
    }

    /// Ours on one database, if it takes part.
    pub(crate) fn ours_on(&self, database: Database) -> Option<Contender> {
        let ours = |one: &&Contender| one.database == database && one.side == Side::Ours;
        self.contenders.iter().find(ours).copied()
    }

    /// A database that nobody has used.
    pub(crate) fn new_url(&self, contender: Contender) -> Result<String> {
        Ok(match contender.database {
            // Sessions of different owners have different keys there.
            Database::Redis => self.redis.as_ref().context(NOT_STARTED)?.url(),
            Database::Postgres => self.postgres.as_ref().context(NOT_STARTED)?.database()?,
            Database::Mysql => self.mariadb.as_ref().context(NOT_STARTED)?.database()?,
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
            Database::Redis => self.redis.as_mut().context(NOT_STARTED)?,
            Database::Postgres => self.postgres.as_mut().context(NOT_STARTED)?,
            Database::Mysql => self.mariadb.as_mut().context(NOT_STARTED)?,
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

const NOT_STARTED: &str = "the server takes no part in this run";
