//! A session while a request is served.

use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal::value::{Dict, Value};

use crate::cookie::Came;
use crate::merge::{Additions, Defaults};
use crate::meta::Meta;
use crate::store::Subject;
use crate::stored::Origin;

/// What a cookie held, and what the request has done with it.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact, and they combine freely"
)]
pub(crate) struct Record {
    /// Names the session to the server, for as long as it lives.
    pub(crate) id: Option<SessionId>,
    pub(crate) created_at: Timestamp,
    /// When the cookie was made; `None` when the session came without a valid one.
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) data: Data,
    pub(crate) meta: Meta,
    /// What a store held; `None` for a session in a cookie, and for a new one.
    pub(crate) origin: Option<Origin>,
    /// What was added to counters, so that it is added to what they are when it is saved.
    pub(crate) additions: Additions,
    /// What was filled in by default, so that it takes the place of nothing when it is saved.
    pub(crate) defaults: Defaults,
    /// What opens the session is to be replaced.
    pub(crate) renewal: Option<Renewal>,
    /// The handler signed a user in.
    pub(crate) signed_in: bool,
    /// How often the handler signed somebody in to the session of another user.
    pub(crate) emptied: u32,
    /// The MAC of a cookie that has no id to be revoked by.
    pub(crate) mac: Option<Vec<u8>>,
    /// What it was revoked by or not when it was opened; `None` without a log of revocations.
    pub(crate) as_opened: Option<Box<AsOpened>>,
    /// Which cookies of ours the request brought.
    pub(crate) came: Came,
    /// The cookie is from just before it was replaced: another response brings the browser its new
    /// cookie, which this one must not replace.
    pub(crate) retired: bool,
    /// The session that the cookie names, in whose place this one is because its row cannot be
    /// read. Who signs out ends it as well.
    pub(crate) unreadable: Option<SessionId>,
    /// The store could not be asked: what is here must not be saved.
    pub(crate) degraded: bool,
    /// The cookie was made under a key that no longer signs.
    pub(crate) needs_reissue: bool,
    /// The session is to be saved.
    pub(crate) modified: bool,
    /// The handler wrote into the session, which needs a key even if nothing is left to save.
    pub(crate) written: bool,
    /// The handler ended the session.
    pub(crate) ended: bool,
}

impl Record {
    /// A session that begins now.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            id: None,
            created_at: now,
            issued_at: None,
            data: Data::default(),
            meta: Meta::default(),
            origin: None,
            additions: Additions::default(),
            defaults: Defaults::default(),
            renewal: None,
            signed_in: false,
            emptied: 0,
            mac: None,
            as_opened: None,
            came: Came::default(),
            retired: false,
            unreadable: None,
            degraded: false,
            needs_reissue: false,
            modified: false,
            written: false,
            ended: false,
        }
    }

    /// Whether the session is that of another user than this one.
    pub(crate) fn is_anothers(&self, subject: &Subject) -> bool {
        self.meta
            .subject
            .as_ref()
            .is_some_and(|user| user != subject)
    }

    /// Forgets what the user left who had the session until now. The sign-in of the next one sets
    /// the rest.
    pub(crate) fn empty(&mut self) {
        self.data = Data::default();
        self.meta.label = None;
        self.meta.remembered = false;
        self.emptied = self.emptied.saturating_add(1);
    }

    /// The session has more rights from now on, which must not come to who had it before.
    pub(crate) fn gain_rights(&mut self) {
        self.renewal = Some(Renewal::MoreRights);
        self.meta.generation = self.meta.generation.saturating_add(1);
        self.modified = true;
    }

    /// Whether there is nothing to keep.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.dict().is_empty() && self.meta.subject.is_none() && !self.meta.kept
    }

    /// What other things are bound to that hold for this session, until it gains rights.
    ///
    /// Of one cookie that came with two requests there may be two sessions with the same id. So who
    /// is signed in is part of it: whoever planted the cookie, and signed in with it too, is given
    /// nothing that holds for the victim.
    pub(crate) fn binding(&self) -> Option<Vec<u8>> {
        let mut binding = self.id?.as_bytes().to_vec();
        binding.extend(self.meta.generation.to_be_bytes());
        if let Some(subject) = &self.meta.subject {
            binding.extend(subject.as_str().as_bytes());
        }
        Some(binding)
    }

    /// Flask's `session.permanent`.
    pub(crate) fn is_permanent(&self) -> bool {
        self.data.dict().get(PERMANENT).is_some_and(is_truthy)
    }
}

/// What a session can be revoked by, as it came with its cookie: what the handler makes of it, such
/// as a confirmation of who its user is, does not lead past a revocation.
#[derive(Debug)]
pub(crate) struct AsOpened {
    pub(crate) id: Option<SessionId>,
    pub(crate) mac: Option<Vec<u8>>,
    /// The session that it branched off, whose end is its end.
    pub(crate) branch_of: Option<SessionId>,
    /// How often it had been renewed; `None` where that does not tell cookies apart.
    pub(crate) renewals: Option<u32>,
    pub(crate) began_at: Timestamp,
    pub(crate) signed_in: Option<(Subject, Timestamp)>,
}

/// Why what opens a session is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// For safety's sake; in a store, the old leads to the new for a while.
    Routine,
    /// The session gains rights, which what opened it before must not have.
    MoreRights,
}

/// The keys and values of a session; a clone is one reference count, and a change after it makes
/// the copy that the clone did not.
#[derive(Clone, Debug)]
pub(crate) struct Data(Arc<Value>);

impl Data {
    /// The whole, as the formats write it.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    pub(crate) fn dict(&self) -> &Dict {
        match &*self.0 {
            Value::Dict(dict) => dict,
            _ => const { &Dict::new() },
        }
    }

    pub(crate) fn dict_mut(&mut self) -> &mut Dict {
        let value = Arc::make_mut(&mut self.0);
        if !matches!(value, Value::Dict(_)) {
            *value = Value::Dict(Dict::new());
        }
        match value {
            Value::Dict(dict) => dict,
            _ => unreachable!("the line above makes it a dict"),
        }
    }
}

impl From<Dict> for Data {
    fn from(dict: Dict) -> Self {
        Self(Arc::new(Value::Dict(dict)))
    }
}

impl Default for Data {
    fn default() -> Self {
        Dict::new().into()
    }
}

/// Whether Python's `bool()` of the value is true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Int(value) => *value != 0,
        Value::Float(value) => *value != 0.0,
        Value::Str(text) => text.as_str() != Some(""),
        Value::List(items) | Value::Tuple(items) => !items.is_empty(),
        Value::Dict(dict) => !dict.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        _ => true,
    }
}

/// The key under which Flask keeps whether a session outlives the browser.
pub(crate) const PERMANENT: &str = "_permanent";
