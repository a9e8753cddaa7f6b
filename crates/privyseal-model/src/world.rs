//! One state of everything.

use crate::stage::is_past_grace;
use crate::visit::{Answer, Commit, Content, Cookie, Effect, Kept, SecretNo, Seen, Visit};

/// How much is explored.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests of the browser, of which any number may be under way at once.
    pub requests: u8,
    /// Requests of somebody who has a copy of any cookie that the browser ever had.
    pub thefts: u8,
    /// How often time passes: one tick is within the grace of a renewal, two are not.
    pub ticks: u8,
    /// Calls of the store of which the caller hears nothing.
    pub silences: u8,
}

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// What time it is.
    pub now: u8,
    /// What the store holds.
    pub kept: Kept,
    /// A call that its caller gave up, on its way to the store.
    pub late: Option<Late>,
    /// How many more calls nothing will be heard of.
    pub silences: u8,
    /// The browser's cookie.
    pub browser: Cookie,
    /// The requests of the browser, and then of the thief.
    pub requests: Vec<Phase>,
    /// What happened, as far as the properties ask.
    pub history: History,
}

/// A call that reaches the store when its caller has given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Late {
    pub(crate) who: u8,
    pub(crate) secret: SecretNo,
    pub(crate) commit: Option<Commit>,
    pub(crate) before: Kept,
    pub(crate) effect: Effect,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It was not sent.
    Unsent,
    /// It is on its way, with this cookie.
    Sent(SecretNo),
    /// It calls the store.
    Calls(Visit),
    /// Its handler has the session.
    Handled(Visit, Seen),
    /// Its response is on its way.
    Answers {
        /// What it did to the session.
        commit: Option<Commit>,
        /// What it says.
        answer: Answer,
        /// What was special.
        note: Note,
    },
    /// Over.
    Done,
}

/// What was special about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// Nothing.
    Plain,
    /// Its changes were made to what another had written.
    Merged,
    /// Another had renewed the secret that it was to renew.
    RenewalRaced,
    /// The session had ended before it could write.
    Dropped,
    /// Its secret had lost the session to a sign-in before it could write.
    Refused,
}

/// What the properties ask about the past.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History {
    /// The secret that opens the session.
    pub(crate) current: SecretNo,
    /// How many secrets were made.
    pub(crate) made: SecretNo,
    /// When each secret before was replaced.
    pub(crate) replaced_at: Vec<Option<u8>>,
    /// The secret of the last sign-in.
    pub(crate) signed_in: Option<SecretNo>,
    /// Which secrets have a successor, as bits.
    pub(crate) have_successor: u8,
    /// Which secrets the browser ever had, as bits.
    pub(crate) held: u8,
    /// What the session should hold.
    pub(crate) expected: Content,
    /// Somebody ended the session.
    pub(crate) ended: bool,
    /// The browser lost the answer to a sign-in, or an answer from before it came after it: it has
    /// to sign in again, and nothing is to be done about that.
    pub(crate) is_excused: bool,
    /// What went wrong, as bits of [`Flaw`].
    pub(crate) flaws: u8,
}

/// What may not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flaw {
    /// The session was opened or written after its end.
    LivesOn = 1,
    /// A write was acknowledged and not made.
    NotWritten = 1 << 1,
    /// A secret has two successors.
    TwoSuccessors = 1 << 2,
    /// A secret from before a sign-in got what is the user's.
    Fixated = 1 << 3,
    /// An old secret was used after its grace, and the session lives.
    TheftMissed = 1 << 4,
    /// A server error changed the session.
    ErrorSaved = 1 << 5,
    /// An end was acknowledged and not made.
    NotEnded = 1 << 6,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            current: 0,
            made: 1,
            replaced_at: vec![None],
            signed_in: None,
            have_successor: 0,
            held: 1,
            expected: Content::default(),
            ended: false,
            is_excused: false,
            flaws: 0,
        }
    }

    pub(crate) fn add_flaw(&mut self, flaw: Flaw, is_there: bool) {
        if is_there {
            self.flaws |= flaw as u8;
        }
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaws & flaw as u8 != 0
    }

    /// Whether the secret is older than the last sign-in.
    pub(crate) fn is_from_before_sign_in(&self, secret: SecretNo) -> bool {
        self.signed_in.is_some_and(|signed_in| secret < signed_in)
    }

    /// Whether the secret was replaced so long ago that only a copy can bring it.
    pub(crate) fn is_stale(&self, secret: SecretNo, now: u8) -> bool {
        let replaced_at = self.replaced_at.get(usize::from(secret)).copied().flatten();
        replaced_at.is_some_and(|at| is_past_grace(at, now))
    }
}
