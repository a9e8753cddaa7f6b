//! The modes side by side: their engines, and what there is to say about them.

use privyseal_axum::{CookiePolicy, Engine, FlaskRules, LiveKeyRing, SameSite};
use privyseal_session::csrf::CsrfPolicy;

use crate::store::Sessions;

/// Where a session is kept, and what its cookie shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Stored,
    Sealed,
    Signed,
    Flask,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Stored, Self::Sealed, Self::Signed, Self::Flask];

    /// The engine, as an application would set it up. It has a cookie of its own beside the
    /// others, which an application with one session needs not.
    pub(crate) fn engine(self, keys: &LiveKeyRing, sessions: &Sessions) -> Engine {
        let cookie = match self {
            Self::Stored | Self::Sealed | Self::Signed => CookiePolicy::builder(self.cookie_name()),
            // Flask's cookie has no SameSite; nothing keeps a Flask application from setting it.
            Self::Flask => CookiePolicy::flask()
                .name(self.cookie_name())
                .same_site(SameSite::Lax),
        };
        #[expect(
            clippy::expect_used,
            reason = "four constant cookies, each built in the tests"
        )]
        let cookie = cookie.build().expect("the cookies satisfy every rule");
        let revocations = || sessions.revocations.clone();
        match self {
            Self::Stored => sessions.stored.clone(),
            Self::Sealed => Engine::sealed(keys.clone()).with_revocations(revocations()),
            Self::Signed => Engine::signed(keys.clone()).with_revocations(revocations()),
            Self::Flask => Engine::flask(keys.clone())
                .with_flask_rules(FlaskRules {
                    subject_key: "name",
                    ..FlaskRules::default()
                })
                .with_revocations(revocations()),
        }
        .with_cookie(cookie)
    }

    /// Whether the session lives in the store, which can list it.
    pub(crate) fn is_stored(self) -> bool {
        self == Self::Stored
    }

    /// Whether the engine is told who signs in. Under Flask's rules the session alone says so, under
    /// the `subject_key` of the rules.
    pub(crate) fn knows_sign_ins(self) -> bool {
        self != Self::Flask
    }

    /// When a form is taken for one of our own pages. Sessions of Flask have no id that a token
    /// could be bound to; there the headers decide alone.
    pub(crate) fn csrf_policy(self) -> CsrfPolicy {
        match self {
            Self::Flask => CsrfPolicy::default(),
            _ => CsrfPolicy::default().with_token_always(),
        }
    }

    /// Whether forms carry a token: see [`csrf_policy`](Self::csrf_policy).
    pub(crate) fn has_csrf_token(self) -> bool {
        self != Self::Flask
    }

    pub(crate) fn cookie_name(self) -> &'static str {
        match self {
            Self::Stored => "__Host-stored",
            Self::Sealed => "__Host-sealed",
            Self::Signed => "__Host-signed",
            Self::Flask => "flask-session",
        }
    }

    /// What the browser is told about the cookie.
    pub(crate) fn attributes(self) -> &'static str {
        match self {
            Self::Stored | Self::Sealed | Self::Signed => "Secure; HttpOnly; Path=/; SameSite=Lax",
            Self::Flask => "HttpOnly; Path=/; SameSite=Lax",
        }
    }

    /// Below this path are the pages of the mode.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Stored => "/stored",
            Self::Sealed => "/sealed",
            Self::Signed => "/signed",
            Self::Flask => "/flask",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Stored => "Stored",
            Self::Sealed => "Sealed",
            Self::Signed => "Signed",
            Self::Flask => "Flask",
        }
    }

    pub(crate) fn primitive(self) -> &'static str {
        match self {
            Self::Sealed => "XAES-256-GCM",
            Self::Stored | Self::Signed => "HMAC-SHA256",
            Self::Flask => "HMAC-SHA1",
        }
    }

    pub(crate) fn summary(self) -> &'static str {
        match self {
            Self::Stored => {
                "The session stays on the server. The browser carries its random id, and a secret \
                 that opens it."
            }
            Self::Sealed => {
                "The session is encrypted. The browser carries it and can neither read nor change it."
            }
            Self::Signed => {
                "The session is in the open and signed. Anyone who holds the cookie can read it, \
                 and nobody without the key can change it."
            }
            Self::Flask => {
                "A signed session byte for byte as Flask writes it, under Flask’s own rules, so \
                 that a Flask application can share it."
            }
        }
    }

    /// Whether anyone who holds the cookie can read the session.
    pub(crate) fn is_readable(self) -> bool {
        matches!(self, Self::Signed | Self::Flask)
    }

    /// Whether a cookie under an older key is made anew as soon as it is used. Flask waits until
    /// the session changes.
    pub(crate) fn reissues_at_once(self) -> bool {
        self != Self::Flask
    }
}
