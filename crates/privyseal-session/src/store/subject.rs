//! Whose session it is.

use std::fmt;
use std::sync::Arc;

/// Names the user of a session, as the application does: its user id, as text.
///
/// It is an index of the store and can be read there, so take an id rather than an address or a
/// name.
///
/// What the engine gives the store is `//application/user` where the
/// [application has a name](crate::Engine::with_application), so that the user is nobody else's
/// who has the same name in another application. It is `///` and a hash where that is too long,
/// where the application's name has a slash or a control character, and for a user of an
/// application without a name who begins with `//`. A store makes nothing of it.
///
/// # Examples
/// ```
/// use privyseal_session::store::Subject;
///
/// let subject = Subject::new("user-4711")?;
/// assert_eq!(subject.as_str(), "user-4711");
/// # Ok::<(), privyseal_session::store::SubjectError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

impl Subject {
    /// The longest subject in bytes.
    pub const MAX_LEN: usize = 255;

    /// A subject of 1 to [`MAX_LEN`](Self::MAX_LEN) bytes without control characters.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a control character.
    pub fn new(subject: impl Into<String>) -> Result<Self, SubjectError> {
        let subject = subject.into();
        if subject.is_empty() || subject.len() > Self::MAX_LEN {
            return Err(SubjectError::Length(subject.len()));
        }
        if subject.chars().any(char::is_control) {
            return Err(SubjectError::ControlCharacter);
        }
        Ok(Self(subject.into()))
    }

    /// The text of the subject.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    /// Whoever it is stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(..)")
    }
}

/// Why a text is no subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// It is empty or too long.
    #[error("a subject has 1 to 255 bytes, and this one has {0}")]
    Length(usize),
    /// It holds a control character.
    #[error("a subject holds no control characters")]
    ControlCharacter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_1_to_255_bytes_and_no_control_characters() {
        assert!(Subject::new("u").is_ok());
        assert!(Subject::new("u".repeat(255)).is_ok());
        assert_eq!(Subject::new(""), Err(SubjectError::Length(0)));
        let long = "u".repeat(256);
        assert_eq!(Subject::new(long), Err(SubjectError::Length(256)));
        for control in ["a\0", "\n", "a\u{7f}b"] {
            assert_eq!(Subject::new(control), Err(SubjectError::ControlCharacter));
        }
    }

    #[test]
    fn debug_does_not_show_the_subject() {
        let subject = Subject::new("ada").unwrap();
        assert_eq!(format!("{subject:?}"), "Subject(..)");
    }
}
