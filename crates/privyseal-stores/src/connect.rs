//! What can go wrong when a database is connected to.

use privyseal_session::store::StoreError;

/// Why a store could not be connected to its database.
///
/// No variant quotes the URL: it holds the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none of this database, or asks for what was not compiled in.
    #[error("the URL of the session store cannot be read\nhint: it looks like {0}")]
    Url(&'static str),
    /// The tables were made by a newer version of this program.
    #[error(
        "the tables of the session store have version {found}, and this program knows {known}\n\
         hint: they were made by a newer version of it; upgrade this one as well"
    )]
    NewerTables {
        /// The version of the tables.
        found: u64,
        /// The latest version that is known here.
        known: u64,
    },
    /// The database would refuse rows that a session may need.
    #[error(
        "the session store takes packets of {found} bytes, and sessions need {needed}\n\
         hint: raise max_allowed_packet"
    )]
    PacketsTooSmall {
        /// What the database takes.
        found: u64,
        /// What it has to take.
        needed: u64,
    },
    /// The operating system has no certificates to trust.
    #[error(
        "found no certificates to trust\n\
         hint: install ca-certificates, or point SSL_CERT_FILE to your own"
    )]
    NoCertificates,
    /// The database cannot be reached, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}
