//! One request: what it brings, what it does, what it is told, and what it answers.

/// A secret, by the order in which the secrets of the session were made.
pub type SecretNo = u8;

/// A row, by the order in which the model met it.
pub type RowNo = u16;

/// What a handler does with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Reads.
    Read,
    /// Sets a key that all requests set, and one of its own, and counts up.
    Write,
    /// Asks for a new secret.
    Renew,
    /// Signs a user in.
    SignIn,
    /// Signs the user out.
    End,
}

/// How the handler's part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    /// What the handler did.
    pub deed: Deed,
    /// The response is a server error.
    pub fails: bool,
    /// When.
    pub at: u8,
}

/// What the store said to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// To `load`: this row.
    Live(RowNo),
    /// To `load`: a tombstone.
    Ended,
    /// To `update`: it is written.
    Done,
    /// To `update`: it is not, and this is the row.
    Conflict(RowNo),
    /// To `update`: the session ended.
    Gone,
    /// To `end`.
    NowEnded,
    /// To `create`: another session is there now.
    Created,
    /// Nothing by the deadline.
    Silence,
}

/// A request as far as it has come: run again from its start with the same replies, it comes to
/// the same point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Visit {
    /// Which request it is.
    pub who: u8,
    /// The secret in its cookie.
    pub secret: SecretNo,
    /// When its session was loaded.
    pub opened_at: u8,
    /// What the handler did, once it has.
    pub commit: Option<Commit>,
    /// What the store said so far.
    pub replies: Vec<Reply>,
}

impl Visit {
    /// A request that is about to load its session.
    pub fn new(who: u8, secret: SecretNo, opened_at: u8) -> Self {
        Self {
            who,
            secret,
            opened_at,
            commit: None,
            replies: Vec::new(),
        }
    }

    /// The row that the request knows.
    pub fn basis(&self) -> Option<RowNo> {
        self.replies.iter().rev().find_map(|reply| match reply {
            Reply::Live(row) | Reply::Conflict(row) => Some(*row),
            _ => None,
        })
    }

    /// Whether another request came between.
    pub fn met_conflict(&self) -> bool {
        let mut replies = self.replies.iter();
        replies.any(|reply| matches!(reply, Reply::Conflict(_)))
    }
}

/// What the application keeps in the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Content {
    /// The key that all requests set: who was last, counted from one.
    pub shared: u8,
    /// The keys that one request each sets, as bits.
    pub own: u8,
    /// The counter.
    pub hits: u8,
}

impl Content {
    /// The content after a write of this request.
    #[must_use]
    pub fn written_by(self, who: u8) -> Self {
        Self {
            shared: who + 1,
            own: self.own | 1 << who,
            hits: self.hits + 1,
        }
    }
}

/// What the handler was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The session, and not a new one.
    pub is_live: bool,
    /// A user is signed in.
    pub has_rights: bool,
    /// What was in it.
    pub content: Content,
}

/// What a browser holds, or is told to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cookie {
    /// No cookie.
    None,
    /// The session's, with this secret.
    Secret(SecretNo),
    /// One of another session.
    OfAnother,
}

/// What the response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// It is a server error.
    pub is_error: bool,
    /// What the browser is to hold from now on; `None` when nothing is said.
    pub cookie: Option<Cookie>,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It calls the store.
    Calls,
    /// Its handler has the session.
    Opened(Seen),
    /// It is answered.
    Answered(Answer),
}

/// What a call did to the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing.
    None,
    /// It was replaced.
    Wrote {
        /// By this one,
        row: RowNo,
        /// under this new secret,
        fresh: Option<SecretNo>,
        /// which comes after this one.
        replaces: Option<SecretNo>,
    },
    /// The session ended.
    Ended,
}

/// What the store holds of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// A row.
    Live(RowNo),
    /// A tombstone.
    Ended,
}

/// What the store does with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// It holds this, and does as it is told.
    Answers(Kept),
    /// The caller hears nothing.
    Silent,
}

/// One step of a request: to its next call, or to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// What the store said, if it was called.
    pub reply: Option<Reply>,
    /// What that did.
    pub effect: Effect,
    /// Where the request is now.
    pub progress: Progress,
}
