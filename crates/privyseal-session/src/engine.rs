//! The engine: which cookie, under which rules, with which keys.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::HeaderMap;
use privyseal::formats::flask::FlaskOptions;

use crate::codec::{Codec, Mode};
use crate::cookie::CookiePolicy;
use crate::rules::{FlaskRules, Rules, Timeouts};
use crate::{Clock, LiveKeyRing, SessionHandle, SystemClock};

/// Opens and saves the sessions of an application. A clone is one reference count.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use privyseal::{KeyRing, SecretKey};
/// use privyseal_session::{CookiePolicy, Engine, Timeouts};
///
/// let engine = Engine::sealed(KeyRing::new(SecretKey::generate()?))
///     .with_application("shop")
///     .with_cookie(CookiePolicy::builder("__Host-shop").build()?)
///     .with_timeouts(Timeouts { idle: Duration::from_secs(900), ..Timeouts::default() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    keys: LiveKeyRing,
    mode: Mode,
    cookie: CookiePolicy,
    rules: Rules,
    clock: Arc<dyn Clock>,
    /// The mode with the keys of the ring that was current last; made at the first use.
    codec: ArcSwapOption<Codec>,
}

impl Engine {
    /// Signed sessions: Flask's format under SHA-256.
    ///
    /// # Security
    /// The browser reads everything in the session; it only cannot change it. A copy of the cookie
    /// stays valid until it times out, also after signing out.
    pub fn signed(keys: impl Into<LiveKeyRing>) -> Self {
        let options = FlaskOptions {
            compress_from: COMPRESS_FROM,
            ..FlaskOptions::sha256()
        };
        Self::new(keys, Mode::Signed(options), CookiePolicy::default())
    }

    /// Sealed sessions: encrypted, so that the browser can neither read nor change them.
    ///
    /// # Security
    /// A copy of the cookie stays valid until it times out, also after signing out.
    ///
    /// Nonces come from `rand::rng()`. A process that forks, or a virtual machine of which a
    /// snapshot is restored more than once, must do so before it seals its first session or call
    /// `rand::rng().reseed()` in each thread after: see [`Sealer::seal`](privyseal::sealed::Sealer::seal).
    pub fn sealed(keys: impl Into<LiveKeyRing>) -> Self {
        let mode = Mode::Sealed {
            application: String::new(),
        };
        Self::new(keys, mode, CookiePolicy::default())
    }

    /// The session of a Flask application, on the same cookie and under Flask's rules.
    ///
    /// # Security
    /// As [`signed`](Self::signed); and the cookie is Flask's, without `Secure`, `SameSite` or a
    /// `__Host-` name, until the application configures better.
    pub fn flask(keys: impl Into<LiveKeyRing>) -> Self {
        let mode = Mode::Signed(FlaskOptions::default());
        Self::new(keys, mode, CookiePolicy::default_of_flask())
            .with_flask_rules(FlaskRules::default())
    }

    fn new(keys: impl Into<LiveKeyRing>, mode: Mode, cookie: CookiePolicy) -> Self {
        Self(Arc::new(Settings {
            keys: keys.into(),
            mode,
            cookie,
            rules: Rules::Timeouts(Timeouts::default()),
            clock: Arc::new(SystemClock),
            codec: ArcSwapOption::empty(),
        }))
    }

    /// Another cookie.
    #[must_use]
    pub fn with_cookie(self, cookie: CookiePolicy) -> Self {
        self.change(|settings| settings.cookie = cookie)
    }

    /// Other timeouts, and the engine's rules instead of Flask's.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        self.change(|settings| settings.rules = Rules::Timeouts(timeouts))
    }

    /// Flask's rules instead of the engine's own timeouts.
    #[must_use]
    pub fn with_flask_rules(self, rules: FlaskRules) -> Self {
        self.change(|settings| settings.rules = Rules::Flask(rules))
    }

    /// Other settings of Flask's format, such as the digest. A sealed engine becomes a signed one.
    /// How old a cookie may be stays with the rules; `max_age` is not looked at.
    #[must_use]
    pub fn with_flask_options(self, options: FlaskOptions) -> Self {
        self.change(|settings| settings.mode = Mode::Signed(options))
    }

    /// Names the application, so that another one with the same key does not take its sessions.
    ///
    /// A sealed session is bound to the name by its key. Flask's format has no place for it but
    /// the salt, which becomes `cookie-session/` and the name: a Flask application that shares the
    /// session sets the same salt (`SecureCookieSessionInterface.salt`). Call this after
    /// [`with_flask_options`](Self::with_flask_options).
    #[must_use]
    pub fn with_application(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.change(|settings| match &mut settings.mode {
            Mode::Sealed { application } => *application = name,
            Mode::Signed(options) => {
                options.salt = format!("cookie-session/{name}").into_bytes();
            }
        })
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        self.change(|settings| settings.clock = Arc::new(clock))
    }

    fn change(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Arc::try_unwrap(self.0).unwrap_or_else(|shared| shared.copy());
        settings.codec = ArcSwapOption::empty();
        change(&mut settings);
        Self(Arc::new(settings))
    }

    /// The session of a request; nothing is opened until a handler asks for it.
    pub fn begin(&self, request: &HeaderMap) -> SessionHandle {
        SessionHandle::new(self.clone(), request)
    }

    /// The keys, to be replaced when they rotate.
    pub fn keys(&self) -> &LiveKeyRing {
        &self.0.keys
    }

    /// The cookie that carries the session.
    pub fn cookie(&self) -> &CookiePolicy {
        &self.0.cookie
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The codec under the ring that is valid now; made anew only when the ring was replaced.
    pub(crate) fn codec(&self) -> Arc<Codec> {
        let settings = &self.0;
        if let Some(codec) = &*settings.codec.load()
            && settings.keys.is_current(codec.ring())
        {
            return codec.clone();
        }
        let ring = settings.keys.current();
        let name = settings.cookie.name();
        let codec = Arc::new(Codec::new(&settings.mode, ring, name, settings.rules));
        settings.codec.store(Some(codec.clone()));
        codec
    }
}

impl Settings {
    fn copy(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            mode: self.mode.clone(),
            cookie: self.cookie.clone(),
            rules: self.rules,
            clock: self.clock.clone(),
            codec: ArcSwapOption::empty(),
        }
    }
}

/// Where compressing a signed session starts to be worth its time: below this many bytes of JSON
/// the cookie is far from the limit of browsers anyway.
const COMPRESS_FROM: usize = 1024;
