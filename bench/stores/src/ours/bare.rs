//! What Redis and its client cost alone: a `GET`, and a script that sets, without sessions or a
//! framework.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use privyseal_bench_load::{Contender, Job, Kind, Outcome, Waiting, visit};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

pub(super) struct Bare {
    connection: MultiplexedConnection,
    /// The name of the script.
    set: String,
}

impl Bare {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let client = Client::open(url)?;
        let config = AsyncConnectionConfig::new();
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        let set = redis::cmd("SCRIPT")
            .arg("LOAD")
            .arg(SET)
            .query_async(&mut connection)
            .await?;
        let _: () = redis::cmd("SET")
            .arg(ROW)
            .arg([b'v'; 200].as_slice())
            .query_async(&mut connection)
            .await?;
        Ok(Self { connection, set })
    }

    async fn request(mut connection: MultiplexedConnection, set: Option<String>) -> Result<()> {
        let value: Vec<u8> = redis::cmd("GET")
            .arg(ROW)
            .query_async(&mut connection)
            .await?;
        ensure!(value.len() == 200, "the row is another one");
        if let Some(set) = set {
            let mut call = redis::cmd("EVALSHA");
            call.arg(set).arg(1).arg(ROW).arg(value).arg(1_800_000);
            let done: i64 = call.query_async(&mut connection).await?;
            ensure!(done == 1, "the row is another one");
        }
        Ok(())
    }
}

impl Contender for Bare {
    fn fill(&self, _sessions: usize) -> Waiting<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn run<'a>(&'a self, job: &'a Job) -> Waiting<'a, Result<Outcome>> {
        Box::pin(async move {
            let set = (job.kind == Kind::Write).then(|| self.set.clone());
            let connection = self.connection.clone();
            let began = Instant::now();
            let until = began + Duration::from_millis(job.millis);
            let requests = visit(until, move || {
                Self::request(connection.clone(), set.clone())
            });
            Outcome::new(began, tokio::spawn(requests).await??, 0)
        })
    }
}

const ROW: &str = "bare{row}";

/// Compares the beginning, and sets.
const SET: &str = "local old = redis.call('GETRANGE', KEYS[1], 0, 40)
if old:sub(1, 9) ~= ARGV[1]:sub(1, 9) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";
