//! Requests that another site made the browser send.
//!
//! A browser sends the session cookie with requests that other sites cause. Three things tell those
//! apart, and each stops what the one before it lets through:
//!
//! | part | stops | does not stop |
//! |---|---|---|
//! | `SameSite=Lax`, the default of the cookie | forms and scripts of other sites | neighbouring hosts of the same site |
//! | `Sec-Fetch-Site`, and `Origin` where it is missing: [`CsrfPolicy`] | neighbouring hosts too | clients that send neither |
//! | a token bound to the session: [`CsrfTokens`] | whoever cannot read our pages | whoever can |
//!
//! The token is no second cookie: one that is only compared with a cookie ("double submit") is
//! defeated by a neighbouring host that sets both. It is bound to the session, so that the token of
//! an attacker's own session is refused in the victim's, and to the sign-in, so that one from before
//! it is refused after it. It is masked anew each time, so that compressing the page does not reveal
//! it bit by bit (BREACH).
//!
//! # Security
//! Out of scope: a script in our own pages (XSS) reads the token and is same-origin; a request by a
//! safe method that changes something; the handshake of a `WebSocket`, which is a `GET` (ask
//! [`CsrfPolicy::decide`] as if it were a `POST`); signing in itself with a session that has no
//! binding yet (give the visitor a session first, and bind to that).

mod policy;

use std::fmt;
use std::time::Duration;

use base64_simd::{Out, URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode};
use privyseal::KeyRing;
use privyseal::mac::RingMac;
use privyseal::sealed::Context;

use crate::{OutagePolicy, SessionError};

pub use policy::{CsrfDecision, CsrfPolicy, OriginError};

/// Makes tokens for forms and scripts, and checks those that come back.
///
/// A token is the base64url text of a random mask (16 bytes) and a [tag](privyseal::mac) over what
/// it is bound to and the mask. The keys are derived when this is made, so make one per key ring and
/// keep it.
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, SecretKey};
/// use privyseal_session::csrf::CsrfTokens;
///
/// let tokens = CsrfTokens::new(&KeyRing::new(SecretKey::generate()?), "__Host-session", "shop");
/// let token = tokens.issue(b"session 1, signed in once")?;
/// assert!(tokens.verify(b"session 1, signed in once", &token).is_ok());
/// assert!(tokens.verify(b"session 1, signed in twice", &token).is_err());
/// assert!(tokens.verify(b"session 2, signed in once", &token).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CsrfTokens(RingMac);

impl CsrfTokens {
    /// Tokens for the sessions in this cookie of this application.
    pub fn new(ring: &KeyRing, cookie_name: &str, application: &str) -> Self {
        let context = Context {
            purpose: "csrf",
            cookie_name,
            application,
        };
        Self(RingMac::new(ring, context))
    }

    /// A token, different each time, that is good for this binding: the session's id, and
    /// something that changes when somebody signs in.
    ///
    /// # Errors
    /// When the ring has no key that signs.
    pub fn issue(&self, binding: &[u8]) -> Result<String, privyseal::Error> {
        let mask: [u8; MASK_LEN] = rand::random();
        let tag = self.0.tag(&[binding, &mask])?;
        Ok(URL_SAFE_NO_PAD.encode_to_string([&mask[..], &tag].concat()))
    }

    /// Whether the token was issued for this binding under a key of the ring.
    ///
    /// # Errors
    /// That the key of the token is out of reach; and one error for everything else, after a time
    /// that does not tell how much of it was right.
    pub fn verify(&self, binding: &[u8], token: &str) -> Result<(), CsrfError> {
        match self.verdict(binding, token) {
            Verdict::Good => Ok(()),
            Verdict::Forged | Verdict::UnknownKey => Err(CsrfError::Forged),
            Verdict::Unavailable => Err(CsrfError::Unavailable {
                retry_after: OutagePolicy::default().retry_after(),
            }),
        }
    }

    /// What is to be said of the token.
    pub(crate) fn verdict(&self, binding: &[u8], token: &str) -> Verdict {
        let mut bytes = [0; TOKEN_LEN];
        // A text of another length would not fill the bytes, or not fit into them.
        if token.len() != TEXT_LEN {
            return Verdict::Forged;
        }
        let decoded = URL_SAFE_NO_PAD.decode(token.as_bytes(), Out::from_slice(&mut bytes));
        let parts = decoded.ok().and_then(|bytes| bytes.split_first_chunk());
        let Some((mask, tag)): Option<(&[u8; MASK_LEN], _)> = parts else {
            return Verdict::Forged;
        };
        match self.0.verify(&[binding, mask], tag) {
            Ok(_) => Verdict::Good,
            Err(error) if error.is_unavailable() => Verdict::Unavailable,
            Err(error) if error.is_unknown_key() => Verdict::UnknownKey,
            Err(_) => Verdict::Forged,
        }
    }

    /// Lets a request pass or not: by its method and headers, and where these do not decide, by the
    /// token in its `X-CSRF-Token` header or else in the form field that the caller found.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn check(
        &self,
        policy: &CsrfPolicy,
        method: &Method,
        headers: &HeaderMap,
        form_field: Option<&str>,
        binding: &[u8],
    ) -> Result<(), CsrfError> {
        match token_to_check(policy, method, headers, form_field)? {
            Some(token) => self.verify(binding, token),
            None => Ok(()),
        }
    }
}

/// The token that has to decide whether the request passes; `None` when it does without.
pub(crate) fn token_to_check<'r>(
    policy: &CsrfPolicy,
    method: &Method,
    headers: &'r HeaderMap,
    form_field: Option<&'r str>,
) -> Result<Option<&'r str>, CsrfError> {
    match policy.decide(method, headers) {
        CsrfDecision::Allowed => Ok(None),
        CsrfDecision::Refused => Err(CsrfError::Forged),
        CsrfDecision::TokenNeeded => {
            let mut in_headers = headers.get_all(TOKEN_HEADER).iter();
            let token = match (in_headers.next(), in_headers.next()) {
                (None, _) => form_field,
                (Some(token), None) => token.to_str().ok(),
                (Some(_), Some(_)) => None,
            };
            token.map(Some).ok_or(CsrfError::Forged)
        }
    }
}

/// What the ring says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Forged,
    /// It names a key that the ring does not hold.
    UnknownKey,
    /// Its key is out of reach for now.
    Unavailable,
}

impl fmt::Debug for CsrfTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CsrfTokens").field(&self.0).finish()
    }
}

/// Why a request may not change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfError {
    /// It cannot be told from one that another site forged.
    #[error("the request cannot be told from one that another site forged")]
    Forged,
    /// The key of its token, or the session that the token is bound to, is out of reach for now, so
    /// that nothing can be said of it.
    #[error("the key of the token, or its session, is not available now")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

impl CsrfError {
    /// What to answer in every framework: a status, after how long the client may try again if
    /// that is of any use, and a fixed body.
    pub fn response(&self) -> (StatusCode, Option<Duration>, &'static str) {
        match self {
            Self::Forged => (StatusCode::FORBIDDEN, None, FORGED),
            Self::Unavailable { retry_after } => {
                let retry_after = *retry_after;
                SessionError::Unavailable { retry_after }.response()
            }
        }
    }
}

const FORGED: &str = "The form is out of date. Load its page again, and retry.";

/// The header in which a script sends the token.
pub const TOKEN_HEADER: &str = "x-csrf-token";

const MASK_LEN: usize = 16;
const TOKEN_LEN: usize = MASK_LEN + RingMac::TAG_LEN;
const TEXT_LEN: usize = (TOKEN_LEN * 4).div_ceil(3);
