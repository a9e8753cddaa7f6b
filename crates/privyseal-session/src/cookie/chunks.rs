//! A session in several cookies, `name.0` to `name.7`, where one is too small for it.
//!
//! ```text
//! name.0=3~the first part    name.1=the second    name.2=the rest
//! ```
//!
//! The first says how many there are, so that a part that is missing is noticed and one that was
//! left over from a longer session is ignored. Nothing else holds them together, and nothing else
//! has to: the parts joined are one token under one MAC or seal, so those of two sessions or of two
//! moments do not make a third, however they are mixed, and no part is worth anything alone.

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderValue, SET_COOKIE};

use crate::SessionError;
use crate::cookie::read::{name_and_value, searchable};
use crate::cookie::{CookiePolicy, Lifetime, MAX_COOKIE_LEN, Reading};

impl CookiePolicy {
    /// The session cookie of a request, be it whole or in chunks. A cookie that is read as Werkzeug
    /// reads it is never in chunks: Flask knows none.
    ///
    /// Costs what [`Reading::find`] costs while the session is in one cookie.
    pub(crate) fn find_session<'h>(
        &self,
        request: &'h HeaderMap,
        chunks_allowed: bool,
    ) -> Found<'h> {
        if self.is_chunked(chunks_allowed) {
            return Pieces::gather(request, self.name()).into_found();
        }
        Found {
            value: self.reading().find(request, self.name()),
            rival: None,
            came: Came::default(),
        }
    }

    /// The `Set-Cookie` headers that put this value in place of everything that came with the
    /// request: one cookie if it fits, chunks if they are allowed, and removals of what came and
    /// is not needed any more.
    ///
    /// # Errors
    /// When the value is too large for one cookie, or for eight where chunks are allowed.
    pub(crate) fn write_session(
        &self,
        value: &str,
        lifetime: Lifetime,
        came: Came,
        chunks_allowed: bool,
    ) -> Result<SetCookies, SessionError> {
        let fits = self.name().len() + value.len() <= MAX_COOKIE_LEN;
        let (mut cookies, needed) = if fits || !self.is_chunked(chunks_allowed) {
            let cookie = self.set_cookie(value, lifetime)?;
            (SetCookies::from(cookie), Came::WHOLE)
        } else {
            self.write_chunks(value, lifetime)?
        };
        self.remove(came.without(needed), &mut cookies)?;
        Ok(cookies)
    }

    /// The `Set-Cookie` headers that remove what came with the request; where that is not known, or
    /// nothing, the one cookie of the name.
    ///
    /// # Errors
    /// When the name alone is too long for a cookie.
    pub(crate) fn remove_session(&self, came: Came) -> Result<SetCookies, SessionError> {
        let came = if came == Came::default() {
            Came::WHOLE
        } else {
            came
        };
        let mut cookies = SetCookies::default();
        self.remove(came, &mut cookies)?;
        Ok(cookies)
    }

    fn is_chunked(&self, chunks_allowed: bool) -> bool {
        chunks_allowed && self.reading() == Reading::ExactlyOne
    }

    /// The value in as few chunks as hold it, and which they are.
    fn write_chunks(
        &self,
        value: &str,
        lifetime: Lifetime,
    ) -> Result<(SetCookies, Came), SessionError> {
        let name_len = self.name().len() + SUFFIX_LEN;
        let room = MAX_COOKIE_LEN.saturating_sub(name_len);
        let count = (room > MARK_LEN).then(|| (MARK_LEN + value.len()).div_ceil(room));
        let Some((count, mut mark)) = count.and_then(|count| Some((count, mark_of(count)?))) else {
            return Err(SessionError::TooLarge {
                size: MAX_CHUNKS * name_len + MARK_LEN + value.len(),
                limit: MAX_CHUNKS * MAX_COOKIE_LEN,
            });
        };
        let mut cookies = SetCookies::default();
        let mut rest = value;
        for suffix in SUFFIXES.iter().take(count) {
            let (chunk, after) = rest
                .split_at_checked(rest.len().min(room - mark.len()))
                .ok_or(SessionError::UnsendableCookie)?;
            cookies.push(self.set_cookie_of([mark, chunk], suffix, lifetime)?);
            (rest, mark) = (after, "");
        }
        Ok((cookies, Came::chunks(count)))
    }

    fn remove(&self, unneeded: Came, cookies: &mut SetCookies) -> Result<(), SessionError> {
        for suffix in unneeded.suffixes() {
            cookies.push(self.set_cookie_of(["", ""], suffix, Lifetime::Removed)?);
        }
        Ok(())
    }
}

/// What a request brought.
pub(crate) struct Found<'h> {
    /// The token, from one cookie or from chunks; not empty, and not verified.
    pub(crate) value: Option<Cow<'h, str>>,
    /// The token in chunks where `value` is the one cookie and both came.
    rival: Option<String>,
    /// Which cookies of ours came, be it in vain.
    pub(crate) came: Came,
}

impl Found<'_> {
    /// What the request's token opens to. `identity` says which session that is, with which rights,
    /// and puts its tokens in the order in which they were made.
    ///
    /// Both `name` and `name.0` may be there, each with a token that opens. That happens to honest
    /// browsers: of two responses at one time, the first makes the session outgrow its cookie and
    /// the second writes the old cookie again; or the browser dropped a removal. It also happens
    /// when a neighbouring host plants the session of its own user beside ours, to make the victim
    /// act in it, and neither always believing `name` nor always the chunks, nor the newer, keeps
    /// that out. The session's identity does: a planter has no token of the victim's session with the
    /// victim's rights, so two of those are both ours, and the newer holds. Two that differ are like
    /// two cookies of one name: which is ours cannot be told, and neither is trusted. One that does
    /// not open is no rival, as everybody can make one.
    ///
    /// # Errors
    /// The first of `open`.
    pub(crate) fn open<T, E, I: PartialEq, O: PartialOrd>(
        &self,
        mut open: impl FnMut(&str) -> Result<Option<T>, E>,
        identity: impl Fn(&T) -> Option<(I, O)>,
    ) -> Result<Option<T>, E> {
        let Some(value) = &self.value else {
            return Ok(None);
        };
        let whole = open(value)?;
        let Some(rival) = &self.rival else {
            return Ok(whole);
        };
        match (whole, open(rival)?) {
            (Some(whole), Some(chunked)) => Ok(newer_of_one_session(whole, chunked, identity)),
            (whole, chunked) => Ok(whole.or(chunked)),
        }
    }
}

fn newer_of_one_session<T, I: PartialEq, O: PartialOrd>(
    whole: T,
    chunked: T,
    identity: impl Fn(&T) -> Option<(I, O)>,
) -> Option<T> {
    match (identity(&whole), identity(&chunked)) {
        (Some((session, made)), Some((other, other_made))) if session == other => {
            // In one second, the session that holds more.
            Some(if made > other_made { whole } else { chunked })
        }
        _ => {
            tracing::warn!("two sessions came, in one cookie and in chunks; none is trusted");
            None
        }
    }
}

/// The cookies of ours in a request, as they are: at place `n` that of `name.n`, last that of `name`.
#[derive(Default)]
struct Pieces<'h> {
    values: [Option<&'h [u8]>; MAX_CHUNKS + 1],
    came: Came,
    repeated: bool,
}

impl<'h> Pieces<'h> {
    fn gather(request: &'h HeaderMap, name: &str) -> Self {
        let mut pieces = Self::default();
        let headers = searchable(request).into_iter().flatten();
        let pairs = headers.flat_map(|header| header.split(|&byte| byte == b';'));
        for (found, value) in pairs.filter_map(name_and_value) {
            let place = match found.strip_prefix(name.as_bytes()) {
                Some([]) => MAX_CHUNKS,
                Some([b'.', digit @ b'0'..=b'7']) => usize::from(digit - b'0'),
                _ => continue,
            };
            pieces.came.0 |= 1 << place;
            if let Some(slot) = pieces.values.get_mut(place) {
                pieces.repeated |= slot.replace(value).is_some();
            }
        }
        pieces
    }

    fn into_found(self) -> Found<'h> {
        // A second cookie of any of the names means that somebody else could set one; without this,
        // doubling one chunk of ours would make room for a planted `name`.
        if self.repeated {
            tracing::warn!("several session cookies of one name; none is trusted");
            return Found {
                value: None,
                rival: None,
                came: self.came,
            };
        }
        let text = |whole| std::str::from_utf8(whole).ok();
        let whole = self.piece(MAX_CHUNKS).and_then(text);
        let whole = whole.filter(|whole| !whole.is_empty());
        let chunked = self.joined();
        let (value, rival) = match whole {
            Some(whole) => (Some(Cow::Borrowed(whole)), chunked),
            None => (chunked.map(Cow::Owned), None),
        };
        Found {
            value,
            rival,
            came: self.came,
        }
    }

    fn piece(&self, place: usize) -> Option<&'h [u8]> {
        self.values.get(place).copied().flatten()
    }

    /// The chunks put together; `None` when there are none, or not as many as the first one says.
    fn joined(&self) -> Option<String> {
        let [count @ b'2'..=b'8', b'~', first @ ..] = self.piece(0)? else {
            return None;
        };
        let mut joined = first.to_vec();
        for place in 1..usize::from(count - b'0') {
            joined.extend_from_slice(self.piece(place)?);
        }
        String::from_utf8(joined)
            .ok()
            .filter(|joined| !joined.is_empty())
    }
}

/// Which cookies of ours came with a request: bit `n` for `name.n`, and one more for `name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Came(u16);

impl Came {
    const WHOLE: Self = Self(1 << MAX_CHUNKS);

    /// The first of the chunks.
    const fn chunks(count: usize) -> Self {
        Self((1 << count) - 1)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What the names end in.
    fn suffixes(self) -> impl Iterator<Item = &'static str> {
        let all = SUFFIXES.into_iter().chain([""]).enumerate();
        all.filter_map(move |(place, suffix)| (self.0 & 1 << place != 0).then_some(suffix))
    }
}

/// The `Set-Cookie` headers of a response. One of them costs no list.
#[derive(Debug, Default)]
pub(crate) struct SetCookies {
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
}

impl SetCookies {
    fn push(&mut self, cookie: HeaderValue) {
        if self.first.is_none() {
            self.first = Some(cookie);
        } else {
            self.more.push(cookie);
        }
    }

    /// Adds them to the headers of a response.
    pub(crate) fn append_to(self, response: &mut HeaderMap) {
        for cookie in self.first.into_iter().chain(self.more) {
            response.append(SET_COOKIE, cookie);
        }
    }
}

impl From<HeaderValue> for SetCookies {
    fn from(cookie: HeaderValue) -> Self {
        Self {
            first: Some(cookie),
            more: Vec::new(),
        }
    }
}

/// How many cookies may carry a session. What stands before the application takes less as a rule:
/// nginx and Apache a header line of 8 KiB, Node 16 KiB of headers, until they are told otherwise.
pub(crate) const MAX_CHUNKS: usize = 8;

const SUFFIXES: [&str; MAX_CHUNKS] = [".0", ".1", ".2", ".3", ".4", ".5", ".6", ".7"];
const SUFFIX_LEN: usize = 2;

/// What the first of so many chunks begins with. A tilde may stand in a cookie and in no token of
/// ours.
const fn mark_of(count: usize) -> Option<&'static str> {
    Some(match count {
        2 => "2~",
        3 => "3~",
        4 => "4~",
        5 => "5~",
        6 => "6~",
        7 => "7~",
        8 => "8~",
        _ => return None,
    })
}

const MARK_LEN: usize = 2;

#[cfg(test)]
mod tests;
