//! What MySQL's errors mean, without what they quote.

use std::io::ErrorKind;

use mysql_async::{DriverError, Error, IoError, ServerError};
use privyseal_keys::repository::RepositoryError;
use privyseal_session::store::StoreError;

use crate::connect::ConnectError;

/// Why a statement has no answer.
pub(super) struct Failure {
    error: Reason,
    /// Whether the server may have seen the statement.
    under_way: bool,
}

enum Reason {
    Client(Error),
    Late,
}

impl Failure {
    /// There was no connection to send the statement on.
    pub(super) fn before(error: Error) -> Self {
        Self {
            error: Reason::Client(error),
            under_way: false,
        }
    }

    /// The statement was sent, or at least on its way.
    pub(super) fn under_way(error: Error) -> Self {
        Self {
            error: Reason::Client(error),
            under_way: true,
        }
    }

    /// No connection came in time.
    pub(super) fn late() -> Self {
        Self {
            error: Reason::Late,
            under_way: false,
        }
    }

    /// Whether the server undid the statement because of another one, so that it may be repeated.
    pub(super) fn is_conflict(&self) -> bool {
        self.code() == Some(DEADLOCK)
    }

    /// Whether the row was there already.
    pub(super) fn is_duplicate(&self) -> bool {
        self.code() == Some(DUPLICATE)
    }

    /// Whether the tables have other columns than ours.
    pub(super) fn is_foreign(&self) -> bool {
        self.code() == Some(NO_COLUMN)
    }

    /// Whether the user may not do this.
    pub(super) fn is_forbidden(&self) -> bool {
        self.code().is_some_and(|code| FORBIDDEN.contains(&code))
    }

    /// Whether there are no tables yet.
    pub(super) fn is_no_table(&self) -> bool {
        self.code() == Some(NO_TABLE)
    }

    /// Whether the connection broke; nothing is known of a statement that was under way.
    pub(super) fn is_loss(&self) -> bool {
        self.under_way
            && matches!(
                &self.error,
                Reason::Client(Error::Io(_) | Error::Driver(DriverError::ConnectionClosed))
            )
    }

    /// Whether the connection had been closed by the server before the statement was written: it
    /// cannot have been executed, not even if its beginning was sent.
    pub(super) fn was_not_sent(&self) -> bool {
        self.under_way
            && matches!(
                &self.error,
                Reason::Client(Error::Io(IoError::Io(error)))
                    if error.kind() == ErrorKind::BrokenPipe
            )
    }

    /// Whether the connection is of no use although it is open.
    pub(super) fn spoils_connection(&self) -> bool {
        self.code()
            .is_some_and(|code| GOING_OR_READ_ONLY.contains(&code))
    }

    fn code(&self) -> Option<u16> {
        match &self.error {
            Reason::Client(Error::Server(error)) => Some(error.code),
            _ => None,
        }
    }
}

/// Of a statement about the tables themselves.
impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        if failure.is_foreign() {
            Self::Foreign
        } else if failure.is_forbidden() {
            Self::NoRights(failure.into())
        } else {
            Self::Store(failure.into())
        }
    }
}

/// Of a statement about a key ring.
impl From<Failure> for RepositoryError {
    fn from(failure: Failure) -> Self {
        if failure.is_forbidden() {
            Self::denied(StoreError::from(failure))
        } else {
            crate::ring::error(failure.into())
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure.error {
            Reason::Late => Self::unavailable("MySQL did not answer in time"),
            Reason::Client(Error::Server(error)) => of_server(&error),
            Reason::Client(Error::Io(error)) => Self::unavailable(format!("MySQL: {error}")),
            // A driver's error may hold values in its `Debug`, and an error of the URL the URL.
            Reason::Client(Error::Driver(DriverError::ConnectionClosed)) => {
                Self::unavailable("MySQL closed the connection")
            }
            Reason::Client(Error::Driver(_)) => {
                Self::unavailable("the connection to MySQL is out of step")
            }
            Reason::Client(_) => Self::unavailable("MySQL cannot be talked to"),
        }
    }
}

fn of_server(error: &ServerError) -> StoreError {
    let code = error.code;
    let text = if QUOTING.contains(&code) {
        format!("MySQL refused the row (error {code})")
    } else {
        format!("MySQL: {} (error {code})", error.message)
    };
    if FULL.contains(&code) {
        StoreError::Full
    } else if QUOTING.contains(&code) || STRANGE.contains(&code) {
        StoreError::unreadable(text)
    } else {
        StoreError::unavailable(text)
    }
}

const DUPLICATE: u16 = 1062;
const NO_COLUMN: u16 = 1054;
const NO_TABLE: u16 = 1146;
const DEADLOCK: u16 = 1213;

/// No space on the disk or in the table.
const FULL: [u16; 2] = [1021, 1114];

/// Refusals of a value, whose messages have the value in them.
const QUOTING: [u16; 6] = [DUPLICATE, 1264, 1265, 1292, 1366, 1406];

/// Unknown columns, syntax and tables: these are not our tables, or it is not our database.
const STRANGE: [u16; 3] = [NO_COLUMN, 1064, NO_TABLE];

/// No right to use the database, the table, or one of its columns.
const FORBIDDEN: [u16; 3] = [1044, 1142, 1143];

/// The server shuts down, or is a replica now.
const GOING_OR_READ_ONLY: [u16; 4] = [1053, 1290, 1792, 1836];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16) -> (StoreError, String) {
        let error = ServerError {
            code,
            message: "about 'secret'".into(),
            state: "HY000".into(),
        };
        let error = of_server(&error);
        let text = format!("{error:?}");
        (error, text)
    }

    #[test]
    fn what_passes_is_unavailable_and_what_does_not_is_unreadable() {
        for outage in [1040, 1044, 1045, 1053, 1203, 1205, 1213, 1290, 1836, 1927] {
            assert!(of(outage).0.is_unavailable(), "{outage}");
        }
        for strange in [1054, 1064, 1146, 1366, 1406] {
            let (error, _) = of(strange);
            assert!(matches!(error, StoreError::Unreadable(_)), "{strange}");
        }
        for full in FULL {
            assert!(matches!(of(full).0, StoreError::Full));
        }
    }

    #[test]
    fn messages_about_values_are_not_shown() {
        for code in QUOTING {
            assert!(!of(code).1.contains("secret"), "{code}");
        }
        assert!(of(1040).1.contains("secret"), "others are");
    }
}
