//! What can be revoked, by name.

use privyseal::sealed::SessionId;
use sha2::{Digest as _, Sha256};

use crate::store::Subject;

/// Names a session, the cookies that it had before it was renewed, a user, the bytes of a cookie or
/// the whole application by 16 bytes, so that a log of revocations tells nobody who was signed out.
///
/// # Security
/// A session's name is its id, 128 random bits of ours, and that of its cookies before a renewal is
/// the id with a hash added to it. The others are truncated SHA-256, under a
/// label for each kind and with the name of the application, so that none is another's. Whoever
/// chooses two subjects of the same name, for 2^64 hashes, signs out himself. A guess of a subject
/// can be checked against the log, so keep the log as private as the list of users.
///
/// # Examples
/// ```
/// use privyseal_session::revocation::RevocationName;
/// use privyseal_session::store::Subject;
///
/// let ada = RevocationName::of_subject("shop", &Subject::new("user-4711")?);
/// assert_ne!(ada, RevocationName::of_subject("forum", &Subject::new("user-4711")?));
/// # Ok::<(), privyseal_session::store::SubjectError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevocationName([u8; Self::LEN]);

impl RevocationName {
    /// The length of a name in bytes.
    pub const LEN: usize = 16;

    /// The name of one session.
    pub const fn of_session(id: SessionId) -> Self {
        Self(*id.as_bytes())
    }

    /// The name of the cookies of a session while it had been renewed so many times, and no other.
    pub fn of_renewal(application: &str, id: SessionId, renewals: u32) -> Self {
        RenewalNames::new(application, renewals).of(id)
    }

    /// The name of a cookie that has no session id: its MAC, *decoded*.
    ///
    /// # Security
    /// The text of a signed cookie is no name: a MAC in lenient base64 has many spellings, and a
    /// revoked cookie would come back in another one.
    pub fn of_cookie(application: &str, mac: &[u8]) -> Self {
        Self::hashed(Kind::Cookie, application, mac)
    }

    /// The name of all sessions of a user of this application.
    pub fn of_subject(application: &str, subject: &Subject) -> Self {
        Self::hashed(Kind::Subject, application, subject.as_str().as_bytes())
    }

    /// The name of all sessions of the application.
    pub fn of_application(application: &str) -> Self {
        Self::hashed(Kind::Application, application, b"")
    }

    /// A name that a log gave back.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the name.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The kind has one byte and the application is preceded by its length, so that no two lists
    /// of parts are the same bytes.
    fn hashed(kind: Kind, application: &str, value: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"privyseal revocation v1");
        hash.update([kind as u8]);
        hash.update((application.len() as u64).to_be_bytes());
        hash.update(application);
        hash.update(value);
        let mut name = [0; Self::LEN];
        for (to, from) in name.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(name)
    }
}

/// The names of all sessions' cookies that have been renewed so many times: the id, with as many
/// bits of a hash added to it. Ids are random and ours, so nobody makes two names meet; and whoever
/// has the hash needs none for each session.
#[derive(Clone, Copy)]
pub(super) struct RenewalNames(u128);

impl RenewalNames {
    pub(super) fn new(application: &str, renewals: u32) -> Self {
        let hash = RevocationName::hashed(Kind::Renewal, application, &renewals.to_be_bytes());
        Self(u128::from_be_bytes(hash.0))
    }

    pub(super) fn of(self, id: SessionId) -> RevocationName {
        let id = u128::from_be_bytes(*id.as_bytes());
        RevocationName((id ^ self.0).to_be_bytes())
    }
}

/// What a hashed name stands for.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Application = b'a',
    Cookie = b'c',
    Renewal = b'r',
    Subject = b's',
}

impl std::fmt::Debug for RevocationName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RevocationName(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> Subject {
        Subject::new(text).unwrap()
    }

    #[test]
    fn names_of_different_kinds_applications_and_values_differ() {
        let names = [
            RevocationName::of_application(""),
            RevocationName::of_application("a"),
            RevocationName::of_application("ab"),
            RevocationName::of_subject("", &subject("ab")),
            RevocationName::of_subject("a", &subject("b")),
            RevocationName::of_subject("ab", &subject("c")),
            RevocationName::of_subject("a", &subject("bc")),
            RevocationName::of_cookie("a", b"b"),
            RevocationName::of_cookie("ab", b""),
            RevocationName::of_cookie("", b"ab"),
            RevocationName::of_renewal("", SessionId::from_bytes([7; 16]), 0),
            RevocationName::of_renewal("", SessionId::from_bytes([7; 16]), 1),
            RevocationName::of_renewal("", SessionId::from_bytes([8; 16]), 0),
            RevocationName::of_renewal("a", SessionId::from_bytes([7; 16]), 0),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{at}");
        }
    }

    #[test]
    fn a_session_is_named_by_its_id() {
        let id = SessionId::from_bytes([7; 16]);
        assert_eq!(RevocationName::of_session(id).as_bytes(), id.as_bytes());
    }

    /// Nodes of two versions share one log, so a name is a format.
    #[test]
    fn names_stay_as_they_are() {
        let hex = |name: RevocationName| SessionId::from_bytes(*name.as_bytes()).to_string();
        for (name, expected) in [
            (
                RevocationName::of_application("shop"),
                "d90334c5545bac50bf7798a349249e2b",
            ),
            (
                RevocationName::of_subject("shop", &subject("ada")),
                "ecb86d07afe5245d0d16708f9d5638cc",
            ),
            (
                RevocationName::of_cookie("shop", &[1, 2, 3]),
                "3a79e29361872fa50d17b09925ac160c",
            ),
            (
                RevocationName::of_renewal("shop", SessionId::from_bytes([7; 16]), 3),
                "54eebf5be11a30bbefcec2846fcac813",
            ),
        ] {
            assert_eq!(hex(name), expected);
        }
    }

    #[test]
    fn debug_does_not_show_the_name() {
        let name = RevocationName::from_bytes([b'a'; 16]);
        assert_eq!(format!("{name:?}"), "RevocationName(..)");
    }
}
