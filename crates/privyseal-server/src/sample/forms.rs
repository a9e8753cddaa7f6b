//! What visitors send, and what is taken of it.

use privyseal_session::store::Subject;
use serde::{Deserialize, Serialize};

/// What the session holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Visitor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// The sign-in form.
#[derive(Debug, Deserialize)]
pub(super) struct SignIn {
    #[serde(default)]
    name: String,
}

impl SignIn {
    /// The name, and whose session it will be; or what is wrong with it.
    pub(super) fn name(&self) -> Result<(String, Subject), &'static str> {
        let name = self.name.trim();
        match name.chars().count() {
            0 => Err("Please enter a name."),
            1..=MAX_NAME => match subject_of(name) {
                Some(subject) => Ok((name.to_owned(), subject)),
                None => Err("Please enter a name without line breaks and the like."),
            },
            _ => Err("Please enter a name of at most 40 characters."),
        }
    }
}

/// The name is all that this sample knows of its users. An application takes the user's id.
pub(super) fn subject_of(name: &str) -> Option<Subject> {
    Subject::new(name).ok()
}

/// The form of the note.
#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    note: String,
    #[serde(default)]
    pub(super) csrf: String,
}

impl Note {
    /// The note, none if it is empty, or what is wrong with it.
    pub(super) fn note(&self) -> Result<Option<String>, &'static str> {
        let note = self.note.trim();
        match note.chars().count() {
            0 => Ok(None),
            1..=MAX_NOTE => Ok(Some(note.to_owned())),
            _ => Err("Please write at most 140 characters."),
        }
    }
}

/// A form that is a button.
#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    pub(super) csrf: String,
}

/// Which session to end.
#[derive(Deserialize)]
pub(super) struct SignOutOne {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) csrf: String,
}

/// The cookie that was kept.
#[derive(Deserialize)]
pub(super) struct Replay {
    #[serde(default)]
    pub(super) cookie: String,
}

/// Which character of the cookie to change, counted from 1.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) at: usize,
}

/// The longest name and the longest note in characters. Together they fit a cookie however they
/// are escaped.
pub(super) const MAX_NAME: usize = 40;
pub(super) const MAX_NOTE: usize = 140;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_40_characters() {
        let name = |len| {
            SignIn {
                name: "é".repeat(len),
            }
            .name()
        };
        assert!(name(0).is_err());
        assert_eq!(name(1).unwrap().0, "é");
        assert!(name(MAX_NAME).is_ok());
        assert!(name(MAX_NAME + 1).is_err());
        let blank = SignIn {
            name: " \t ".to_owned(),
        };
        assert!(blank.name().is_err());
        let broken = SignIn {
            name: "a\nb".to_owned(),
        };
        assert!(broken.name().is_err());
    }

    #[test]
    fn a_note_has_at_most_140_characters() {
        let note = |len| {
            Note {
                note: "é".repeat(len),
                csrf: String::new(),
            }
            .note()
        };
        assert_eq!(note(0), Ok(None));
        assert!(note(MAX_NOTE).is_ok());
        assert!(note(MAX_NOTE + 1).is_err());
    }
}
