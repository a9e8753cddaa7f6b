//! The engine: which cookie, under which rules, with which keys.

mod end;
mod refresher;
mod settings;
mod standing;
mod store;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;
use privyseal::RefreshKeys;
use privyseal::formats::flask::FlaskOptions;

use crate::cleanup::Cleanup;
use crate::codec::{Codec, CodecSettings, Mode};
use crate::cookie::CookiePolicy;
use crate::merge::OnConflict;
use crate::metrics::Metrics;
use crate::outage::OutagePolicy;
use crate::revocation::Revocations;
use crate::rules::{FlaskRules, Rules, Timeouts};
use crate::store::Store;
use crate::stored::ParallelSessions;
use crate::{Clock, LiveKeyRing, SessionHandle};

use refresher::{KEY_DEADLINE, Refresher};
use settings::{Oversize, Settings};
pub(crate) use standing::Standing;

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

impl Engine {
    /// Sessions in a store: the cookie is a random id, and the data stays on the server.
    ///
    /// The default for new applications: signing out ends the session at once, on every node, and
    /// requests that change it at the same time lose nothing.
    ///
    /// Its requests need a tokio runtime with its timer, and so do those of every engine with a
    /// store, with revocations or with [`with_key_refresh`](Self::with_key_refresh).
    pub fn stored(keys: impl Into<LiveKeyRing>, store: impl Store) -> Self {
        Self::new(keys, Mode::Stored, CookiePolicy::default()).with_store(store)
    }

    /// Signed sessions: Flask's format under SHA-256.
    ///
    /// # Security
    /// The browser reads everything in the session; it only cannot change it. A copy of the cookie
    /// stays valid until it times out, also after signing out, unless the engine has
    /// [revocations](Self::with_revocations).
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
    /// A copy of the cookie stays valid until it times out, also after signing out, unless the
    /// engine has [revocations](Self::with_revocations).
    ///
    /// Nonces come from `rand::rng()`. A process that forks, or a virtual machine of which a
    /// snapshot is restored more than once, must do so before it seals its first session or call
    /// `rand::rng().reseed()` in each thread after: see [`Sealer::seal`](privyseal::sealed::Sealer::seal).
    pub fn sealed(keys: impl Into<LiveKeyRing>) -> Self {
        Self::new(keys, Mode::Sealed, CookiePolicy::default())
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
        Self(Arc::new(Settings::new(keys.into(), mode, cookie)))
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

    /// Flask's rules instead of the engine's own timeouts. They are for sessions in cookies; a
    /// stored engine becomes a signed one.
    #[must_use]
    pub fn with_flask_rules(self, rules: FlaskRules) -> Self {
        self.change(|settings| {
            settings.rules = Rules::Flask(rules);
            if matches!(settings.mode, Mode::Stored) {
                settings.mode = Mode::Signed(FlaskOptions::default());
                if !settings.application.is_empty() {
                    settings.salt_by_application();
                }
            }
        })
    }

    /// Other settings of Flask's format, such as the digest. The engine becomes a signed one.
    /// How old a cookie may be stays with the rules; `max_age` is not looked at.
    #[must_use]
    pub fn with_flask_options(self, options: FlaskOptions) -> Self {
        self.change(|settings| settings.mode = Mode::Signed(options))
    }

    /// Names the application, so that another one with the same key does not take its sessions.
    ///
    /// A sealed session, and the reference to a stored one, is bound to the name by its key. In a
    /// store the users of one application are not those of another: a user `7` of `shop` lies
    /// there as `//shop/7`.
    /// Flask's format has no place for it but the salt, which becomes `cookie-session/` and the
    /// name: a Flask application that shares the session sets the same salt
    /// (`SecureCookieSessionInterface.salt`). Call this after
    /// [`with_flask_options`](Self::with_flask_options).
    #[must_use]
    pub fn with_application(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.change(|settings| {
            let revocations = settings.revocations.take();
            settings.revocations = revocations.map(|known| known.for_application(&name));
            settings.application = name;
            settings.salt_by_application();
        })
    }

    /// What was revoked, so that a session in a cookie ends when it is ended, on every node.
    ///
    /// An engine with a store can have them as well, for
    /// [`end_everything`](Self::end_everything).
    #[must_use]
    pub fn with_revocations(self, revocations: Revocations) -> Self {
        self.change(|settings| {
            settings.revocations = Some(revocations.for_application(&settings.application));
        })
    }

    /// A session that is too large for one cookie is kept in up to eight of them.
    ///
    /// Without this or [`with_spill`](Self::with_spill), saving it is an error.
    #[must_use]
    pub fn with_chunks(self) -> Self {
        self.change(|settings| settings.oversize = Oversize::Chunks)
    }

    /// A session that is too large for a cookie moves into a store, and stays there.
    #[must_use]
    pub fn with_spill(self, store: impl Store) -> Self {
        self.with_store(store)
            .change(|settings| settings.oversize = Oversize::Spills)
    }

    /// What happens when two requests change the same key of a stored session at the same time.
    #[must_use]
    pub fn with_on_conflict(self, on_conflict: OnConflict) -> Self {
        self.change(|settings| settings.on_conflict = on_conflict)
    }

    /// How many stored sessions one user may have at the same time. As many as they like by
    /// default.
    #[must_use]
    pub fn with_parallel_sessions(self, limit: ParallelSessions) -> Self {
        self.change(|settings| settings.parallel = Some(limit))
    }

    /// Seals what the sessions hold before it goes into the store, under a key of the ring, so
    /// that whoever reads the database reads no session.
    ///
    /// Who the user of a session is, and its times, stay readable. A session that is sealed holds
    /// 48 KB at most. Sessions from before this was set, or after it was taken back, cannot be
    /// read and are refused, so that their users sign in anew.
    #[must_use]
    pub fn with_sealing_at_rest(self) -> Self {
        self.change(|settings| settings.seals_at_rest = true)
    }

    /// What a request gets that needs its session while the store cannot be asked, or while the
    /// key of its cookie is out of reach.
    #[must_use]
    pub fn with_outage_policy(self, policy: OutagePolicy) -> Self {
        self.change(|settings| settings.outage = policy)
    }

    /// How long one call of the store may take; half a second by default. What takes longer is an
    /// outage.
    #[must_use]
    pub fn with_store_deadline(self, deadline: Duration) -> Self {
        self.change(|settings| settings.deadline = Some(deadline))
    }

    /// A cookie, row or token of a form that names a key which the ring does not hold is not refused
    /// until the ring was read anew, for the key may be a new one.
    ///
    /// A request waits for that once at most, and no longer than its
    /// [deadline](Self::with_key_deadline). If the ring was not read in time, that is an outage, and
    /// no cookie is touched.
    #[must_use]
    pub fn with_key_refresh(self, refresher: Arc<dyn RefreshKeys>) -> Self {
        self.change(|settings| settings.refresher = Some(Refresher::new(refresher)))
    }

    /// How long a request waits for the ring to be read anew; three seconds by default. It has to
    /// be more than the interval of the refresher and a read, or requests that come between two of
    /// its reads are answered as in an outage.
    #[must_use]
    pub fn with_key_deadline(self, deadline: Duration) -> Self {
        self.change(|settings| settings.key_deadline = deadline)
    }

    /// How expired sessions are removed from the store; `None` leaves it to somebody else.
    #[must_use]
    pub fn with_cleanup(self, cleanup: Option<Cleanup>) -> Self {
        self.change(|settings| settings.cleanup = cleanup)
    }

    /// Counts what happens.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<dyn Metrics>) -> Self {
        self.change(|settings| settings.metrics = metrics)
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        self.change(|settings| settings.clock = Arc::new(clock))
    }

    fn with_store(self, store: impl Store) -> Self {
        self.change(|settings| settings.set_store(store))
    }

    fn change(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Arc::try_unwrap(self.0).unwrap_or_else(|shared| shared.copy());
        change(&mut settings);
        settings.prepare();
        Self(Arc::new(settings))
    }

    /// The session of a request; nothing is opened until a handler asks for it.
    pub fn begin(&self, request: &HeaderMap) -> SessionHandle {
        self.begin_with(|| {
            let cookies = request.get_all(COOKIE).iter().cloned();
            cookies.map(|cookie| (COOKIE, cookie)).collect()
        })
    }

    /// The same for an adapter whose headers are of another type: the cookies are converted only
    /// if Flask's rules may send one of them again.
    pub fn begin_with(&self, cookies: impl FnOnce() -> HeaderMap) -> SessionHandle {
        let refreshes = match self.rules() {
            Rules::Flask(rules) => rules.refresh_each_request,
            Rules::Timeouts(_) => false,
        };
        SessionHandle::new(self.clone(), refreshes.then(|| Box::new(cookies())))
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

    pub(crate) fn metrics(&self) -> &dyn Metrics {
        &*self.0.metrics
    }

    pub(crate) fn revocations(&self) -> Option<&Revocations> {
        self.0.revocations.as_ref()
    }

    pub(crate) fn outage_policy(&self) -> OutagePolicy {
        self.0.outage
    }

    pub(crate) fn allows_chunks(&self) -> bool {
        matches!(self.0.oversize, Oversize::Chunks)
    }

    pub(crate) fn spills(&self) -> bool {
        matches!(self.0.oversize, Oversize::Spills)
    }

    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.0.mode, Mode::Stored)
    }

    /// The codec under the ring that is valid now; made anew only when the ring was replaced.
    pub(crate) fn codec(&self) -> Arc<Codec> {
        let settings = &self.0;
        if let Some(codec) = &*settings.codec.load()
            && settings.keys.is_current(codec.ring())
        {
            return codec.clone();
        }
        let codec = Arc::new(Codec::new(
            settings.keys.current(),
            CodecSettings {
                mode: &settings.mode,
                cookie_name: settings.cookie.name(),
                application: &settings.application,
                rules: settings.rules,
                has_store: settings.has_store(),
                seals_at_rest: settings.seals_at_rest,
                retry_after: settings.outage.retry_after(),
            },
        ));
        settings.codec.store(Some(codec.clone()));
        codec
    }
}

/// Where compressing a signed session starts to be worth its time: below this many bytes of JSON
/// the cookie is far from the limit of browsers anyway.
const COMPRESS_FROM: usize = 1024;
