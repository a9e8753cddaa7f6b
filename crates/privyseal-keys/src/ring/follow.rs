//! What a node makes of what it hears, and what it may do by what it knows. No I/O.

use std::time::Duration;

use privyseal::ring::{Event, Follower, Heard, Succession};
use privyseal::{KeyRing, Timestamp};
use tokio::time::Instant;

use super::{KeeperError, NodeState, OnStale, Opened};

/// What a node knows of its ring.
#[derive(Debug)]
pub(super) struct Following {
    follower: Follower<Opened>,
    /// What the times of the follower count from.
    start: Instant,
    /// Why the last read gave no ring that could be taken.
    trouble: Option<Trouble>,
    published: Option<Phase>,
}

/// Between two changes that come by time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Phase {
    is_fresh: bool,
    next: Option<Event>,
}

/// Why there is nothing new.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// What was read is no successor of what is known, and may be somebody's doing.
    pub(super) is_alarm: bool,
    pub(super) text: String,
    pub(super) hint: String,
}

impl Following {
    pub(super) fn new() -> Self {
        Self {
            follower: Follower::default(),
            start: Instant::now(),
            trouble: None,
            published: None,
        }
    }

    /// Takes in the answer to a read that was sent at this time; without a word of the ring, there
    /// is trouble.
    pub(super) fn hear(
        &mut self,
        answer: Result<Option<Opened>, KeeperError>,
        sent: Instant,
    ) -> Option<Heard> {
        let is_known = self.known().is_some();
        let opened = match answer {
            Ok(Some(opened)) => opened,
            Ok(None) => return self.trouble(&KeeperError::Absent, is_known),
            Err(error) => return self.trouble(&error, is_known && !error.is_unavailable()),
        };
        let generation = opened.ring().generation();
        let heard = self.follower.hear(opened, sent.duration_since(self.start));
        match heard {
            Heard::Taken | Heard::Same => self.trouble = None,
            Heard::Behind => {}
            Heard::Held(succession) => self.hold(succession, generation),
        }
        Some(heard)
    }

    fn trouble(&mut self, error: &KeeperError, is_alarm: bool) -> Option<Heard> {
        self.trouble = Some(Trouble {
            is_alarm,
            text: with_causes(error),
            hint: error.hint(),
        });
        None
    }

    /// What is known stays, for the rest of its lease.
    fn hold(&mut self, succession: Succession, generation: u64) {
        let what = match succession {
            Succession::Older => "an earlier generation",
            Succession::Foreign => "another ring",
            _ => "another history of the ring",
        };
        self.trouble = Some(Trouble {
            is_alarm: true,
            text: format!("the repository has {what} (generation {generation})"),
            hint: "if a backup was restored on purpose, start the nodes anew; otherwise restore \
                   the last generation, and find out who can write to the repository"
                .to_owned(),
        });
    }

    pub(super) fn known(&self) -> Option<&Opened> {
        self.follower.ring()
    }

    pub(super) fn last_trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// How long ago the ring was last known to be the present one.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        self.follower.age(now.duration_since(self.start))
    }

    /// When the node may no longer sign by what it knows.
    pub(super) fn lease_ends(&self) -> Option<Instant> {
        self.start.checked_add(self.follower.lease_ends()?)
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.follower.is_fresh(now.duration_since(self.start))
    }

    pub(super) fn state(&self, now: Instant) -> NodeState {
        let is_held = self.trouble.as_ref().is_some_and(|it| it.is_alarm);
        match self.known() {
            None => NodeState::Empty,
            Some(_) if is_held => NodeState::Held,
            Some(_) if self.is_fresh(now) => NodeState::Fresh,
            Some(_) => NodeState::Stale,
        }
    }

    /// What signs and verifies now.
    pub(super) fn snapshot(&self, now: Instant, clock: Timestamp, on_stale: OnStale) -> KeyRing {
        match self.known() {
            None => KeyRing::unavailable(),
            Some(opened) if self.is_fresh(now) => opened.snapshot(clock),
            Some(opened) => match on_stale {
                OnStale::Serve => opened.snapshot(clock).stale(),
                OnStale::Refuse => KeyRing::unavailable(),
            },
        }
    }

    pub(super) fn mark_published(&mut self, now: Instant, clock: Timestamp) {
        self.published = Some(self.phase(now, clock));
    }

    /// Whether time has changed what the node may do since it was last published.
    pub(super) fn is_outdated(&self, now: Instant, clock: Timestamp) -> bool {
        self.published != Some(self.phase(now, clock))
    }

    fn phase(&self, now: Instant, clock: Timestamp) -> Phase {
        Phase {
            is_fresh: self.is_fresh(now),
            next: self.next_event(clock),
        }
    }

    /// What time alone changes next.
    pub(super) fn next_event(&self, clock: Timestamp) -> Option<Event> {
        self.known()?.ring().next_event_after(clock)
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
