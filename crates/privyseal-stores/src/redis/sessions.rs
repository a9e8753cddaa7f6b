//! The sessions: every write one script, or one command.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};
use redis::Value;

use super::error::Unreadable;
use super::row::Parts;
use super::script::{CREATE, END, TOUCH, UPDATE};
use super::{RedisStore, row};

impl Store for RedisStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let parts = Parts::new(1, row);
        let Some(subject) = row.subject else {
            return self.create_alone(id, &parts, row.data).await;
        };
        let life = parts.life.to_string();
        if !self.link.is_whole() {
            self.add_to_index(subject, id, life.as_bytes()).await?;
            return self.create_alone(id, &parts, row.data).await;
        }
        let keys = [self.row_key(id), self.index_key(subject)];
        let (value, ttl) = (parts.value(row.data), parts.ttl.to_string());
        let arguments: [&[u8]; 4] = [&value, ttl.as_bytes(), id.as_bytes(), life.as_bytes()];
        let created: i64 = self.link.run(&CREATE, &keys, &arguments).await?;
        Ok(created == 1)
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let mut command = redis::cmd("GET");
        row::read(self.link.read(command.arg(self.row_key(id))).await?)
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let parts = Parts::new(expected.saturating_add(1), row);
        let mut keys = vec![self.row_key(id)];
        if self.link.is_whole() {
            keys.extend(row.subject.map(|subject| self.index_key(subject)));
        }
        let (ttl, life) = (parts.ttl.to_string(), parts.life.to_string());
        let (expected, value) = (row::expected(expected), parts.value(row.data));
        let mut indexed = row.subject.is_none();
        loop {
            let arguments: [&[u8]; 7] = [
                &expected,
                &value,
                &parts.fixed,
                ttl.as_bytes(),
                life.as_bytes(),
                id.as_bytes(),
                if indexed { b"1" } else { b"0" },
            ];
            match (
                self.link.run(&UPDATE, &keys, &arguments).await?,
                row.subject,
            ) {
                (Value::Int(1), _) => return Ok(Updated::Done),
                (Value::Int(0), Some(subject)) if !indexed => {
                    self.add_to_index(subject, id, life.as_bytes()).await?;
                    indexed = true;
                }
                (Value::Nil, _) => return Ok(Updated::Gone),
                (Value::BulkString(value), _) => return conflict(value),
                _ => return Err(Unreadable("a script gave an answer that it has not").into()),
            }
        }
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ttl = row::milliseconds(last_seen, expires_at).to_string();
        let (start, times) = (row::expected(expected), row::times(last_seen, expires_at));
        let arguments: [&[u8]; 3] = [&start, &times, ttl.as_bytes()];
        let _: i64 = self
            .link
            .run(&TOUCH, &[self.row_key(id)], &arguments)
            .await?;
        Ok(())
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.run_end(&[id], b"").await? == [ENDED_NOW])
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let (mut listed, mut ended) = (Vec::new(), Vec::new());
        for ids in self.indexed(subject).await?.chunks(AT_ONCE) {
            if listed.len() >= limit {
                break;
            }
            let mut command = redis::cmd("MGET");
            for id in ids {
                command.arg(self.row_key(*id));
            }
            let values: Vec<Option<Vec<u8>>> = self.link.read(&command).await?;
            for (id, value) in ids.iter().zip(values) {
                match row::read(value)? {
                    Found::Live(row) if row.subject.as_ref() == Some(subject) => {
                        listed.push((*id, row));
                    }
                    Found::Ended => ended.push(*id),
                    Found::Live(_) | Found::Unknown => {}
                }
            }
        }
        self.remove_from_index(subject, &ended).await?;
        listed.truncate(limit);
        Ok(listed)
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let filter = row::subject_field(Some(subject));
        let mut ids = self.indexed(subject).await?;
        ids.retain(|id| Some(*id) != except);
        let at_once = if self.link.is_whole() { AT_ONCE } else { 1 };
        let (mut live, mut ended) = (0, Vec::new());
        for ids in ids.chunks(at_once) {
            for (id, answer) in ids.iter().zip(self.run_end(ids, &filter).await?) {
                live += u64::from(answer == ENDED_NOW);
                ended.extend((answer == ENDED_NOW || answer == ENDED_BEFORE).then_some(*id));
            }
        }
        self.remove_from_index(subject, &ended).await?;
        Ok(live)
    }

    /// Nothing: the server does it.
    async fn delete_expired(&self, _now: Timestamp, _limit: usize) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl RedisStore {
    fn row_key(&self, id: SessionId) -> String {
        row::key(&self.options.prefix, id.as_bytes(), "")
    }

    async fn create_alone(
        &self,
        id: SessionId,
        parts: &Parts,
        data: &[u8],
    ) -> Result<bool, StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.row_key(id)).arg(parts.value(data));
        command.arg("NX").arg("PX").arg(parts.ttl);
        match self.link.write(&command).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(Unreadable("an answer to SET is none").into()),
        }
    }

    async fn run_end(&self, ids: &[SessionId], subject: &[u8]) -> Result<Vec<u8>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| self.row_key(*id)).collect();
        let answers: Vec<u8> = self.link.run(&END, &keys, &[subject]).await?;
        if answers.len() != ids.len() {
            return Err(Unreadable("a script answered for other rows than asked").into());
        }
        Ok(answers)
    }
}

/// The row that an update found in its way.
fn conflict(value: Vec<u8>) -> Result<Updated, StoreError> {
    match row::read(Some(value))? {
        Found::Live(row) => Ok(Updated::Conflict(row)),
        Found::Ended | Found::Unknown => Ok(Updated::Gone),
    }
}

/// What the script says of a row that it has ended.
const ENDED_NOW: u8 = 1;
/// What it says of one that was a tombstone already.
const ENDED_BEFORE: u8 = 2;

/// How many rows are read or ended at once: everybody else waits meanwhile.
const AT_ONCE: usize = 64;
