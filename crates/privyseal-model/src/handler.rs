//! The application: what its handlers do with the session, and what its responses carry.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::SET_COOKIE;
use privyseal_session::Session;

use crate::rows::user;
use crate::visit::{Content, Deed, Seen};

/// What the application keeps in a session.
pub(crate) type Values = BTreeMap<String, i64>;

/// How far one run came.
pub(crate) enum Came {
    Opened(Seen),
    Answered(HeaderMap),
    Failed,
}

/// The handler's part.
pub(crate) fn act(session: &mut Session<Values>, deed: Deed, who: u8) {
    match deed {
        Deed::Read => {}
        Deed::Write => {
            session.insert(SHARED.to_owned(), i64::from(who) + 1);
            session.insert(format!("{OWN}{who}"), 1);
            session.add(HITS, 1).expect("it is a counter");
        }
        Deed::Renew => session.renew(),
        Deed::SignIn => session.sign_in(user()),
        Deed::End => session.end(),
    }
}

/// What the handler finds.
pub(crate) fn content(session: &Session<Values>) -> Content {
    let value = |key: &str| {
        session
            .get(key)
            .map_or(0, |value| u8::try_from(*value).unwrap_or(u8::MAX))
    };
    let own = (0..8).filter(|who| session.contains_key(&format!("{OWN}{who}")));
    Content {
        shared: value(SHARED),
        own: own.fold(0, |bits, who| bits | 1 << who),
        hits: value(HITS),
    }
}

/// The value of the cookie that a response sets.
pub(crate) fn token(response: &HeaderMap) -> Option<&str> {
    let cookie = response.get(SET_COOKIE)?.to_str().ok()?;
    let (_, rest) = cookie.split_once('=')?;
    rest.split(';').next()
}

/// The key that all requests set.
pub(crate) const SHARED: &str = "shared";
const OWN: &str = "own";
const HITS: &str = "hits";
