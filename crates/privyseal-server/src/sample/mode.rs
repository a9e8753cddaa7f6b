//! The three modes side by side: their engines, and what there is to say about them.

use privyseal_axum::{CookiePolicy, Engine, LiveKeyRing, SameSite};

/// How a session is kept in its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Sealed,
    Signed,
    Flask,
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Sealed, Self::Signed, Self::Flask];

    /// The engine, as an application would set it up. It has a cookie of its own beside the other
    /// two, which an application with one session needs not.
    pub(crate) fn engine(self, keys: &LiveKeyRing) -> Engine {
        let cookie = match self {
            Self::Sealed | Self::Signed => CookiePolicy::builder(self.cookie_name()),
            // Flask's cookie has no SameSite; nothing keeps a Flask application from setting it.
            Self::Flask => CookiePolicy::flask()
                .name(self.cookie_name())
                .same_site(SameSite::Lax),
        };
        #[expect(
            clippy::expect_used,
            reason = "three constant cookies, each built in the tests"
        )]
        let cookie = cookie.build().expect("the cookies satisfy every rule");
        match self {
            Self::Sealed => Engine::sealed(keys.clone()).with_application(APPLICATION),
            Self::Signed => Engine::signed(keys.clone()),
            Self::Flask => Engine::flask(keys.clone()),
        }
        .with_cookie(cookie)
    }

    pub(crate) fn cookie_name(self) -> &'static str {
        match self {
            Self::Sealed => "__Host-sealed",
            Self::Signed => "__Host-signed",
            Self::Flask => "flask-session",
        }
    }

    /// What the browser is told about the cookie.
    pub(crate) fn attributes(self) -> &'static str {
        match self {
            Self::Sealed | Self::Signed => "Secure; HttpOnly; Path=/; SameSite=Lax",
            Self::Flask => "HttpOnly; Path=/; SameSite=Lax",
        }
    }

    /// Below this path are the pages of the mode.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Sealed => "/sealed",
            Self::Signed => "/signed",
            Self::Flask => "/flask",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Sealed => "Sealed",
            Self::Signed => "Signed",
            Self::Flask => "Flask",
        }
    }

    pub(crate) fn primitive(self) -> &'static str {
        match self {
            Self::Sealed => "XAES-256-GCM",
            Self::Signed => "HMAC-SHA256",
            Self::Flask => "HMAC-SHA1",
        }
    }

    pub(crate) fn summary(self) -> &'static str {
        match self {
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
        self != Self::Sealed
    }

    /// Whether a cookie under an older key is made anew as soon as it is used. Flask waits until
    /// the session changes.
    pub(crate) fn reissues_at_once(self) -> bool {
        self != Self::Flask
    }
}

/// Keeps sealed sessions of other applications under the same key apart from ours.
pub(crate) const APPLICATION: &str = "privyseal-sample";
