//! Runs the shipped engine, one step of one request at a time.
//!
//! A step is a function of what the request was told before and of what the store holds, so each
//! is run once and remembered: the checker asks for the same one from many states.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use privyseal::reference::{ReferenceSigner, Secret};
use privyseal::sealed::{Context, SessionId};
use privyseal::{KeyRing, SecretKey};
use privyseal_session::{CookiePolicy, Engine, Session, Timeouts};
use privyseal_testkit::clock::FakeClock;
use tokio::runtime::Runtime;

use crate::bug::Bug;
use crate::handler::{Came, SHARED, Values, act, content, token};
use crate::rows::{KeptRow, Rows, Secrets};
use crate::script::{Deposit, Line, Script, ScriptedStore, Turn};
use crate::visit::{
    Answer, Commit, Cookie, Effect, Kept, Next, Progress, Reply, RowNo, SecretNo, Seen, Step, Visit,
};

/// Where requests are run.
pub(crate) struct Stage {
    bug: Option<Bug>,
    ring: KeyRing,
    signer: ReferenceSigner,
    secrets: Secrets,
    id: SessionId,
    runtime: Runtime,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    rows: Rows,
    steps: HashMap<(Visit, Next, SecretNo), Step>,
}

impl Memory {
    /// What the store says once more when a request is run again.
    fn line(&self, reply: Reply) -> Line {
        match reply {
            Reply::Live(row) => Line::Live(self.rows.get(row)),
            Reply::Ended => Line::Ended,
            Reply::Done => Line::Done,
            Reply::Conflict(row) => Line::Conflict(self.rows.get(row)),
            Reply::Gone => Line::Gone,
            Reply::NowEnded => Line::NowEnded,
            Reply::Created => Line::Created,
            Reply::Silence => Line::Silence,
        }
    }
}

impl Stage {
    pub(crate) fn new(bug: Option<Bug>) -> Self {
        let key = SecretKey::from_bytes(KEY).expect("it is long enough");
        let ring = KeyRing::new(key);
        let policy = CookiePolicy::default();
        let context = Context {
            purpose: "stored session",
            cookie_name: policy.name(),
            application: "",
        };
        Self {
            bug,
            signer: ReferenceSigner::new(&ring, context),
            ring,
            secrets: Secrets::new(),
            id: ID,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime of one thread needs nothing"),
            memory: Mutex::default(),
        }
    }

    /// The row of a session that just began, under the secret of number 0.
    pub(crate) fn first_row(&self) -> RowNo {
        let store = self.store(VecDeque::new(), Turn::Holds(None), None);
        let (engine, _) = self.engine(&store);
        let response = self.runtime.block_on(async {
            let handle = engine.begin(&HeaderMap::new());
            let mut session: Session<Values> =
                handle.open(&HeaderMap::new()).await.expect("a new one");
            session.insert(SHARED.to_owned(), 0);
            drop(session);
            let mut response = HeaderMap::new();
            let committed = handle.commit(StatusCode::OK, &mut response).await;
            committed.expect("the store takes it");
            response
        });
        let Deposit::Wrote(mut row) =
            std::mem::replace(&mut store.script().deposit, Deposit::Nothing)
        else {
            panic!("a session that begins is written");
        };
        let reference = self.signer.verify(token(&response).expect("a cookie"));
        let drawn = reference.expect("it is authentic").secret;
        self.secrets.pin(&mut row, &drawn, 0);
        self.memory().rows.number(row)
    }

    /// One step of a request, of which the first `made` secrets are known.
    pub(crate) fn step(&self, visit: &Visit, next: Next, made: SecretNo) -> Step {
        let key = (visit.clone(), next, made);
        if let Some(step) = self.memory().steps.get(&key) {
            return *step;
        }
        let step = self.run(visit, next, made);
        self.memory().steps.insert(key, step);
        step
    }

    /// What a browser with this secret would be given.
    pub(crate) fn look(&self, row: RowNo, secret: SecretNo, now: u8) -> Option<Seen> {
        let visit = Visit::new(u8::MAX, secret, now);
        match self
            .step(&visit, Next::Answers(Kept::Live(row)), 0)
            .progress
        {
            Progress::Opened(seen) if seen.is_live => Some(seen),
            _ => None,
        }
    }

    /// How many different rows and steps were met.
    pub(crate) fn met(&self) -> (usize, usize) {
        let memory = self.memory();
        (memory.rows.len(), memory.steps.len())
    }

    fn run(&self, visit: &Visit, next: Next, made: SecretNo) -> Step {
        let (lines, turn, basis) = {
            let memory = self.memory();
            let line = |reply: &Reply| memory.line(*reply);
            let turn = match next {
                Next::Answers(Kept::Live(row)) => Turn::Holds(Some(memory.rows.get(row))),
                Next::Answers(Kept::Ended) => Turn::Holds(None),
                Next::Silent => Turn::Silent,
            };
            let basis = visit.basis().map(|row| memory.rows.get(row));
            (visit.replies.iter().map(line).collect(), turn, basis)
        };
        let store = self.store(lines, turn, basis);
        store.script().has_committed = visit.commit.is_some();
        let came = self.runtime.block_on(self.play(&store, visit));
        let mut script = store.script();
        let deposit = std::mem::replace(&mut script.deposit, Deposit::Nothing);
        let said = script.said.take();
        let calls_again = script.calls_again;
        drop(script);
        self.note(visit, made, said, deposit, came.filter(|_| !calls_again))
    }

    /// The request from its first header on, as far as it comes.
    async fn play(&self, store: &ScriptedStore, visit: &Visit) -> Option<Came> {
        let (engine, clock) = self.engine(store);
        clock.set(seconds(visit.opened_at));
        let mut request = HeaderMap::new();
        request.insert(COOKIE, self.cookie(&engine, visit.secret));
        let handle = engine.begin(&request);
        let Ok(mut session) = handle.open::<Values>(&request).await else {
            return Some(Came::Failed);
        };
        let Some(commit) = visit.commit else {
            return Some(Came::Opened(Seen {
                is_live: session.id().is_some(),
                has_rights: session.subject().is_some(),
                content: content(&session),
            }));
        };
        clock.set(seconds(commit.at));
        act(&mut session, commit.deed, visit.who);
        drop(session);
        let saves = !commit.fails || self.bug == Some(Bug::ErrorsAreSaved);
        let status = if saves {
            StatusCode::OK
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        let mut response = HeaderMap::new();
        match handle.commit(status, &mut response).await {
            Ok(()) => Some(Came::Answered(response)),
            Err(_) => Some(Came::Failed),
        }
    }

    /// The step in numbers.
    fn note(
        &self,
        visit: &Visit,
        made: SecretNo,
        said: Option<Line>,
        deposit: Deposit,
        came: Option<Came>,
    ) -> Step {
        let mut fresh = None;
        let progress = match came {
            None => Progress::Calls,
            Some(Came::Opened(seen)) => Progress::Opened(seen),
            Some(Came::Failed) => Progress::Answered(Answer {
                is_error: true,
                cookie: None,
            }),
            Some(Came::Answered(response)) => {
                let cookie = token(&response).map(|token| self.read(token, made, &mut fresh));
                let is_lost = visit.commit.is_some_and(|commit: Commit| commit.fails)
                    && self.bug == Some(Bug::ErrorsAreSaved);
                Progress::Answered(Answer {
                    is_error: visit.commit.is_some_and(|commit| commit.fails),
                    cookie: cookie.filter(|_| !is_lost),
                })
            }
        };
        let mut memory = self.memory();
        let is_of_another = matches!(said, Some(Line::Created));
        let effect = match deposit {
            Deposit::Wrote(mut row) if !is_of_another => {
                assert_ne!(progress, Progress::Calls, "what is written is answered");
                if let Some(drawn) = &fresh {
                    self.secrets.pin(&mut row, drawn, made);
                    self.secrets.spoil(&mut row, self.bug, made);
                }
                let basis = visit.basis().map(|basis| memory.rows.get(basis));
                Effect::Wrote {
                    row: memory.rows.number(row),
                    fresh: fresh.is_some().then_some(made),
                    replaces: basis.and_then(|basis| self.secrets.current_of(&basis, made)),
                }
            }
            Deposit::Ended => Effect::Ended,
            _ => Effect::None,
        };
        let reply = said.map(|line| match line {
            Line::Live(row) => Reply::Live(memory.rows.number(KeptRow::clone(&row))),
            Line::Conflict(row) => Reply::Conflict(memory.rows.number(KeptRow::clone(&row))),
            Line::Ended => Reply::Ended,
            Line::Done => Reply::Done,
            Line::Gone => Reply::Gone,
            Line::NowEnded => Reply::NowEnded,
            Line::Created => Reply::Created,
            Line::Silence => Reply::Silence,
        });
        Step {
            reply,
            effect,
            progress,
        }
    }

    /// What a cookie holds; a secret that nobody knows yet goes to `fresh`.
    fn read(&self, token: &str, made: SecretNo, fresh: &mut Option<Secret>) -> Cookie {
        if token.is_empty() {
            return Cookie::None;
        }
        let reference = self.signer.verify(token).expect("it is authentic");
        if reference.session_id != self.id {
            return Cookie::OfAnother;
        }
        let number = self.secrets.number_of(&reference.secret, made);
        if number.is_none() {
            *fresh = Some(reference.secret);
        }
        Cookie::Secret(number.unwrap_or(made))
    }

    fn cookie(&self, engine: &Engine, secret: SecretNo) -> HeaderValue {
        let token = self.signer.sign(self.id, self.secrets.get(secret));
        let token = token.expect("the ring has a key that signs");
        let cookie = format!("{}={token}", engine.cookie().name());
        HeaderValue::try_from(cookie).expect("a token is text")
    }

    fn store(
        &self,
        lines: VecDeque<Line>,
        turn: Turn,
        basis: Option<std::sync::Arc<KeptRow>>,
    ) -> ScriptedStore {
        let script = Script {
            lines,
            turn,
            bug: self.bug,
            basis,
            has_committed: false,
            said: None,
            deposit: Deposit::Nothing,
            calls_again: false,
        };
        ScriptedStore::new(script, self.id)
    }

    /// A new one each time, so that no circuit breaker remembers anything.
    fn engine(&self, store: &ScriptedStore) -> (Engine, FakeClock) {
        let clock = FakeClock::at(seconds(0));
        let engine = Engine::stored(self.ring.clone(), store.clone())
            .with_cleanup(None)
            .with_clock(clock.clone())
            .with_timeouts(Timeouts {
                grace: Duration::from_secs(GRACE),
                ..Timeouts::default()
            });
        (engine, clock)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("bug", &self.bug)
            .finish_non_exhaustive()
    }
}

fn seconds(tick: u8) -> u64 {
    1_000_000 + u64::from(tick) * TICK
}

/// Whether the grace of a secret that was replaced at one time is over at another.
pub(crate) fn is_past_grace(replaced_at: u8, now: u8) -> bool {
    seconds(now) > seconds(replaced_at) + GRACE
}

/// Seconds; one tick after a renewal is within its grace, two ticks after are not.
const GRACE: u64 = 10;
const TICK: u64 = 6;

const KEY: [u8; 32] = *b"\x9a\x1f\x03\xc7\x55\xe2\x70\x8d\x14\xbb\x6e\xf9\x21\xd8\x47\xa3\x0c\x95\x3b\x62\xfd\x8e\x10\xc4\x7a\x29\xb6\x5f\xe1\x04\xd3\x98";
const ID: SessionId = SessionId::from_bytes([7; 16]);
