//! What a session says about itself, beside what the application keeps in it.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal::value::{Dict, Value};

use crate::store::Subject;

/// The facts about a session that outlive a request and are not the application's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Whose session it is, once somebody signed in.
    pub(crate) subject: Option<Subject>,
    /// When that was, or when it was confirmed last.
    pub(crate) signed_in_at: Option<Timestamp>,
    /// How strongly, in levels that the application defines.
    pub(crate) level: u8,
    /// What its user reads in the list of sessions.
    pub(crate) label: Option<String>,
    /// The longer timeouts hold: "remember me".
    pub(crate) remembered: bool,
    /// The session is kept even if nothing is in it, because something was bound to it.
    pub(crate) kept: bool,
    /// Raised by whatever gives the session more rights, so that what was bound to it before is
    /// worth nothing.
    pub(crate) generation: u32,
    /// How often a session in a cookie was renewed, which tells its cookies apart. In a store there are
    /// secrets for that, and nobody looks at it.
    pub(crate) renewals: u32,
    /// The session of which this one is a part that moved into the store by itself; it ends with that.
    pub(crate) branch_of: Option<SessionId>,
}

impl Meta {
    /// The facts as a dictionary, without those that are as they are at first.
    pub(crate) fn to_dict(&self) -> Dict {
        let mut dict = Dict::new();
        if let Some(subject) = &self.subject {
            dict.insert(SUBJECT, subject.as_str());
        }
        if let Some(time) = self.signed_in_at {
            dict.insert(SIGNED_IN_AT, number(time.unix_seconds()));
        }
        if self.level > 0 {
            dict.insert(LEVEL, i64::from(self.level));
        }
        if let Some(label) = &self.label {
            dict.insert(LABEL, label.as_str());
        }
        if self.remembered {
            dict.insert(REMEMBERED, true);
        }
        if self.kept {
            dict.insert(KEPT, true);
        }
        if self.generation > 0 {
            dict.insert(GENERATION, i64::from(self.generation));
        }
        if self.renewals > 0 {
            dict.insert(RENEWALS, i64::from(self.renewals));
        }
        if let Some(id) = self.branch_of {
            dict.insert(BRANCH_OF, Value::Bytes(id.as_bytes().to_vec()));
        }
        dict
    }

    /// The same, read back. It is authentic, so what is not there was not written.
    pub(crate) fn from_dict(dict: &Dict) -> Self {
        let integer = |key| dict.get(key).and_then(Value::as_i64);
        let flag = |key| dict.get(key).and_then(Value::as_bool).unwrap_or_default();
        let text = |key| dict.get(key).and_then(Value::as_str);
        let count = |key| {
            integer(key)
                .and_then(|count| count.try_into().ok())
                .unwrap_or_default()
        };
        Self {
            subject: text(SUBJECT).and_then(|subject| Subject::new(subject).ok()),
            signed_in_at: integer(SIGNED_IN_AT)
                .and_then(|time| u64::try_from(time).ok())
                .map(Timestamp::from_unix_seconds),
            level: integer(LEVEL)
                .and_then(|level| level.try_into().ok())
                .unwrap_or_default(),
            label: text(LABEL).map(str::to_owned),
            remembered: flag(REMEMBERED),
            kept: flag(KEPT),
            generation: count(GENERATION),
            renewals: count(RENEWALS),
            branch_of: dict.get(BRANCH_OF).and_then(session_id),
        }
    }

    /// Our changes since `loaded`, made to what another request has left.
    pub(crate) fn rebased(&self, loaded: &Self, current: Self) -> Self {
        fn ours<T: Clone + PartialEq>(ours: &T, loaded: &T, current: T) -> T {
            if ours == loaded {
                current
            } else {
                ours.clone()
            }
        }
        Self {
            subject: ours(&self.subject, &loaded.subject, current.subject),
            signed_in_at: ours(
                &self.signed_in_at,
                &loaded.signed_in_at,
                current.signed_in_at,
            ),
            level: ours(&self.level, &loaded.level, current.level),
            label: ours(&self.label, &loaded.label, current.label),
            remembered: ours(&self.remembered, &loaded.remembered, current.remembered),
            kept: self.kept || current.kept,
            // Both may have raised it.
            generation: if self.generation == loaded.generation {
                current.generation
            } else {
                current.generation.saturating_add(1)
            },
            renewals: current.renewals,
            branch_of: current.branch_of,
        }
    }
}

/// An id as a session keeps it.
pub(crate) fn session_id(value: &Value) -> Option<SessionId> {
    match value {
        Value::Bytes(id) => id.as_slice().try_into().ok().map(SessionId::from_bytes),
        _ => None,
    }
}

pub(crate) fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

const SUBJECT: &str = "s";
const SIGNED_IN_AT: &str = "a";
const LEVEL: &str = "l";
const LABEL: &str = "n";
const REMEMBERED: &str = "r";
const KEPT: &str = "k";
const GENERATION: &str = "g";
const RENEWALS: &str = "w";
const BRANCH_OF: &str = "b";

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Meta {
        Meta {
            subject: Some(Subject::new("ada").unwrap()),
            signed_in_at: Some(Timestamp::from_unix_seconds(7)),
            level: 2,
            label: Some("Firefox".to_owned()),
            remembered: true,
            kept: true,
            generation: 3,
            renewals: 4,
            branch_of: Some(SessionId::from_bytes([5; 16])),
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_not_is_the_default() {
        assert_eq!(Meta::from_dict(&full().to_dict()), full());
        assert!(Meta::default().to_dict().is_empty());
        assert_eq!(Meta::from_dict(&Dict::new()), Meta::default());
    }

    #[test]
    fn only_what_we_changed_replaces_what_another_request_left() {
        let loaded = Meta::default();
        let ours = Meta {
            label: Some("Phone".to_owned()),
            generation: 1,
            ..loaded.clone()
        };
        let rebased = ours.rebased(&loaded, full());
        let expected = Meta {
            label: Some("Phone".to_owned()),
            generation: 4,
            ..full()
        };
        assert_eq!(rebased, expected);
        assert_eq!(loaded.rebased(&loaded, full()), full());
    }
}
