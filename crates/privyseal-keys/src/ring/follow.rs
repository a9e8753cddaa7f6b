//! What a node makes of what it hears, and what it may do by what it knows. No I/O, no clock.

use std::time::Duration;

use privyseal::ring::{Event, Succession};
use privyseal::{KeyRing, Timestamp};
use tokio::time::Instant;

use super::{KeeperError, NodeState, OnStale, Opened};

/// What a node knows of its ring.
#[derive(Debug, Default)]
pub(super) struct Following {
    known: Option<Known>,
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

#[derive(Debug)]
struct Known {
    opened: Opened,
    /// When the read was sent that first gave this generation.
    since: Instant,
    /// When the last read was sent that gave it. The answer may have waited, so it is no newer
    /// than that.
    confirmed: Instant,
}

/// Why there is nothing new.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// What was read is no successor of what is known, and may be somebody's doing.
    pub(super) is_alarm: bool,
    pub(super) text: String,
    pub(super) hint: String,
}

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A ring that is new here.
    Taken,
    /// The ring that is known.
    Same,
    /// A generation that is known to be over, as a store with copies may give for a while.
    Behind,
    /// Nothing that could be taken.
    Trouble,
}

impl Following {
    /// Takes in the answer to a read that was sent at this time.
    pub(super) fn hear(
        &mut self,
        answer: Result<Option<Opened>, KeeperError>,
        sent: Instant,
    ) -> Heard {
        let opened = match answer {
            Ok(Some(opened)) => opened,
            Ok(None) => return self.trouble(&KeeperError::Absent, self.known.is_some()),
            Err(error) => {
                let is_alarm = self.known.is_some() && !error.is_unavailable();
                return self.trouble(&error, is_alarm);
            }
        };
        let Some(known) = &mut self.known else {
            self.take(opened, sent);
            return Heard::Taken;
        };
        match opened.ring().follows(known.opened.ring()) {
            Succession::Newer => {
                self.take(opened, sent);
                Heard::Taken
            }
            Succession::Same => {
                known.confirmed = known.confirmed.max(sent);
                self.trouble = None;
                Heard::Same
            }
            // A copy that has not caught up yet: no alarm, and no news either.
            Succession::Older if sent < known.since + known.propagation() => Heard::Behind,
            other => self.hold(other, opened.ring().generation()),
        }
    }

    fn take(&mut self, opened: Opened, sent: Instant) {
        self.known = Some(Known {
            opened,
            since: sent,
            confirmed: sent,
        });
        self.trouble = None;
    }

    fn trouble(&mut self, error: &KeeperError, is_alarm: bool) -> Heard {
        self.trouble = Some(Trouble {
            is_alarm,
            text: with_causes(error),
            hint: error.hint(),
        });
        Heard::Trouble
    }

    /// What is known stays, for the rest of its lease.
    fn hold(&mut self, succession: Succession, generation: u64) -> Heard {
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
        Heard::Trouble
    }

    pub(super) fn known(&self) -> Option<&Opened> {
        self.known.as_ref().map(|known| &known.opened)
    }

    pub(super) fn last_trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// How long ago the ring was last known to be the present one.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        let known = self.known.as_ref()?;
        Some(now.saturating_duration_since(known.confirmed))
    }

    /// When the node may no longer sign by what it knows.
    pub(super) fn lease_ends(&self) -> Option<Instant> {
        let known = self.known.as_ref()?;
        let lease = Duration::from_secs(known.opened.ring().policy().lease);
        known.confirmed.checked_add(lease)
    }

    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.lease_ends().is_some_and(|end| now <= end)
    }

    pub(super) fn state(&self, now: Instant) -> NodeState {
        let is_held = self.trouble.as_ref().is_some_and(|it| it.is_alarm);
        match &self.known {
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

impl Known {
    fn propagation(&self) -> Duration {
        Duration::from_secs(self.opened.ring().policy().propagation)
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
