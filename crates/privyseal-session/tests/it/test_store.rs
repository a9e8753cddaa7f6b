//! A store in memory that counts, stops and fails as it is told to. A clone is the same store, as
//! another node has it.

use std::sync::{Arc, Mutex, MutexGuard};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::metrics::StoreCall;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};
use privyseal_stores::MemoryStore;
use tokio::sync::oneshot;

#[derive(Clone)]
pub(crate) struct TestStore(Arc<Shared>);

struct Shared {
    rows: MemoryStore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    health: Health,
    calls: Vec<StoreCall>,
    /// Every row that was written, in order.
    written: Vec<(SessionId, Vec<u8>)>,
    gates: Vec<(StoreCall, Gate)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    #[default]
    Well,
    Down,
    Hanging,
}

/// One call of the store that waits to be let through; dropped, it lets the call through.
pub(crate) struct Paused {
    reached: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

struct Gate {
    reached: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

impl Paused {
    /// Waits until the call is made.
    pub(crate) async fn reached(&mut self) {
        (&mut self.reached).await.unwrap();
    }

    pub(crate) fn go(self) {
        self.go.send(()).unwrap();
    }
}

impl TestStore {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            rows: MemoryStore::new(100_000),
            state: Mutex::default(),
        }))
    }

    pub(crate) fn set(&self, health: Health) {
        self.state().health = health;
    }

    /// The next call of this kind waits at a gate before anything happens.
    pub(crate) fn pause(&self, call: StoreCall) -> Paused {
        let (reached_sender, reached) = oneshot::channel();
        let (go, go_receiver) = oneshot::channel();
        let gate = Gate {
            reached: reached_sender,
            go: go_receiver,
        };
        self.state().gates.push((call, gate));
        Paused { reached, go }
    }

    /// The calls since the last time that somebody asked.
    pub(crate) fn calls(&self) -> Vec<StoreCall> {
        std::mem::take(&mut self.state().calls)
    }

    /// Every row that was ever written, the last one last.
    pub(crate) fn written(&self) -> Vec<(SessionId, Vec<u8>)> {
        self.state().written.clone()
    }

    /// The row as it is, without a call being counted.
    pub(crate) async fn row(&self, id: SessionId) -> Option<Row> {
        match self.0.rows.load(id).await.unwrap() {
            Found::Live(row) => Some(row),
            Found::Ended | Found::Unknown => None,
        }
    }

    /// Puts other bytes into a row, as whoever can write the database could.
    pub(crate) async fn overwrite(&self, id: SessionId, data: &[u8]) {
        let row = self.row(id).await.unwrap();
        let new = NewRow {
            subject: row.subject.as_ref(),
            last_seen: row.last_seen,
            expires_at: row.expires_at,
            ends_at: row.ends_at,
            data,
        };
        let updated = self.0.rows.update(id, row.version, &new).await;
        assert_eq!(updated.unwrap(), Updated::Done);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    async fn arrive(&self, call: StoreCall) -> Result<&MemoryStore, StoreError> {
        let gate = {
            let mut state = self.state();
            state.calls.push(call);
            let at = state.gates.iter().position(|(kind, _)| *kind == call);
            at.map(|at| state.gates.remove(at).1)
        };
        if let Some(gate) = gate {
            gate.reached.send(()).unwrap();
            // A test that failed has dropped the other end.
            let _ = gate.go.await;
        }
        let health = self.state().health;
        match health {
            Health::Well => Ok(&self.0.rows),
            Health::Down => Err(StoreError::unavailable("it is down")),
            Health::Hanging => std::future::pending().await,
        }
    }

    fn note(&self, id: SessionId, row: &NewRow<'_>) {
        self.state().written.push((id, row.data.to_vec()));
    }
}

impl Store for TestStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let rows = self.arrive(StoreCall::Create).await?;
        self.note(id, row);
        rows.create(id, row).await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        self.arrive(StoreCall::Load).await?.load(id).await
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let rows = self.arrive(StoreCall::Update).await?;
        self.note(id, row);
        rows.update(id, expected, row).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let rows = self.arrive(StoreCall::Touch).await?;
        rows.touch(id, expected, last_seen, expires_at).await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        self.arrive(StoreCall::End).await?.end(id).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let rows = self.arrive(StoreCall::List).await?;
        rows.list(subject, limit).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let rows = self.arrive(StoreCall::EndAll).await?;
        rows.end_all(subject, except).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let rows = self.arrive(StoreCall::DeleteExpired).await?;
        rows.delete_expired(now, limit).await
    }
}
