//! Several nodes on one log of which each reads what the test lets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use privyseal::formats::flask::FlaskSession;
use privyseal::sealed::SessionId;
use privyseal::value::{Dict, Value};
use privyseal_session::revocation::{
    Page, Revocation, RevocationLog, RevocationName, RevocationOptions, Revocations,
};
use privyseal_session::store::StoreError;
use privyseal_session::{Engine, LiveKeyRing};
use privyseal_testkit::clock::FakeClock;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::browser::{Browser, START, ring};
use crate::revocation_log::{NodeLog, TestLog};

/// A log of which a node reads only what the test lets through.
struct HeldLog {
    log: NodeLog,
    lets_through: watch::Receiver<u64>,
    /// The node has taken in all up to this position.
    taken: Arc<AtomicU64>,
}

impl RevocationLog for HeldLog {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        self.log.append(entry).await
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        self.taken.store(position, Ordering::SeqCst);
        let last = *self.lets_through.borrow();
        let room = usize::try_from(last.saturating_sub(position)).unwrap();
        let mut page = self.log.since(position, limit.min(room)).await?;
        page.position = page.position.min(last);
        Ok(page)
    }

    async fn prune(&self, now: privyseal::Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.log.prune(now, limit).await
    }
}

/// One of the servers.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) lets_through: watch::Sender<u64>,
    taken: Arc<AtomicU64>,
}

impl Node {
    /// Lets it read up to a position of the log, and waits until it has.
    pub(crate) async fn hear(&self, position: u64) {
        self.lets_through.send_replace(position);
        // Time stands still but for this.
        while self.taken.load(Ordering::SeqCst) < position {
            sleep(POLL).await;
        }
    }

    /// Whether it takes a cookie.
    pub(crate) async fn accepts(&self, cookie: &str) -> bool {
        let visit = Browser::with_cookie(&self.engine, cookie).begin();
        visit.open_async().await.unwrap().contains_key("a")
    }
}

/// What the nodes share.
pub(crate) struct World {
    mode: Mode,
    keys: LiveKeyRing,
    pub(crate) clock: FakeClock,
    log: TestLog,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    Signed,
    Sealed,
}

pub(crate) const MODES: [Mode; 2] = [Mode::Signed, Mode::Sealed];

impl World {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            keys: LiveKeyRing::new(ring(b'a')),
            clock: FakeClock::at(START),
            log: TestLog::default(),
        }
    }

    /// A node that has heard of nothing.
    pub(crate) fn node(&self) -> Node {
        let (lets_through, receiver) = watch::channel(0);
        let taken = Arc::<AtomicU64>::default();
        let log = HeldLog {
            log: self.log.node(),
            lets_through: receiver,
            taken: taken.clone(),
        };
        let options = RevocationOptions {
            clock_skew: Duration::ZERO,
            poll_interval: POLL,
            ..RevocationOptions::default()
        };
        let engine = match self.mode {
            Mode::Signed => Engine::signed(self.keys.clone()),
            Mode::Sealed => Engine::sealed(self.keys.clone()),
        };
        Node {
            engine: engine
                .with_clock(self.clock.clone())
                .with_revocations(Revocations::with_options(log, options, self.clock.clone())),
            lets_through,
            taken,
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        self.log.state().last
    }

    /// One that Flask began.
    pub(crate) fn begun_by_flask(&self) -> String {
        let mut dict = Dict::new();
        dict.insert("a", 1);
        let flask = FlaskSession::sha256(&self.keys.current());
        let now = privyseal::Timestamp::from_unix_seconds(self.clock.seconds());
        flask.dumps(&Value::Dict(dict), now).unwrap()
    }

    /// The name by which the log knows a cookie of Flask's, as an id.
    pub(crate) fn id_of_cookie(&self, cookie: &str) -> SessionId {
        let flask = FlaskSession::sha256(&self.keys.current());
        let name = RevocationName::of_cookie("", &flask.mac(cookie).unwrap());
        SessionId::from_bytes(*name.as_bytes())
    }
}

const POLL: Duration = Duration::from_millis(10);
