//! What the pages show of a session, its cookie and the keys.

use privyseal::formats::flask::tagged;
use privyseal::keyring::RingKey;
use privyseal::value::{DateTime, Dict, Text, Value};
use privyseal::{KeyId, KeyRing, Timestamp};
use privyseal_axum::Session;
use privyseal_session::{SessionError, SessionInfo, flash};

use super::App;
use super::cookie::Cookie;
use super::forms::Visitor;
use crate::keys::Rotation;

/// Somebody who is signed in.
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) note: Option<String>,
    pub(super) created_at: String,
    /// For the forms; empty where there is none.
    pub(super) csrf_token: String,
    /// No key signs now, so that the session can be read and not be changed.
    pub(super) is_read_only: bool,
    /// What the last request had to say.
    pub(super) messages: Vec<String>,
    /// All sessions of the same user; `None` where nobody has a list of them.
    pub(super) sessions: Option<Vec<SessionRow>>,
    /// The session as the server has it, whatever its type.
    pub(super) values: Vec<ValueRow>,
    pub(super) cookie: Cookie,
    pub(super) keys: Vec<KeyRow>,
    pub(super) rotation: Rotation,
    /// When the next key signs, if that is set; else empty.
    pub(super) takes_over_at: String,
    /// The key that verified the cookie does not sign any more.
    pub(super) is_old: bool,
}

impl SignedIn {
    /// `None` when nobody is.
    pub(super) async fn new(
        app: &App,
        cookie: Option<Cookie>,
        visitor: &mut Session<Visitor>,
        values: &Session,
    ) -> Result<Option<Self>, SessionError> {
        let (Some(cookie), Some(name)) = (cookie, visitor.name.clone()) else {
            return Ok(None);
        };
        let ring = app.keys.ring();
        let key = cookie.key(&ring);
        let signing = ring.primary().map(RingKey::id);
        let rotation = app.keys.rotation();
        let csrf_token = form_token(app, visitor)?;
        Ok(Some(Self {
            name,
            note: visitor.note.clone(),
            created_at: date(visitor.created_at()),
            csrf_token,
            is_read_only: signing.is_none(),
            messages: visitor
                .take_flashes()
                .into_iter()
                .map(|flash| flash.message)
                .collect(),
            sessions: SessionRow::all(app, visitor).await?,
            values: rows(values),
            keys: KeyRow::all(&ring, key),
            rotation,
            takes_over_at: match rotation {
                Rotation::Pending(at) => date(at),
                _ => String::new(),
            },
            is_old: signing.is_some() && key != signing,
            cookie,
        }))
    }

    /// How many others of their sessions there are.
    pub(super) fn others(&self) -> usize {
        let sessions = self.sessions.iter().flatten();
        sessions.filter(|session| !session.is_this).count()
    }
}

fn form_token(app: &App, visitor: &mut Session<Visitor>) -> Result<String, SessionError> {
    if !app.mode.has_csrf_token() {
        return Ok(String::new());
    }
    match visitor.csrf_token() {
        // The page is there to be read all the same; what its forms send is refused.
        Err(SessionError::Unavailable { .. }) => Ok(String::new()),
        token => token,
    }
}

/// A session in the list of the user's.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) began: String,
    pub(super) last_seen: String,
    /// The one that the page is shown in.
    pub(super) is_this: bool,
}

impl SessionRow {
    async fn all(app: &App, visitor: &Session<Visitor>) -> Result<Option<Vec<Self>>, SessionError> {
        let Some(subject) = visitor.subject().filter(|_| app.mode.is_stored()) else {
            return Ok(None);
        };
        let this = visitor.id();
        let row = |session: SessionInfo| Self {
            id: session.id.to_string(),
            label: session.label.unwrap_or_default(),
            began: date(session.created_at),
            last_seen: date(session.last_seen),
            is_this: Some(session.id) == this,
        };
        let sessions = app.engine.sessions_of(&subject).await?;
        Ok(Some(sessions.into_iter().map(row).collect()))
    }
}

/// A value in a session.
#[derive(Debug)]
pub(super) struct ValueRow {
    pub(super) key: String,
    pub(super) kind: &'static str,
    pub(super) json: String,
}

fn rows(values: &Dict) -> Vec<ValueRow> {
    let mut values = values.clone();
    // The page shows these, and then they are gone.
    flash::take(&mut values);
    let row = |(key, value): (&Text, &Value)| ValueRow {
        key: key.to_string_lossy().into_owned(),
        kind: value.type_name(),
        json: tagged::dumps(value, true)
            .ok()
            .and_then(|json| String::from_utf8(json).ok())
            .unwrap_or_default(),
    };
    values.iter().map(row).collect()
}

/// A key of the ring.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) id: KeyId,
    pub(super) signs: bool,
    pub(super) verifications: u64,
    /// It made the cookie at hand.
    pub(super) made_cookie: bool,
}

impl KeyRow {
    fn all(ring: &KeyRing, maker: Option<KeyId>) -> Vec<Self> {
        let signing = ring.primary().map(RingKey::id);
        let row = |key: &RingKey| Self {
            id: key.id(),
            signs: Some(key.id()) == signing,
            verifications: key.verifications(),
            made_cookie: Some(key.id()) == maker,
        };
        ring.keys().map(row).collect()
    }
}

/// A time for people, in the one zone that server and browser agree on without a script.
pub(super) fn date(time: Timestamp) -> String {
    i64::try_from(time.unix_seconds())
        .ok()
        .and_then(DateTime::from_unix_seconds)
        .map_or_else(
            || time.to_string(),
            |date| date.to_string().replace("GMT", "UTC"),
        )
}
