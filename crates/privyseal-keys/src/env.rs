//! Keys from the environment, with the names that Flask and Docker use.

use std::env::VarError;
use std::path::PathBuf;

use privyseal::KeyRing;
use privyseal::secret::KeyEncoding;
use zeroize::Zeroizing;

use crate::list::{OlderKey, danger_weak, fit, older_keys};
use crate::{KeyText, Loaded, Origin, SourceError, Warning};

/// The key ring of an application that is configured by its environment.
///
/// `name` is the variable that holds the key which signs, usually `SECRET_KEY`. `{name}_FALLBACKS`
/// may hold older keys that still verify, oldest first, as Flask orders its
/// `SECRET_KEY_FALLBACKS`: a JSON array of strings, or two texts or more with a comma between them
/// and nothing else. In place of either variable there may be one whose name ends in
/// `_FILE` and which holds the path of a file, as containers mount their secrets. The texts are
/// the keys, byte by byte.
///
/// # Errors
/// When there is no key, or any of the keys is missing, weak or publicly known, or a source cannot
/// be read.
///
/// # Examples
/// ```no_run
/// let keys = privyseal_keys::from_env("SECRET_KEY")?;
/// # Ok::<(), privyseal_keys::SourceError>(())
/// ```
pub fn from_env(name: &str) -> Result<KeyRing, SourceError> {
    Ok(load_env(name)?.ring)
}

/// As [`from_env`], with a [`Warning`] for each file that others can read.
///
/// # Errors
/// As [`from_env`].
pub fn load_env(name: &str) -> Result<Loaded, SourceError> {
    load(name, variable, fit)
}

/// As [`load_env`], for applications that are moving away from a weak key: older keys may be weak,
/// and then there is a [`Warning`] for each.
///
/// # Errors
/// As [`from_env`], except for weak older keys.
///
/// # Security
/// Whoever guesses a weak older key can forge sessions for as long as it stays in the list.
pub fn danger_load_env_with_weak_fallbacks(name: &str) -> Result<Loaded, SourceError> {
    load(name, variable, danger_weak)
}

impl KeyText {
    /// Reads a key from an environment variable or, if it is not set, from the file that the
    /// variable `{name}_FILE` names.
    ///
    /// # Errors
    /// When neither is set or both are, or the source cannot be read.
    pub fn from_env(name: &str) -> Result<Self, SourceError> {
        text(name, variable)?.ok_or_else(|| SourceError::Missing {
            variable: name.to_owned(),
        })
    }
}

/// Where systemd keeps the credential of this name (`LoadCredential=`) for this service.
pub fn credential_path(name: &str) -> Option<PathBuf> {
    let directory = variable("CREDENTIALS_DIRECTORY").ok()?;
    Some(PathBuf::from(directory).join(name))
}

fn load(
    name: &str,
    variable: impl Fn(&str) -> Result<String, VarError>,
    older_key: OlderKey,
) -> Result<Loaded, SourceError> {
    let text_of = |name: &str| text(name, &variable);
    let secret_key = text_of(name)?.ok_or_else(|| SourceError::Missing {
        variable: name.to_owned(),
    })?;
    let mut warnings: Vec<Warning> = secret_key.warning().cloned().into_iter().collect();
    let primary = secret_key.secret_key(KeyEncoding::Text)?;

    let fallbacks_name = format!("{name}_FALLBACKS");
    let mut fallbacks = Vec::new();
    if let Some(list) = text_of(&fallbacks_name)? {
        let (keys, of_keys) = older_keys(&list, older_key, |index| Origin::Entry {
            variable: fallbacks_name.clone(),
            index,
        })?;
        fallbacks = keys;
        warnings.extend(of_keys);
    }
    Ok(Loaded {
        ring: KeyRing::from_flask(primary, fallbacks),
        warnings,
    })
}

/// The content of the variable or of the file that its `_FILE` twin names.
fn text(
    name: &str,
    variable: impl Fn(&str) -> Result<String, VarError>,
) -> Result<Option<KeyText>, SourceError> {
    let read = |name: &str| match variable(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        // The error holds the value; it goes no further.
        Err(VarError::NotUnicode(_)) => Err(SourceError::NotText {
            origin: Origin::Variable(name.to_owned()),
        }),
    };
    let file = format!("{name}_FILE");
    match (read(name)?, read(&file)?) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(KeyText::from_bytes(
            Zeroizing::new(text.into_bytes()),
            Origin::Variable(name.to_owned()),
        ))),
        (None, Some(path)) => match KeyText::from_file(path) {
            // Not the path: who mistook this variable for the other one put the key there.
            Err(SourceError::Unreadable { source, .. }) => Err(SourceError::Unreadable {
                origin: Origin::Variable(file),
                source,
            }),
            read => read.map(Some),
        },
        (Some(text), Some(_)) => {
            drop(Zeroizing::new(text));
            Err(SourceError::Ambiguous {
                variable: name.to_owned(),
            })
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place in the workspace that reads the environment"
)]
fn variable(name: &str) -> Result<String, VarError> {
    std::env::var(name)
}

#[cfg(test)]
mod tests;
