//! Where the sessions of the server are kept, as a URL says.

mod connect;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

#[cfg(not(all(feature = "mysql", feature = "postgres", feature = "redis")))]
pub(crate) use connect::NOT_BUILT_IN;
pub(crate) use connect::Sessions;
pub use connect::{count_sessions, sessions_in};

/// The address of a store of sessions: `sqlite:PATH`, `memory`, or the URL of a PostgreSQL, MySQL
/// or Redis server.
///
/// # Security
/// The URL of a server may hold a password. It is in no text that this type makes: neither
/// `Display` nor `Debug` show more of a server than its kind and its host.
///
/// # Examples
/// ```
/// use privyseal_server::StoreUrl;
///
/// let url: StoreUrl = "postgres://app:hunter2@db.internal/app".parse()?;
/// assert!(url.has_password());
/// assert_eq!(url.to_string(), "PostgreSQL at db.internal");
/// # Ok::<(), privyseal_server::StoreUrlError>(())
/// ```
#[derive(Clone)]
pub struct StoreUrl(pub(crate) Address);

#[derive(Clone)]
pub(crate) enum Address {
    Memory,
    Sqlite(PathBuf),
    Server {
        kind: ServerKind,
        url: Zeroizing<String>,
        host: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Postgres,
    MySql,
    Redis,
}

impl StoreUrl {
    /// The SQLite file of a data directory.
    pub fn in_directory(data_directory: impl AsRef<Path>) -> Self {
        Self(Address::Sqlite(data_directory.as_ref().join(FILE_NAME)))
    }

    /// The path, if it is that of an SQLite file.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Address::Sqlite(path) => Some(path),
            _ => None,
        }
    }

    /// What kind of store it is, in one word for programs.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Address::Memory => "memory",
            Address::Sqlite(_) => "sqlite",
            Address::Server { kind, .. } => match kind {
                ServerKind::Postgres => "postgres",
                ServerKind::MySql => "mysql",
                ServerKind::Redis => "redis",
            },
        }
    }

    /// Whether the URL holds a password, and so must not stand where others can read it, such as
    /// on a command line. In doubt it does.
    pub fn has_password(&self) -> bool {
        let Address::Server { url, .. } = &self.0 else {
            return false;
        };
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let user = after_scheme(address).rsplit_once('@');
        user.is_some_and(|(user, _)| user.contains(':'))
            || query.contains('@')
            || query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .any(|(name, value)| name.to_lowercase().contains("pass") && !value.is_empty())
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(url: &str) -> Result<Self, StoreUrlError> {
        if url == "memory" {
            return Ok(Self(Address::Memory));
        }
        let (scheme, rest) = url.split_once(':').ok_or(StoreUrlError::UnknownKind)?;
        let kind = match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                return if path.is_empty() {
                    Err(StoreUrlError::NoPath)
                } else {
                    Ok(Self(Address::Sqlite(path.into())))
                };
            }
            "postgres" | "postgresql" => ServerKind::Postgres,
            "mysql" => ServerKind::MySql,
            "redis" | "rediss" | "redis+unix" => ServerKind::Redis,
            _ => return Err(StoreUrlError::UnknownKind),
        };
        if !rest.starts_with("//") {
            return Err(StoreUrlError::NoHost);
        }
        Ok(Self(Address::Server {
            kind,
            url: Zeroizing::new(url.to_owned()),
            host: host(url).ok_or(StoreUrlError::NoHost)?.to_owned(),
        }))
    }
}

impl fmt::Display for StoreUrl {
    /// For people, without the user and the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Memory => f.write_str("memory"),
            Address::Sqlite(path) => write!(f, "SQLite file {}", path.display()),
            Address::Server { kind, host, .. } => {
                let kind = match kind {
                    ServerKind::Postgres => "PostgreSQL",
                    ServerKind::MySql => "MySQL",
                    ServerKind::Redis => "Redis",
                };
                match host.as_str() {
                    "" => write!(f, "{kind} on this machine"),
                    host => write!(f, "{kind} at {host}"),
                }
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

/// Why a text is no address of a store. What the text was is not said: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreUrlError {
    /// It begins with nothing that is known.
    #[error("the URL of the store begins with no kind of store that is known")]
    UnknownKind,
    /// It names no SQLite file.
    #[error("the URL of the store names no file")]
    NoPath,
    /// What should be the host of a server is none.
    #[error("the URL of the store names no host that can be read")]
    NoHost,
}

impl StoreUrlError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownKind => {
                "stores are sqlite:PATH, memory, postgres://HOST/DATABASE, mysql://HOST/DATABASE, \
                 redis://HOST/NUMBER and rediss://HOST/NUMBER"
            }
            Self::NoPath => "write the path behind it, as in sqlite:sessions.db",
            Self::NoHost => {
                "write it as in postgres://USER@HOST:PORT/DATABASE; what is special in a name or a \
                 password is percent-encoded, such as %40 for @ and %2F for /"
            }
        }
    }
}

fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// Host and port, and nothing that may be a piece of a password: whatever comes before an `@`,
/// wherever that is, is none of it, and neither is a "port" that is no number. Empty for a socket
/// of this machine.
fn host(url: &str) -> Option<&str> {
    let address = url.split_once('?').map_or(url, |(address, _)| address);
    let address = after_scheme(address);
    let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
    let host = host.split(['/', '#']).next().unwrap_or_default();
    let is_host = host.split(',').all(|host| {
        let name = match host.rsplit_once(':') {
            // An IPv6 address has colons of its own.
            Some((name, port)) if !port.ends_with(']') => {
                let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                is_port.then_some(name)
            }
            _ => Some(host),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:%".contains(&byte);
        name.is_some_and(|name| name.bytes().all(is_plain))
    });
    is_host.then_some(host)
}

/// The name of the SQLite file in a data directory.
const FILE_NAME: &str = "sessions.db";

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> StoreUrl {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_store_has_its_url() {
        for (text, kind, shown) in [
            ("memory", "memory", "memory"),
            ("sqlite:a/b.db", "sqlite", "SQLite file a/b.db"),
            ("sqlite:///a/b.db", "sqlite", "SQLite file /a/b.db"),
            ("postgres://h/d", "postgres", "PostgreSQL at h"),
            (
                "postgresql://u@h:5432/d",
                "postgres",
                "PostgreSQL at h:5432",
            ),
            (
                "postgres://u@a:1,b:2/d",
                "postgres",
                "PostgreSQL at a:1,b:2",
            ),
            (
                "postgres:///d?host=/run",
                "postgres",
                "PostgreSQL on this machine",
            ),
            ("mysql://u:p@[::1]:3306/d", "mysql", "MySQL at [::1]:3306"),
            ("redis://:p@h:6379/0", "redis", "Redis at h:6379"),
            ("rediss://h", "redis", "Redis at h"),
            (
                "redis+unix:///run/r?pass=p",
                "redis",
                "Redis on this machine",
            ),
        ] {
            let url = url(text);
            assert_eq!((url.kind(), url.to_string().as_str()), (kind, shown));
        }
    }

    #[test]
    fn what_is_no_url_of_a_store_is_refused_with_a_hint_and_not_quoted() {
        for (text, error) in [
            ("", StoreUrlError::UnknownKind),
            ("hunter2", StoreUrlError::UnknownKind),
            ("hunter2://h", StoreUrlError::UnknownKind),
            ("sqlite:", StoreUrlError::NoPath),
            ("sqlite://", StoreUrlError::NoPath),
            ("postgres:h", StoreUrlError::NoHost),
            ("redis://u:hunter2", StoreUrlError::NoHost),
            ("mysql://u:hunter 2", StoreUrlError::NoHost),
        ] {
            let refused = text.parse::<StoreUrl>().unwrap_err();
            assert_eq!(refused, error, "{text}");
            let said = format!("{refused} {refused:?} {}", refused.hint());
            assert!(!said.contains("hunter"), "{said}");
        }
    }

    #[test]
    fn a_password_is_found_and_never_shown() {
        for text in [
            "postgres://u:hunter2@h/d",
            "postgres://u:hun/ter2@h/d",
            "postgres://u:h@unter2@h/d",
            "postgres://h/d?password=hunter2",
            "postgres://h/d?user=u&sslPassword=hunter2",
            "mysql://u:hunter2@h/d",
            "redis://:hunter2@h",
            "redis+unix:///run/r?pass=hunter2",
        ] {
            let url = url(text);
            assert!(url.has_password(), "{text}");
            let shown = format!("{url} {url:?} {url:#?}");
            assert!(
                !shown.contains("unter2") && !shown.contains("ter2"),
                "{shown}"
            );
        }
        for text in [
            "memory",
            "sqlite:password=x@y:z",
            "postgres://h:5432/d",
            "postgres://u@h:5432/d?sslmode=require",
            "redis://h:6379/0",
        ] {
            assert!(!url(text).has_password(), "{text}");
        }
    }
}
