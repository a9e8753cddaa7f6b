//! What a node asks and says about revocations.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

use super::follower::Tasks;
use super::name::RenewalNames;
use super::shared::Shared;
use super::{Revocation, RevocationError, RevocationLog, RevocationName, RevocationOptions};
use crate::store::Subject;
use crate::{Clock, SystemClock};

/// The revocations that are in force, in the memory of this node. A clone is two reference counts.
///
/// They are read from the log by a background task, which starts at the first use on the tokio
/// runtime of that use, and ends when the last clone is dropped. What another node revokes is
/// refused here as soon as the log pushes it, and without a push within the
/// [poll interval](RevocationOptions::poll_interval) and the time of one read of the log.
///
/// # Security
/// Await [`ready`](Self::ready) before asking; until the log was read once, everything is refused.
/// While the log is down, what is known stays in force and nothing new arrives: look at
/// [`is_stale`](Self::is_stale), and decide.
#[derive(Clone)]
pub struct Revocations {
    node: Arc<Node>,
    application: Arc<Application>,
}

struct Node {
    shared: Arc<Shared>,
    /// The tasks hold `shared` and not this, so that they end with it.
    tasks: Mutex<Tasks>,
}

struct Application {
    name: String,
    revocation_name: RevocationName,
    /// Of sessions that were renewed never, once, twice and so on: nearly all.
    renewals: [RenewalNames; 4],
}

/// A session as it was found in an authentic cookie.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// Its id, if it has one.
    pub id: Option<SessionId>,
    /// The decoded MAC of its cookie, if it has no id.
    pub mac: Option<&'a [u8]>,
    /// When it began.
    pub began_at: Timestamp,
    /// Who is signed in, and since when.
    pub signed_in: Option<(&'a Subject, Timestamp)>,
}

impl Revocations {
    /// Follows a log, with the default options.
    pub fn new(log: impl RevocationLog) -> Self {
        Self::with_options(log, RevocationOptions::default(), SystemClock)
    }

    /// Follows a log, with other options and by another clock.
    pub fn with_options(
        log: impl RevocationLog,
        options: RevocationOptions,
        clock: impl Clock + 'static,
    ) -> Self {
        let node = Node {
            shared: Arc::new(Shared::new(log, options, clock)),
            tasks: Mutex::default(),
        };
        Self {
            node: Arc::new(node),
            application: Arc::new(Application::new("")),
        }
    }

    /// The same for another application: its users are others, and it is signed out apart. The
    /// one that `new` returns is for the application without a name.
    #[must_use]
    pub fn for_application(self, name: &str) -> Self {
        Self {
            node: self.node,
            application: Arc::new(Application::new(name)),
        }
    }

    /// Waits until the log was read once. After that it returns at once, also while the log is
    /// down.
    ///
    /// # Errors
    /// When the log was not read yet and the last attempt failed. There will be others; this does
    /// not wait for them.
    pub async fn ready(&self) -> Result<(), RevocationError> {
        let shared = &self.node.shared;
        if !shared.was_read() {
            self.ensure_following();
            return shared.first_outcome().await;
        }
        if self.is_stale() {
            self.ensure_following();
        }
        Ok(())
    }

    /// How long ago the log was last read to its end, by a clock that nobody sets; `None` before
    /// the first time. What was revoked longer ago is known here.
    pub fn age(&self) -> Option<Duration> {
        self.node.shared.age()
    }

    /// Whether the log was not read for so long that it is no longer known what is revoked.
    pub fn is_stale(&self) -> bool {
        let max = self.node.shared.options.max_staleness;
        self.age().is_none_or(|age| age > max)
    }

    /// How many revocations are in memory, for all applications.
    pub fn count(&self) -> usize {
        self.node.shared.set.len()
    }

    /// Whether the session was revoked, by any of its names.
    #[inline]
    pub fn refuses(&self, session: &Presented<'_>) -> bool {
        let shared = &self.node.shared;
        if !shared.was_read() {
            return true;
        }
        if shared.set.len() == 0 {
            return false;
        }
        let refused = |name: RevocationName, time: Timestamp| {
            shared
                .set
                .began_until(&name)
                .is_some_and(|until| time <= until)
        };
        let application = &self.application.name;
        refused(self.application.revocation_name, session.began_at)
            || session
                .id
                .is_some_and(|id| refused(RevocationName::of_session(id), session.began_at))
            || session.mac.is_some_and(|mac| {
                refused(
                    RevocationName::of_cookie(application, mac),
                    session.began_at,
                )
            })
            || session.signed_in.is_some_and(|(subject, since)| {
                refused(RevocationName::of_subject(application, subject), since)
            })
    }

    /// When the cookie that this session came in was replaced by that of a renewal, if it was: one
    /// of the session's `id`, made when it had been renewed so often. `life` is that of
    /// [`revoke_renewal`](Self::revoke_renewal).
    ///
    /// Costs nothing while nothing is revoked, and another look at the set after that.
    #[inline]
    pub fn renewed_at(
        &self,
        session: &Presented<'_>,
        renewals: u32,
        life: Duration,
    ) -> Option<Timestamp> {
        let set = &self.node.shared.set;
        if set.len() == 0 {
            return None;
        }
        let id = session.id.or_else(|| Some(self.id_of(session.mac?)))?;
        let name = self.application.renewal(id, renewals);
        let forget_at = set.began_until(&name)?.unix_seconds();
        // What is revoked as a whole is dated by when it is forgotten, and so tells when that was.
        let kept = self.forget_at(Timestamp::from_unix_seconds(0), life);
        let renewed_at = forget_at.saturating_sub(kept.unix_seconds());
        Some(Timestamp::from_unix_seconds(renewed_at))
    }

    /// The id for a session that came without one, in a cookie of this decoded MAC: the name of that
    /// cookie, so that what revokes the one revokes the other, and all nodes give it the same.
    pub fn id_of(&self, mac: &[u8]) -> SessionId {
        let name = RevocationName::of_cookie(&self.application.name, mac);
        SessionId::from_bytes(*name.as_bytes())
    }

    /// The time up to which a session of this user, or of nobody yet, is refused. One that begins
    /// in that second or before it has to be dated one second later, or it is refused as well. It
    /// may lie in the future, by little more than the [clock skew](RevocationOptions::clock_skew).
    pub fn began_floor(&self, subject: Option<&Subject>) -> Option<Timestamp> {
        let set = &self.node.shared.set;
        let subject = subject.and_then(|subject| set.began_until(&self.name_of(subject)));
        subject.max(set.began_until(&self.application.revocation_name))
    }

    /// Ends one session. `life` is how long any cookie of it can live from now on.
    ///
    /// # Errors
    /// When it could not be said to all: the log failed or memory is full. The session goes on,
    /// unless the log did take it and only the answer was lost.
    pub async fn revoke_session(
        &self,
        id: SessionId,
        life: Duration,
    ) -> Result<(), RevocationError> {
        self.revoke_whole(RevocationName::of_session(id), life)
            .await
    }

    /// Refuses the cookies that a session has had since it was renewed so often, in favour of that of
    /// another renewal. `life` is how long any cookie of it can live from now on.
    ///
    /// # Errors
    /// As [`revoke_session`](Self::revoke_session).
    pub async fn revoke_renewal(
        &self,
        id: SessionId,
        renewals: u32,
        life: Duration,
    ) -> Result<(), RevocationError> {
        let name = self.application.renewal(id, renewals);
        self.revoke_whole(name, life).await
    }

    /// Ends a session that has no id, by the decoded MAC of its cookie. Other cookies of the same
    /// session are not meant, unless they have the [id of this one](Self::id_of). `life` is how long the cookie can live from now on.
    ///
    /// # Errors
    /// As [`revoke_session`](Self::revoke_session).
    pub async fn revoke_cookie(&self, mac: &[u8], life: Duration) -> Result<(), RevocationError> {
        let name = RevocationName::of_cookie(&self.application.name, mac);
        self.revoke_whole(name, life).await
    }

    /// Ends all sessions in which this user has signed in by now. `life` is how long any cookie
    /// can live from now on.
    ///
    /// # Errors
    /// As [`revoke_session`](Self::revoke_session).
    pub async fn revoke_subject(
        &self,
        subject: &Subject,
        life: Duration,
    ) -> Result<(), RevocationError> {
        // Whoever signed in after he was signed out in this very second is dated one second later.
        let latest = self
            .began_floor(Some(subject))
            .map(|floor| floor.plus_seconds(1));
        self.revoke_begun(self.name_of(subject), latest, life).await
    }

    /// Ends all sessions of the application that have begun by now. `life` is how long any cookie
    /// can live from now on.
    ///
    /// # Errors
    /// As [`revoke_session`](Self::revoke_session).
    pub async fn revoke_application(&self, life: Duration) -> Result<(), RevocationError> {
        // As with a subject, and it may have been any. Not much more than a minute ahead, or one
        // who signs himself out a thousand times would date the sessions of all others.
        let now = self.node.shared.clock.now();
        let floor = self.node.shared.set.last_floor();
        let latest = floor.min(now.plus_seconds(MAX_LEAD)).plus_seconds(1);
        let name = self.application.revocation_name;
        self.revoke_begun(name, Some(latest), life).await
    }

    /// Whenever the session began.
    async fn revoke_whole(
        &self,
        name: RevocationName,
        life: Duration,
    ) -> Result<(), RevocationError> {
        let forget_at = self.forget_at(self.node.shared.clock.now(), life);
        self.revoke(Revocation {
            name,
            // Nothing that begins later is asked about before this is forgotten.
            began_until: forget_at,
            forget_at,
        })
        .await
    }

    async fn revoke_begun(
        &self,
        name: RevocationName,
        latest: Option<Timestamp>,
        life: Duration,
    ) -> Result<(), RevocationError> {
        let shared = &self.node.shared;
        let skew = seconds(shared.options.clock_skew);
        let now = shared.clock.now().plus_seconds(skew);
        let began_until = latest.map_or(now, |latest| latest.max(now));
        self.revoke(Revocation {
            name,
            began_until,
            forget_at: self.forget_at(began_until, life),
        })
        .await
    }

    /// Appends to the log and then takes it in here. There is no await in between: a caller who
    /// goes away after the append leaves the rest to the follower.
    async fn revoke(&self, revocation: Revocation) -> Result<(), RevocationError> {
        let shared = &self.node.shared;
        self.ensure_following();
        shared.check_room_for(&revocation)?;
        shared.answer(shared.log.append(&revocation)).await?;
        shared.set.insert(&revocation);
        Ok(())
    }

    /// When the last cookie that began by then has expired by the clock of every node.
    fn forget_at(&self, begun: Timestamp, life: Duration) -> Timestamp {
        let skew = seconds(self.node.shared.options.clock_skew);
        begun
            .plus_seconds(seconds(life))
            .plus_seconds(skew)
            .plus_seconds(FORGET_MARGIN)
    }

    fn name_of(&self, subject: &Subject) -> RevocationName {
        RevocationName::of_subject(&self.application.name, subject)
    }

    fn ensure_following(&self) {
        let tasks = self.node.tasks.lock();
        let mut tasks = tasks.unwrap_or_else(PoisonError::into_inner);
        tasks.ensure_running(&self.node.shared);
    }
}

impl Application {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            revocation_name: RevocationName::of_application(name),
            renewals: [0, 1, 2, 3].map(|renewals| RenewalNames::new(name, renewals)),
        }
    }

    fn renewal(&self, id: SessionId, renewals: u32) -> RevocationName {
        let known = usize::try_from(renewals)
            .ok()
            .and_then(|renewals| self.renewals.get(renewals));
        let names = known
            .copied()
            .unwrap_or_else(|| RenewalNames::new(&self.name, renewals));
        names.of(id)
    }
}

impl fmt::Debug for Presented<'_> {
    /// The MAC is a part of the cookie and stays out, and so does whoever is signed in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("began_at", &self.began_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("count", &self.count())
            .field("age", &self.age())
            .finish_non_exhaustive()
    }
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> u64 {
    let part = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(part)
}

/// Five minutes more than a session lives, for clocks that are apart.
const FORGET_MARGIN: u64 = 5 * 60;

/// How far a floor that was pushed ahead may push others.
const MAX_LEAD: u64 = 60;
