//! Every kind of engine there is, so that a rule is tried in all to which it applies.

use std::sync::{Arc, Mutex};

use privyseal::sealed::SessionId;
use privyseal_session::metrics::{Event, Metrics};
use privyseal_session::revocation::{RevocationOptions, Revocations};
use privyseal_session::store::Subject;
use privyseal_session::{Engine, LiveKeyRing};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, Visit, open, ring};
use crate::limits::noise;
use crate::revocation_log::{Push, TestLog};
use crate::test_store::TestStore;

/// Where a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Signed,
    Sealed,
    /// Flask's format under Flask's rules.
    Flask,
    Stored,
    /// In the cookie until it is too large, and in a store from then on.
    Spilled,
    /// In several cookies.
    Chunked,
}

/// An engine and what is around it.
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// Whether there is a log of revocations.
    pub(crate) revokes: bool,
    pub(crate) engine: Engine,
    pub(crate) clock: FakeClock,
    pub(crate) store: TestStore,
    pub(crate) log: TestLog,
    pub(crate) keys: LiveKeyRing,
    pub(crate) events: Arc<Events>,
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl Metrics for Events {
    fn count(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Events {
    pub(crate) fn of(&self, event: Event) -> usize {
        let events = self.0.lock().unwrap();
        events.iter().filter(|counted| **counted == event).count()
    }
}

impl Kind {
    pub(crate) fn new(place: Place, revokes: bool) -> Self {
        let keys = LiveKeyRing::new(ring(b'a'));
        let (clock, store) = (FakeClock::at(START), TestStore::new());
        let log = TestLog::default();
        log.state().push = Push::Changes;
        let events = Arc::<Events>::default();
        let mut kind = Self {
            name: format!("{place:?}, revokes: {revokes}"),
            place,
            revokes,
            engine: Engine::sealed(keys.clone()),
            clock,
            store,
            log,
            keys,
            events,
        };
        kind.engine = kind.node();
        kind
    }

    /// Another node on the same store and log.
    pub(crate) fn node(&self) -> Engine {
        let (keys, store) = (self.keys.clone(), self.store.clone());
        let engine = match self.place {
            Place::Signed => Engine::signed(keys),
            Place::Sealed => Engine::sealed(keys),
            Place::Flask => Engine::flask(keys),
            Place::Stored => Engine::stored(keys, store),
            Place::Spilled => Engine::sealed(keys).with_spill(store),
            Place::Chunked => Engine::sealed(keys).with_chunks(),
        };
        let engine = engine
            .with_clock(self.clock.clone())
            .with_metrics(self.events.clone())
            .with_cleanup(None)
            // A call that a test holds back is no outage.
            .with_store_deadline(std::time::Duration::from_mins(1));
        if !self.revokes {
            return engine;
        }
        let options = RevocationOptions {
            clock_skew: std::time::Duration::ZERO,
            ..RevocationOptions::default()
        };
        let revocations = Revocations::with_options(self.log.node(), options, self.clock.clone());
        engine.with_revocations(revocations)
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.engine)
    }

    /// A browser with a session of which one key is `a`, large enough to live where it is to.
    pub(crate) fn visitor(&self) -> Browser {
        let mut browser = self.browser();
        let written = browser.visit(|visit| {
            let mut session = open(visit);
            session.insert("a", 1);
            self.fill(&mut session);
        });
        written.1.unwrap();
        assert_eq!(self.place == Place::Chunked, browser.chunks.len() > 1);
        if self.place == Place::Spilled {
            assert!(!self.store.written().is_empty(), "it is in the store");
        }
        browser
    }

    /// Makes the session as large as it has to be.
    pub(crate) fn fill(&self, session: &mut privyseal_session::Session) {
        if matches!(self.place, Place::Spilled | Place::Chunked) {
            session.insert("much", noise(5000));
        }
    }

    /// Such a visitor, signed in.
    pub(crate) fn user(&self, subject: &str) -> Browser {
        let mut browser = self.visitor();
        browser
            .visit(|visit| self.sign_in(visit, subject))
            .1
            .unwrap();
        browser
    }

    /// Signs in; under Flask's rules as Flask-Login does.
    pub(crate) fn sign_in(&self, visit: &Visit, subject: &str) {
        let mut session = open(visit);
        if self.place == Place::Flask {
            session.insert("_user_id", subject);
        } else {
            session.sign_in(named(subject));
        }
    }

    /// Whether the session is written by compare-and-swap, so that nothing is lost.
    pub(crate) fn has_rows(&self) -> bool {
        matches!(self.place, Place::Stored | Place::Spilled)
    }

    /// Whether a copy of the cookie is refused after the session was ended.
    pub(crate) fn ends_copies(&self) -> bool {
        self.has_rows() || self.revokes
    }

    /// Whether all sessions of a user can be ended: only where the engine knows of them all.
    pub(crate) fn ends_subjects(&self) -> bool {
        self.place == Place::Stored || self.revokes
    }

    pub(crate) fn follows_flask(&self) -> bool {
        self.place == Place::Flask
    }
}

/// Runs a test in every kind, each with and without a log of revocations.
pub(crate) fn every_kind(test: impl Fn(&Kind)) {
    for place in PLACES {
        for revokes in [false, true] {
            test(&Kind::new(place, revokes));
        }
    }
}

/// The same, for those kinds that fulfil a condition.
pub(crate) fn kinds(condition: impl Fn(&Kind) -> bool, test: impl Fn(&Kind)) {
    every_kind(|kind| {
        if condition(kind) {
            test(kind);
        }
    });
}

pub(crate) fn named(subject: &str) -> Subject {
    Subject::new(subject).unwrap()
}

/// The id of the session of a browser.
pub(crate) fn id_of(browser: &mut Browser) -> Option<SessionId> {
    browser.visit(|visit| open(visit).id()).0
}

/// Ends the session of a browser; its cookie as it was before.
pub(crate) fn sign_out(browser: &mut Browser) -> Browser {
    let copy = browser.clone();
    browser.visit(|visit| open(visit).end()).1.unwrap();
    copy
}

/// Waits until it holds.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed().as_secs() < 20, "it never holds");
        std::thread::yield_now();
    }
}

const PLACES: [Place; 6] = [
    Place::Signed,
    Place::Sealed,
    Place::Flask,
    Place::Stored,
    Place::Spilled,
    Place::Chunked,
];
