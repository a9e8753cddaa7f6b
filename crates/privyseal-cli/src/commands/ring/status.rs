//! `privyseal ring status`

use std::env;
use std::fmt::Write as _;
use std::io::stdout;

use anstream::{AutoStream, ColorChoice};
use anyhow::Result;
use clap::Args;
use privyseal::Timestamp;
use privyseal::ring::{KeyRecord, KeyState, Ring, Standing};
use privyseal_keys::ring::Opened;
use serde::Serialize;

use super::diff::policy_seconds;
use super::timeline::{self, ASCII, Pens, UNICODE, is_in_use, rotation_due};
use super::view::KeyView;
use crate::Answer;
use crate::clock::{self, rfc3339};
use crate::output::Output;
use crate::ring::{Access, RingFlags, block_on};
use crate::span::Span;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring status
  privyseal ring status --ring file:/var/lib/app/ring --kek file:/etc/app/kek
  privyseal ring status --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    ring: RingFlags,
}

#[derive(Serialize)]
struct Status {
    ring: String,
    place: String,
    generation: u64,
    written_at: String,
    kek: String,
    plain: bool,
    signer: String,
    standby: Option<Standby>,
    rotation_due_at: Option<String>,
    rotation_overdue: bool,
    policy_seconds: serde_json::Map<String, serde_json::Value>,
    keys: Vec<KeyView>,
    next: Vec<Next>,
}

#[derive(Serialize)]
struct Standby {
    id: String,
    /// Whether every node knows it, so that it can sign at once.
    ready: bool,
    ready_at: String,
}

/// What happens, and when, if nobody changes the ring.
#[derive(Serialize)]
struct Next {
    at: String,
    in_seconds: u64,
    key: String,
    what: &'static str,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let access = self.ring.access()?;
        let (_, opened) = block_on(access.read())?;
        let now = clock::now();
        let status = Status::of(&opened, &access, now);
        output.print(&status.to_text(opened.ring(), now), &status)?;
        Ok(Answer::Yes)
    }
}

impl Status {
    fn of(opened: &Opened, access: &Access, now: Timestamp) -> Self {
        let ring = opened.ring();
        let due = rotation_due(ring);
        Self {
            ring: ring.id().to_string(),
            place: access.url.to_string(),
            generation: ring.generation(),
            written_at: rfc3339(ring.written_at()),
            kek: opened.envelope().kek().to_string(),
            plain: opened.envelope().is_plain(),
            signer: ring.signer_at(now).id().to_string(),
            standby: ring.standby().map(|standby| Standby {
                id: standby.id().to_string(),
                ready: ring.is_standby_propagated(now),
                ready_at: rfc3339(standby.state_since().plus_seconds(ring.policy().reach())),
            }),
            rotation_due_at: due.map(rfc3339),
            rotation_overdue: due.is_some_and(|due| due < now),
            policy_seconds: policy_seconds(ring.policy()),
            keys: KeyView::all(ring, now),
            next: next(ring, now),
        }
    }

    fn to_text(&self, ring: &Ring, now: Timestamp) -> String {
        let mut text = String::new();
        for (name, value) in [
            ("ring", &self.ring),
            ("place", &self.place),
            ("kek", &self.kek),
        ] {
            let _ = writeln!(text, "{name:<10} {value}");
        }
        let _ = writeln!(
            text,
            "generation {}, written {}",
            self.generation, self.written_at
        );
        text.push('\n');
        text.push_str(&timeline::draw(ring, now, width(), pens()));
        text.push('\n');
        for key in ring.keys() {
            let standing = ring.standing(key.id(), now);
            if is_in_use(standing) {
                let _ = writeln!(text, "{}  {}", key.id(), self.in_words(key, standing));
            }
        }
        text.push('\n');
        for next in &self.next {
            let within = format!("in {}", Span(next.in_seconds));
            let _ = writeln!(
                text,
                "{:<13} {}  {} {}",
                within, next.at, next.key, next.what
            );
        }
        if self.rotation_overdue
            && let Some(due) = &self.rotation_due_at
        {
            let _ = writeln!(
                text,
                "the rotation has been due since {due}: no node rotates the ring\n\
                 hint: run `privyseal ring rotate`, or see why the nodes that should do not"
            );
        }
        text
    }

    fn in_words(&self, key: &KeyRecord, standing: Standing) -> String {
        let until = |end: Option<Timestamp>| match end {
            Some(end) => format!("until {}", rfc3339(end)),
            None => "until it is rotated".to_owned(),
        };
        match standing {
            Standing::Signs => format!("signs {}", until(key.sign_until())),
            Standing::Verifies => format!("verifies {}", until(key.verify_until())),
            Standing::Suspended => "is suspended: resume or revoke it".to_owned(),
            _ => match (key.sign_from(), &self.standby) {
                (Some(from), _) => format!("signs from {}", rfc3339(from)),
                (None, Some(standby)) if !standby.ready => {
                    format!(
                        "stands by, and is known to every node at {}",
                        standby.ready_at
                    )
                }
                _ => "stands by, known to every node".to_owned(),
            },
        }
    }
}

/// What comes by time alone or by the hand of a rotator, the soonest first.
fn next(ring: &Ring, now: Timestamp) -> Vec<Next> {
    let primary = ring.primary();
    let flip = primary.sign_from();
    let mut events: Vec<(Timestamp, &KeyRecord, &'static str)> = Vec::new();
    events.extend(flip.map(|at| (at, primary, "signs")));
    if let Some(standby) = ring.standby() {
        let due = rotation_due(ring);
        events.extend(due.map(|at| (at, standby, "is due to take over")));
    }
    for key in ring.keys() {
        let hold = ring.policy().hold;
        let end = match key.state() {
            KeyState::VerifyOnly => key.verify_until(),
            KeyState::Revoked => Some(key.state_since()),
            _ => None,
        };
        if key.state() == KeyState::VerifyOnly {
            events.extend(end.map(|at| (at, key, "expires")));
        }
        events.extend(end.map(|end| (end.plus_seconds(hold), key, "may be destroyed")));
    }
    events.retain(|(at, ..)| *at > now);
    events.sort_by_key(|(at, ..)| *at);
    let events = events.into_iter().map(|(at, key, what)| Next {
        at: rfc3339(at),
        in_seconds: at.seconds_since(now).unwrap_or_default(),
        key: key.id().to_string(),
        what,
    });
    events.collect()
}

/// Lines where a terminal has them, and letters everywhere else.
fn pens() -> Pens {
    let is_plain = AutoStream::choice(&stdout()) == ColorChoice::Never;
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var_os(name).filter(|value| !value.is_empty()));
    let locale = locale.map(|locale| locale.to_string_lossy().to_uppercase());
    let is_utf8 = locale.is_some_and(|it| it.contains("UTF-8") || it.contains("UTF8"));
    if is_utf8 && !is_plain { UNICODE } else { ASCII }
}

/// The columns of the terminal; 80 where there is none.
fn width() -> usize {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(stdout());
        if let Ok(size) = size
            && size.ws_col > 0
        {
            return usize::from(size.ws_col).min(WIDEST);
        }
    }
    80
}

/// A line that is longer than this says no more.
const WIDEST: usize = 160;
