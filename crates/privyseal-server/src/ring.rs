//! Where the key ring of an application is, and what wraps its keys, as a URL and a word say.

mod cloud;
mod connect;
mod kek;
mod open;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use privyseal_keys::repository::RingName;

use self::cloud::CloudRing;
use crate::{StoreUrl, StoreUrlError};

pub use connect::open_repository;
pub use kek::{KekChoice, KekChoiceError};
pub use open::{RingAccessError, open_keeper, open_kek};

/// The address of a key ring: `file:PATH` or `shared-file:PATH` for a directory, `sqlite:PATH`, the
/// URL of a PostgreSQL, MySQL or Redis server, `secretsmanager:NAME` for a secret of AWS, or
/// `vault:MOUNT/PATH` for one of Vault.
///
/// A database can have several rings. Behind a `#` stands the name of one; without it, the ring is
/// `main`.
///
/// AWS and Vault are features of this crate. Region and credentials of AWS are found as all its
/// tools do. Vault is where `VAULT_ADDR` says, in the namespace `VAULT_NAMESPACE` if there is one,
/// with the token of `VAULT_TOKEN` or of the file `VAULT_TOKEN_FILE`.
///
/// # Security
/// The URL of a server may hold a password. It is in no text that this type makes: neither
/// `Display` nor `Debug` show more of a server than its kind and its host.
///
/// # Examples
/// ```
/// use privyseal_server::RingUrl;
///
/// let url: RingUrl = "postgres://app:hunter2@db.internal/app#shop".parse()?;
/// assert!(url.has_password());
/// assert_eq!(url.to_string(), "ring shop in PostgreSQL at db.internal");
/// # Ok::<(), privyseal_server::RingUrlError>(())
/// ```
#[derive(Clone)]
pub struct RingUrl(Place);

#[derive(Clone)]
enum Place {
    Directory { path: PathBuf, is_shared: bool },
    Database { store: StoreUrl, name: RingName },
    Cloud(CloudRing),
}

impl RingUrl {
    /// What kind of repository it is, in one word for programs.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Place::Directory {
                is_shared: false, ..
            } => "file",
            Place::Directory {
                is_shared: true, ..
            } => "shared-file",
            Place::Database { store, .. } => store.kind(),
            Place::Cloud(ring) => ring.kind(),
        }
    }

    /// The directory, if the ring is kept in files.
    pub fn directory(&self) -> Option<&Path> {
        match &self.0 {
            Place::Directory { path, .. } => Some(path),
            Place::Database { .. } | Place::Cloud(_) => None,
        }
    }

    /// Whether nodes are told of changes at once, and do not only look every now and then.
    pub fn is_pushed(&self) -> bool {
        matches!(self.kind(), "file" | "postgres" | "redis")
    }

    /// Whether the URL holds a password, and so must not stand where others can read it, such as
    /// on a command line. In doubt it does.
    pub fn has_password(&self) -> bool {
        match &self.0 {
            Place::Directory { .. } | Place::Cloud(_) => false,
            Place::Database { store, .. } => store.has_password(),
        }
    }

    /// Whether the service of this address is built into this program.
    ///
    /// # Errors
    /// When it is AWS or Vault, and the feature is off.
    pub fn check_built_in(&self) -> Result<(), RingAccessError> {
        match &self.0 {
            Place::Directory { .. } | Place::Database { .. } => Ok(()),
            Place::Cloud(ring) => ring.check_built_in(),
        }
    }
}

impl FromStr for RingUrl {
    type Err = RingUrlError;

    fn from_str(url: &str) -> Result<Self, RingUrlError> {
        let (scheme, rest) = url.split_once(':').ok_or(RingUrlError::UnknownKind)?;
        if matches!(scheme, "file" | "shared-file") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() {
                return Err(RingUrlError::NoPath);
            }
            return Ok(Self(Place::Directory {
                path: path.into(),
                is_shared: scheme == "shared-file",
            }));
        }
        let secret = match scheme {
            "secretsmanager" => Some(CloudRing::secrets_manager(rest)),
            "vault" => Some(CloudRing::vault(rest)),
            _ => None,
        };
        if let Some(secret) = secret {
            let secret = secret.ok_or(RingUrlError::BadSecret)?;
            return Ok(Self(Place::Cloud(secret)));
        }
        let (address, name) = match url.rsplit_once('#') {
            None => (url, RingName::default()),
            Some((address, name)) => {
                let name = RingName::new(name).map_err(|_| RingUrlError::BadName)?;
                (address, name)
            }
        };
        let store = address.parse().map_err(|error| match error {
            StoreUrlError::UnknownKind => RingUrlError::UnknownKind,
            StoreUrlError::NoPath => RingUrlError::NoPath,
            StoreUrlError::NoHost => RingUrlError::NoHost,
        })?;
        Ok(Self(Place::Database { store, name }))
    }
}

impl fmt::Display for RingUrl {
    /// For people, without the user and the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Directory { path, .. } => write!(f, "ring in {}", path.display()),
            Place::Database { store, name } => write!(f, "ring {name} in {store}"),
            Place::Cloud(ring) => write!(f, "ring in {ring}"),
        }
    }
}

impl fmt::Debug for RingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingUrl({self})")
    }
}

/// Why a text is no address of a key ring. What the text was is not said: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingUrlError {
    /// It begins with nothing that is known.
    #[error("the URL of the key ring begins with no kind of repository that is known")]
    UnknownKind,
    /// It names no directory or file.
    #[error("the URL of the key ring names no file")]
    NoPath,
    /// What should be the host of a server is none.
    #[error("the URL of the key ring names no host that can be read")]
    NoHost,
    /// What stands behind the `#` is no name of a ring.
    #[error("the URL of the key ring ends with a # and no name of a ring")]
    BadName,
    /// It names no secret that AWS or Vault could have.
    #[error("the URL of the key ring names no secret")]
    BadSecret,
}

impl RingUrlError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownKind => {
                "rings are in file:DIRECTORY, shared-file:DIRECTORY, sqlite:PATH, \
                 postgres://HOST/DATABASE, mysql://HOST/DATABASE, redis://HOST/NUMBER, \
                 rediss://HOST/NUMBER, secretsmanager:NAME and vault:MOUNT/PATH"
            }
            Self::NoPath => "write the path behind it, as in file:/var/lib/app/ring",
            Self::NoHost => {
                "write it as in postgres://USER@HOST:PORT/DATABASE; what is special in a name or a \
                 password is percent-encoded, such as %40 for @ and %23 for #"
            }
            Self::BadName => {
                "a ring is named by 1 to 64 letters, digits, dots, hyphens and underscores; a # in \
                 a password is written %23"
            }
            Self::BadSecret => {
                "write it as in secretsmanager:shop/key-ring or vault:secret/shop/key-ring, in \
                 letters, digits, dots, hyphens, underscores and single slashes"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> RingUrl {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_repository_has_its_url() {
        for (text, kind, shown) in [
            ("file:a/b", "file", "ring in a/b"),
            ("file:///a#b", "file", "ring in /a#b"),
            ("shared-file:/net/a", "shared-file", "ring in /net/a"),
            ("sqlite:a.db", "sqlite", "ring main in SQLite file a.db"),
            ("sqlite:a.db#b", "sqlite", "ring b in SQLite file a.db"),
            (
                "postgres://u@h:5/d#shop",
                "postgres",
                "ring shop in PostgreSQL at h:5",
            ),
            ("mysql://h/d", "mysql", "ring main in MySQL at h"),
            ("rediss://h#a-b", "redis", "ring a-b in Redis at h"),
            (
                "secretsmanager:shop/ring",
                "secretsmanager",
                "ring in AWS Secrets Manager at shop/ring",
            ),
            (
                "vault:secret/shop/ring",
                "vault",
                "ring in Vault at secret/shop/ring",
            ),
        ] {
            let url = url(text);
            assert_eq!((url.kind(), url.to_string().as_str()), (kind, shown));
        }
    }

    #[test]
    fn what_is_no_url_of_a_ring_is_refused_with_a_hint_and_not_quoted() {
        for (text, error) in [
            ("", RingUrlError::UnknownKind),
            ("hunter2", RingUrlError::UnknownKind),
            ("memory", RingUrlError::UnknownKind),
            ("hunter2://h", RingUrlError::UnknownKind),
            ("file:", RingUrlError::NoPath),
            ("shared-file://", RingUrlError::NoPath),
            ("sqlite:#main", RingUrlError::NoPath),
            ("postgres:h", RingUrlError::NoHost),
            ("postgres://u:hun#ter2@h/d", RingUrlError::BadName),
            ("redis://h#", RingUrlError::BadName),
            ("secretsmanager:", RingUrlError::BadSecret),
            ("secretsmanager:hunter2 a", RingUrlError::BadSecret),
            ("secretsmanager:arn:hunter2", RingUrlError::BadSecret),
            ("vault:hunter2", RingUrlError::BadSecret),
            ("vault:hunter2/", RingUrlError::BadSecret),
            ("vault://hunter2@h/a", RingUrlError::BadSecret),
            ("vault:a/../hunter2", RingUrlError::BadSecret),
            ("vault:a/b#hunter2", RingUrlError::BadSecret),
        ] {
            let refused = text.parse::<RingUrl>().unwrap_err();
            assert_eq!(refused, error, "{text}");
            let said = format!("{refused} {refused:?} {}", refused.hint());
            assert!(!said.contains("hunter") && !said.contains("ter2"), "{said}");
        }
    }

    #[test]
    fn a_password_is_found_and_never_shown() {
        for text in [
            "postgres://u:hunter2@h/d#main",
            "mysql://u:hun/ter2@h/d",
            "redis+unix:///run/r?pass=hunter2",
        ] {
            let url = url(text);
            assert!(url.has_password(), "{text}");
            let shown = format!("{url} {url:?} {url:#?}");
            assert!(!shown.contains("ter2"), "{shown}");
        }
        assert!(!url("file:password=a:b@c").has_password());
        assert!(!url("postgres://u@h/d#main").has_password());
    }

    #[test]
    fn a_service_that_is_not_built_in_is_named_by_its_feature() {
        for (text, feature, is_built_in) in [
            ("secretsmanager:a", "aws", cfg!(feature = "aws")),
            ("vault:a/b", "vault", cfg!(feature = "vault")),
            ("file:a", "", true),
            ("sqlite:a", "", true),
        ] {
            match url(text).check_built_in() {
                Ok(()) => assert!(is_built_in, "{text}"),
                Err(error) => {
                    assert!(!is_built_in, "{text}");
                    let said = format!("built without the feature `{feature}`");
                    assert!(error.to_string().contains(&said), "{error}");
                }
            }
        }
    }

    #[test]
    fn nodes_are_told_at_once_where_something_tells_them() {
        for (text, pushed) in [
            ("file:a", true),
            ("shared-file:a", false),
            ("sqlite:a", false),
            ("postgres://h/d", true),
            ("mysql://h/d", false),
            ("redis://h", true),
            ("secretsmanager:a", false),
            ("vault:a/b", false),
        ] {
            assert_eq!(url(text).is_pushed(), pushed, "{text}");
        }
    }
}
