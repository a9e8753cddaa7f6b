//! The explanation of one token.

use std::fmt;

use crate::inspect::content::UnverifiedContent;
use crate::inspect::when::{Distance, Utc};
use crate::inspect::{Context, Finding, Format};
use crate::keyring::{OffDuty, RingKey};
use crate::{KeyId, KeyRing, Timestamp};

/// What there is to know about a token.
///
/// It prints as text for a human, whose first line says whether the rest may be believed.
#[derive(Clone, Debug)]
pub struct Report {
    format: Format,
    now: Timestamp,
    pub(super) parts: Vec<Part>,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) named_key: Option<KeyId>,
    pub(super) key: Option<KeyMatch>,
    pub(super) content: Option<UnverifiedContent>,
    findings: Vec<Finding>,
}

/// A part of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, such as `signature`.
    pub name: &'static str,
    /// Its length as it stands in the token; for a sealed token or a reference, in decoded bytes.
    pub length: usize,
    /// What it is.
    pub meaning: String,
}

/// The key that made a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMatch {
    /// Its name.
    pub id: KeyId,
    /// Its place in the ring, from 0; the primary is the first.
    pub position: usize,
    /// How the signing key was made from it.
    pub settings: String,
}

impl Report {
    pub(super) fn new(format: Format, now: Timestamp) -> Self {
        Self {
            format,
            now,
            parts: Vec::new(),
            issued_at: None,
            named_key: None,
            key: None,
            content: None,
            findings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn part(&mut self, name: &'static str, length: usize, meaning: impl Into<String>) {
        self.parts.push(Part {
            name,
            length,
            meaning: meaning.into(),
        });
    }

    /// A key of the ring made the token.
    pub(super) fn made_by(&mut self, key: KeyMatch, context: &Context<'_>) {
        let primary = context.ring.and_then(KeyRing::primary);
        if primary.is_some_and(|primary| primary.id() != key.id) {
            self.add(Finding::OldKey);
        }
        self.key = Some(key);
    }

    /// The age against the maximum, as every opener checks it.
    pub(super) fn check_age(&mut self, issued_at: Timestamp, context: &Context<'_>) {
        self.issued_at = Some(issued_at);
        match (context.now.seconds_since(issued_at), context.max_age) {
            (None, max_age) => self.add(Finding::FromTheFuture {
                seconds: issued_at.seconds_since(context.now).unwrap_or_default(),
                refused: max_age.is_some(),
            }),
            (Some(age), Some(max_age)) if age > max_age.seconds() => self.add(Finding::Expired {
                seconds: age - max_age.seconds(),
            }),
            (Some(_), Some(_)) => {}
            (Some(_), None) => self.add(Finding::AgeNotChecked),
        }
    }

    /// Whether a key of the ring made the token and nothing speaks against it: its age, if a
    /// maximum was given, and its payload included.
    pub fn is_verified(&self) -> bool {
        self.key.is_some() && !self.findings.iter().any(Finding::refuses)
    }

    /// What the token is, as far as its text tells.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The parts in the order of the token.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// When the token says it was made; true only if a key [made it](Self::key).
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// The same in RFC 3339.
    pub fn issued_at_utc(&self) -> Option<String> {
        self.issued_at.map(|at| Utc(at).to_string())
    }

    /// The key that the token names, whether or not it made it.
    pub fn unverified_key_id(&self) -> Option<KeyId> {
        self.named_key
    }

    /// The key of the ring that made the token, even if it is refused for another reason.
    pub fn key(&self) -> Option<&KeyMatch> {
        self.key.as_ref()
    }

    /// What the token holds: the payload of signed tokens, of sealed ones only what a key opened.
    pub fn content(&self) -> Option<&UnverifiedContent> {
        self.content.as_ref()
    }

    /// What there is to say about it, the gravest not necessarily first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The key of the ring that the token names and its place there; why there is none that verifies
    /// is noted.
    pub(super) fn find_named_key<'r>(&mut self, ring: &'r KeyRing) -> Option<(usize, &'r RingKey)> {
        let id = self.named_key?;
        let found = ring.keys().enumerate().find(|(_, key)| key.id() == id);
        if found.is_none() {
            self.add(match ring.off_duty(id) {
                Some(OffDuty::Suspended) => Finding::SuspendedKey { id },
                Some(OffDuty::Locked) => Finding::LockedKey { id },
                Some(OffDuty::Revoked) => Finding::RevokedKey { id },
                Some(OffDuty::Expired) => Finding::ExpiredKey { id },
                None => Finding::UnknownKey { id },
            });
            if ring.off_duty(id).is_none() && ring.is_stale() {
                self.add(Finding::KeysOutOfReach);
            }
        }
        found
    }

    /// The first line.
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(key) = &self.key else {
            return f.write_str("NOT VERIFIED: nothing below is to be trusted");
        };
        if self.is_verified() {
            write!(f, "VERIFIED: made by key {}", key.id)
        } else {
            write!(
                f,
                "NOT VERIFIED: nothing below is to be trusted; made by key {}, but refused",
                key.id
            )
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        write!(f, "\nformat     {}", self.format)?;
        for part in &self.parts {
            write!(f, "\n{:<10} {}", part.name, part.meaning)?;
        }
        if let Some(at) = self.issued_at {
            let distance = Distance {
                then: at,
                now: self.now,
            };
            write!(f, "\nissued     {}, {distance}", Utc(at))?;
        }
        match (&self.key, self.format.key_needed()) {
            (Some(key), _) => write!(
                f,
                "\nkey        {}, number {} in the ring, {}",
                key.id,
                key.position + 1,
                key.settings
            )?,
            (None, Some(needed)) => write!(f, "\nkey        needs {needed}")?,
            (None, None) => {}
        }
        if let Some(content) = &self.content {
            write!(f, "\ncontent    {content}")?;
        }
        self.findings
            .iter()
            .try_for_each(|finding| write!(f, "\n- {finding}"))
    }
}
