//! What can go wrong when a store is opened or connected to.

use privyseal_session::store::StoreError;

/// Why there is no store: its address, the tables that were found, or the server.
///
/// Calls of a store that there is fail with [`StoreError`].
///
/// # Security
/// No variant quotes the URL, nor shows it in its `Debug`: it holds the password.
///
/// # Examples
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use privyseal_stores::{ConnectError, SqliteStore};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("notes.txt"), "not a database".repeat(99))?;
/// let refused = SqliteStore::open(directory.path().join("notes.txt")).await;
/// let Err(error) = refused else { panic!("it is a text") };
/// assert!(matches!(error, ConnectError::Foreign));
/// eprintln!("error: {error}"); // its last line is `hint: ...`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none of this kind of store, or asks for what was not compiled in.
    #[error("the URL of the store cannot be read\nhint: {}", self.hint())]
    Url(&'static str),
    /// What is there belongs to something else.
    #[error("what is in the place of the store is not ours\nhint: {}", self.hint())]
    Foreign,
    /// The tables were made by a newer version of this program.
    #[error(
        "the tables of the store have version {found}, and this program knows {known}\n\
         hint: {}", self.hint()
    )]
    NewerTables {
        /// The version of the tables.
        found: u64,
        /// The latest version that is known here.
        known: u64,
    },
    /// The user of the URL may not make the tables, or not use them.
    #[error("the user of the store may not do what it takes\nhint: {}", self.hint())]
    NoRights(#[source] StoreError),
    /// The database would refuse rows that a session may need.
    #[error(
        "the store takes packets of {found} bytes, and we need {needed}\n\
         hint: {}", self.hint()
    )]
    PacketsTooSmall {
        /// What the database takes.
        found: u64,
        /// What it has to take.
        needed: u64,
    },
    /// The operating system has no certificates to trust.
    #[error("found no certificates to trust\nhint: {}", self.hint())]
    NoCertificates,
    /// The store cannot be reached, or does not let us in. What can be done depends on where it
    /// is, so the text has no hint; [`hint`](Self::hint) has one.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Url(example) => return format!("it looks like {example}"),
            Self::Foreign => "name another file or database, with no tables of others in it",
            Self::NewerTables { .. } => {
                "they were made by a newer version of this program; upgrade this one as well"
            }
            Self::NoRights(_) => {
                "grant it the right to make tables, or start the program once as a user who may, \
                 and grant it the right to read and write them"
            }
            Self::PacketsTooSmall { .. } => "raise max_allowed_packet",
            Self::NoCertificates => {
                "install ca-certificates, or point SSL_CERT_FILE to a file of your own"
            }
            Self::Store(StoreError::Full) => "make room on the disk or in the memory of the store",
            Self::Store(_) => {
                "see that it runs, can be reached from here, and lets in the user of the URL; a \
                 file needs a directory that is there and may be written to"
            }
        }
        .to_owned()
    }

    /// Whether it may go away by itself, such as when the server is still starting.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }
}

/// Whom the operating system trusts.
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
pub(crate) fn trusted() -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, ConnectError> {
    let certificates = rustls_native_certs::load_native_certs().certs;
    if certificates.is_empty() {
        return Err(ConnectError::NoCertificates);
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_we_can_tell_ends_with_its_hint() {
        let unavailable = || StoreError::unavailable("gone");
        for error in [
            ConnectError::Url("file:..."),
            ConnectError::Foreign,
            ConnectError::NewerTables { found: 9, known: 1 },
            ConnectError::NoRights(unavailable()),
            ConnectError::PacketsTooSmall {
                found: 1,
                needed: 2,
            },
            ConnectError::NoCertificates,
        ] {
            let text = error.to_string();
            assert_eq!(text.lines().count(), 2, "{text}");
            assert!(
                text.ends_with(&format!("\nhint: {}", error.hint())),
                "{text}"
            );
            assert!(!error.is_unavailable(), "{text}");
        }
        let error = ConnectError::from(unavailable());
        assert_eq!(error.to_string(), "the session store is unavailable");
        assert!(error.is_unavailable() && error.hint().contains("see that it runs"));
    }
}
