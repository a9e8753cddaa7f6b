//! What changed from one generation of a ring to the next.

use privyseal::ring::{KeyRecord, KeyState, Origin, Ring, RingPolicy};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::output::visible;
use crate::span::Span;

/// One change, of a key or of the ring as a whole.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    pub(super) what: String,
}

impl Change {
    /// One line, for people.
    pub(super) fn to_text(&self) -> String {
        match &self.key {
            Some(key) => format!("  {key}  {}\n", self.what),
            None => format!("  {}\n", self.what),
        }
    }
}

/// All changes; of the first generation, everything is new.
pub(super) fn changes(before: Option<&Ring>, after: &Ring) -> Vec<Change> {
    let mut changes = Vec::new();
    for key in after.keys() {
        let what = match before.and_then(|ring| ring.key(key.id())) {
            None => added(key),
            Some(old) => altered(old, key),
        };
        if !what.is_empty() {
            changes.push(of_key(key.id().to_string(), what.join(", ")));
        }
    }
    let Some(before) = before else {
        return changes;
    };
    for key in before.keys() {
        if after.key(key.id()).is_none() {
            changes.push(of_key(key.id().to_string(), "destroyed".to_owned()));
        }
    }
    let rewrapped = after.keys().iter().filter(|key| {
        let old = before.key(key.id());
        old.is_some_and(|old| old.material() != key.material())
    });
    match rewrapped.count() {
        0 => {}
        1 => changes.push(of_ring("1 key is wrapped anew".to_owned())),
        count => changes.push(of_ring(format!("{count} keys are wrapped anew"))),
    }
    for ((name, old), (_, new)) in figures(before.policy())
        .into_iter()
        .zip(figures(after.policy()))
    {
        if old != new {
            changes.push(of_ring(format!("{name}: {} -> {}", Span(old), Span(new))));
        }
    }
    changes
}

fn of_key(key: String, what: String) -> Change {
    Change {
        key: Some(key),
        what,
    }
}

fn of_ring(what: String) -> Change {
    Change { key: None, what }
}

fn added(key: &KeyRecord) -> Vec<String> {
    let how = match key.origin() {
        Origin::Generated => "new",
        Origin::Imported => "imported",
    };
    let mut what = vec![format!("{how}, {}", word(key.state()))];
    what.extend(
        key.sign_from()
            .map(|at| format!("signs from {}", rfc3339(at))),
    );
    what.extend(
        key.verify_until()
            .map(|at| format!("verifies until {}", rfc3339(at))),
    );
    what
}

fn altered(old: &KeyRecord, new: &KeyRecord) -> Vec<String> {
    let mut what = Vec::new();
    if old.state() != new.state() {
        what.push(format!("{} -> {}", word(old.state()), word(new.state())));
    }
    for (name, old, new) in [
        ("signs from", old.sign_from(), new.sign_from()),
        ("signs until", old.sign_until(), new.sign_until()),
        ("verifies until", old.verify_until(), new.verify_until()),
    ] {
        if let Some(at) = new.filter(|_| old != new) {
            what.push(format!("{name} {}", rfc3339(at)));
        }
    }
    if old.note() != new.note() {
        what.push(format!("note: {}", visible(new.note().as_str())));
    }
    what
}

/// The state of a key in one word.
pub(super) fn word(state: KeyState) -> &'static str {
    match state {
        KeyState::Staged => "standby",
        KeyState::Primary => "primary",
        KeyState::VerifyOnly => "verify-only",
        KeyState::Suspended(_) => "suspended",
        KeyState::Revoked => "revoked",
    }
}

/// The figures of a policy, by the names of their flags.
pub(super) fn figures(policy: &RingPolicy) -> [(&'static str, u64); 8] {
    [
        ("activation", policy.activation),
        ("period", policy.period),
        ("token-life", policy.token_life),
        ("hold", policy.hold),
        ("poll", policy.poll),
        ("lease", policy.lease),
        ("skew", policy.skew),
        ("propagation", policy.propagation),
    ]
}

/// The same for programs, by the names of fields.
pub(super) fn policy_seconds(policy: &RingPolicy) -> serde_json::Map<String, serde_json::Value> {
    let figures = figures(policy).into_iter();
    figures
        .map(|(name, value)| (name.replace('-', "_"), value.into()))
        .collect()
}
