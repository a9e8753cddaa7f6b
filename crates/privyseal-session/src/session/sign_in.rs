//! Who is signed in, and how surely.

use std::time::Duration;

use serde::Serialize;

use super::Session;
use crate::record::Data;
use crate::store::Subject;

impl<T: Default + Serialize> Session<T> {
    /// Signs a user in: the session is theirs from now on, begins anew, and has another cookie. The
    /// one from before is worth nothing, so that one that was planted is, too. The
    /// [id](Self::id) stays.
    ///
    /// What a visitor left in the session stays in it, and so does what the same user did; clear
    /// what must not. A session that was another user's is emptied first: data, messages, label,
    /// level and "remember me" are gone, and the `T` is its default. What is written from here on
    /// is the new user's. Another `Session` of the same request shows what was there before, and
    /// what is changed through it is dropped.
    ///
    /// To be found by [`Engine::sessions_of`](crate::Engine::sessions_of), and ended by it, a
    /// session has to be somebody's.
    ///
    /// # Security
    /// Call it at every sign-in, also when somebody confirms who they are. For sessions in cookies
    /// without a log of revocations, the cookie from before stays valid until it times out, for
    /// what it held.
    ///
    /// Under Flask's rules the response becomes an error, and so it does with
    /// [`elevate`](Self::elevate), [`remember`](Self::remember) and [`renew`](Self::renew): their
    /// sessions know nothing of it, and a sign-in that does nothing must not look like one. Put the
    /// user's id into the session there, as Flask-Login does: see
    /// [`FlaskRules::subject_key`](crate::FlaskRules::subject_key).
    pub fn sign_in(&mut self, subject: Subject) {
        if self.lacks(
            "sign_in",
            "put the id of the user into the session, under `FlaskRules::subject_key`",
        ) {
            return;
        }
        let engine = self.handle.engine().clone();
        let signed_in = self.handle.change(|record, now| {
            if record.is_anothers(&subject) {
                record.empty();
            }
            // In the second in which the user was signed out everywhere, this is later.
            let now = engine.begin_time(Some(&subject), now);
            record.meta.subject = Some(subject);
            record.meta.signed_in_at = Some(now);
            record.meta.level = 0;
            record.created_at = now;
            record.signed_in = true;
            record.gain_rights();
            (now, record.emptied)
        });
        let Some((created_at, emptied)) = signed_in else {
            return;
        };
        self.created_at = created_at;
        if emptied != self.emptied {
            self.value = T::default();
            self.opened = Data::default();
            self.before = None;
            self.emptied = emptied;
        }
    }
}

impl<T: Serialize> Session<T> {
    /// Who is signed in, as [`sign_in`](Self::sign_in) said; nobody under Flask's rules.
    pub fn subject(&self) -> Option<Subject> {
        self.handle
            .look(|record| record.meta.subject.clone())
            .flatten()
    }

    /// Notes that the user has shown who they are once more, in a way that the application calls
    /// `level`, such as 2 for a second factor; [`require_fresh`](Self::require_fresh) asks for it.
    /// The session gets another cookie, and the one from before is worth nothing, as with
    /// [`sign_in`](Self::sign_in).
    ///
    /// Under Flask's rules the response becomes an error.
    pub fn elevate(&mut self, level: u8) {
        if self.lacks("elevate", "put the level and its time into the session") {
            return;
        }
        self.handle.change(|record, now| {
            record.meta.signed_in_at = Some(now.max(record.meta.signed_in_at.unwrap_or(now)));
            record.meta.level = level;
            record.gain_rights();
        });
    }

    /// Whether the user has shown who they are at most `max_age` ago, with this level at least:
    /// ask before something that a stolen session must not do.
    ///
    /// # Errors
    /// When they have not; send them to where they can. Under Flask's rules always, for no sign-in is
    /// noted there.
    pub fn require_fresh(&self, max_age: Duration, level: u8) -> Result<(), NotFresh> {
        let now = self.handle.now();
        // A clock that was far ahead when the user signed in would make them fresh until then.
        let (_, skew) = self.handle.engine().rules().bounds();
        let latest = now.plus_seconds(skew.as_secs());
        let is_fresh = self.handle.look(|record| {
            let is_recent = record.meta.signed_in_at.is_some_and(|time| {
                time <= latest && now.seconds_since(time).unwrap_or(0) <= max_age.as_secs()
            });
            // A session that is nobody's has nobody who could have shown it.
            record.meta.subject.is_some() && record.meta.level >= level && is_recent
        });
        is_fresh.unwrap_or(false).then_some(()).ok_or(NotFresh)
    }

    /// Whether the session outlives the browser, with the longer timeouts of
    /// [`Timeouts`](crate::Timeouts): "remember me". It stays so when the session is written again.
    ///
    /// Under Flask's rules the response becomes an error; [`set_permanent`](Self::set_permanent)
    /// does this there.
    pub fn remember(&mut self, remembered: bool) {
        if self.lacks("remember", "call `set_permanent`") {
            return;
        }
        self.handle.change(|record, _| {
            record.modified |= record.meta.remembered != remembered;
            record.meta.remembered = remembered;
        });
    }
}

/// The user has to show who they are before they may do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in is too old or too weak for this")]
pub struct NotFresh;
