//! Processes that are killed while they write.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store, Updated};
use privyseal_stores::SqliteStore;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::patiently;
use crate::row::{random_id, row};
use privyseal_testkit::sibling::{Process, tell, told_database};

#[tokio::test]
async fn a_process_killed_200_times_loses_nothing_and_ends_no_session_in_vain() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    let mut acknowledged = Acknowledged::default();
    let mut kills = 0;
    while kills < KILLS {
        // Every other time there are two, of which one goes on when the other dies.
        let mut processes: Vec<Process> = (0..=kills % 2).map(|_| writer(&path)).collect();
        for process in &mut processes {
            acknowledged.read_until_killed(process);
            kills += 1;
        }
        drop(processes);
        if path.exists() {
            is_intact(&path);
        }
        // Not each time, so that a process often has to start with what the last one left.
        if kills % 20 < 2 {
            acknowledged.are_kept(&path).await;
        }
    }
    acknowledged.are_kept(&path).await;
    // The processes lived long enough to have something to lose.
    assert!(acknowledged.counters.len() > 100);
    assert!(acknowledged.ended.len() > 500);
}

fn writer(path: &Path) -> Process {
    Process::start("sqlite::crash::a_process_writes_until_it_is_killed", path)
}

/// What the processes were told was done.
#[derive(Default)]
struct Acknowledged {
    counters: Vec<(SessionId, u64)>,
    ended: Vec<SessionId>,
}

impl Acknowledged {
    /// Kills the process at a random point: as it starts, or a moment after one of its lines.
    fn read_until_killed(&mut self, process: &mut Process) {
        let lines: u8 = rand::random_range(0..60);
        for _ in 0..lines {
            self.note(&process.line().unwrap());
        }
        std::thread::sleep(Duration::from_micros(rand::random_range(0..5000)));
        process.kill();
        while let Some(line) = process.line() {
            self.note(&line);
        }
    }

    fn note(&mut self, line: &str) {
        let (id, value) = line.split_once(' ').unwrap();
        let id = SessionId::from_str(id).unwrap();
        match value {
            "ended" => self.ended.push(id),
            value => {
                let value = value.parse().unwrap();
                match self.counters.iter_mut().find(|(counter, _)| *counter == id) {
                    Some((_, last)) => *last = value,
                    None => self.counters.push((id, value)),
                }
            }
        }
    }

    async fn are_kept(&self, path: &Path) {
        let store = SqliteStore::open(path).await.unwrap();
        for (id, value) in &self.counters {
            let Found::Live(row) = store.load(*id).await.unwrap() else {
                panic!("a session that was acknowledged is lost");
            };
            let there: u64 = std::str::from_utf8(&row.data).unwrap().parse().unwrap();
            // The last one may have been committed, and not acknowledged any more.
            assert!(
                there == *value || there == value + 1,
                "{value} was acknowledged, and {there} is there"
            );
        }
        for id in &self.ended {
            assert_eq!(store.load(*id).await.unwrap(), Found::Ended);
        }
    }
}

fn is_intact(path: &Path) {
    let connection = Connection::open(path).unwrap();
    // What the process left has to be there for the next one.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    let verdict: String = connection
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

/// One of the processes; or, alone, one that ends after a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_writes_until_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, rounds) = match told_database() {
        Some(path) => (path.into(), u64::MAX),
        None => (directory.path().join("sessions.sqlite"), 20),
    };
    let store = std::sync::Arc::new(SqliteStore::open(path).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        tasks.spawn(count(std::sync::Arc::clone(&store), rounds));
        tasks.spawn(begin_and_end(std::sync::Arc::clone(&store), rounds));
    }
    tasks.join_all().await;
}

async fn count(store: std::sync::Arc<impl Store>, rounds: u64) {
    let id = random_id();
    let zero = row(b"0");
    assert!(patiently(|| store.create(id, &zero)).await);
    tell(&format!("{id} 0"));
    for value in 1..=rounds {
        let data = value.to_string();
        let row = row(data.as_bytes());
        let updated = patiently(|| store.update(id, value, &row)).await;
        assert_eq!(updated, Updated::Done);
        tell(&format!("{id} {value}"));
    }
}

async fn begin_and_end(store: std::sync::Arc<impl Store>, rounds: u64) {
    for round in 0..rounds {
        let id = random_id();
        // Now and then one that does not fit into a page.
        let data = vec![b'x'; if round % 8 == 0 { 20_000 } else { 100 }];
        let row = row(&data);
        assert!(patiently(|| store.create(id, &row)).await);
        let updated = patiently(|| store.update(id, 1, &row)).await;
        assert_eq!(updated, Updated::Done);
        assert!(patiently(|| store.end(id)).await);
        tell(&format!("{id} ended"));
    }
}

/// How many processes are killed.
const KILLS: usize = 200;
