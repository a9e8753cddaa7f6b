//! What PostgreSQL's errors mean, without what they quote.

use deadpool_postgres::PoolError;
use privyseal_keys::repository::RepositoryError;
use privyseal_session::store::StoreError;
use tokio_postgres::error::{DbError, SqlState};

use crate::connect::ConnectError;
use crate::repeat::Repeat;

/// Why a statement has no answer.
pub(super) struct Failure {
    error: Error,
    /// Whether the server may have seen the statement.
    under_way: bool,
}

enum Error {
    Client(tokio_postgres::Error),
    Pool(&'static str),
}

impl Failure {
    /// The statement was not sent.
    pub(super) fn before(error: tokio_postgres::Error) -> Self {
        Self {
            error: Error::Client(error),
            under_way: false,
        }
    }

    /// The statement was sent, or at least on its way.
    pub(super) fn under_way(error: tokio_postgres::Error) -> Self {
        Self {
            error: Error::Client(error),
            under_way: true,
        }
    }

    /// Whether the server undid the statement because of another one, so that it may be repeated.
    pub(super) fn is_conflict(&self) -> bool {
        let conflicts = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ];
        self.database()
            .is_some_and(|error| conflicts.contains(error.code()))
    }

    /// Whether the connection broke; nothing is known of a statement that was under way.
    pub(super) fn is_loss(&self) -> bool {
        match &self.error {
            Error::Client(error) => error.is_closed() || io_source(error),
            Error::Pool(_) => false,
        }
    }

    pub(super) fn may_repeat(&self, repeat: Repeat) -> bool {
        !self.under_way || repeat == Repeat::Always
    }

    /// Whether the connection is of no use although it is open.
    pub(super) fn spoils_connection(&self) -> bool {
        self.database().is_some_and(|error| {
            *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
                || *error.code() == SqlState::UNDEFINED_PSTATEMENT
                || error.code().code().starts_with("57P")
        })
    }

    fn is_foreign(&self) -> bool {
        self.database()
            .is_some_and(|error| *error.code() == SqlState::UNDEFINED_COLUMN)
    }

    fn is_forbidden(&self) -> bool {
        self.database()
            .is_some_and(|error| *error.code() == SqlState::INSUFFICIENT_PRIVILEGE)
    }

    fn database(&self) -> Option<&DbError> {
        match &self.error {
            Error::Client(error) => error.as_db_error(),
            Error::Pool(_) => None,
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
            Error::Client(error) => of_client(&error),
            Error::Pool(what) => Self::unavailable(what),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::under_way(error)
    }
}

/// An error of the pool; the statement was not sent.
pub(super) fn of_pool(error: PoolError) -> Failure {
    let error = match error {
        PoolError::Backend(error) => return Failure::before(error),
        PoolError::Timeout(_) => Error::Pool("PostgreSQL did not answer in time"),
        _ => Error::Pool("the pool of connections is closed"),
    };
    Failure {
        error,
        under_way: false,
    }
}

fn of_client(error: &tokio_postgres::Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        return StoreError::unavailable(chain(error));
    };
    let code = database.code().code();
    let text = describe(database);
    match code {
        "53100" => StoreError::Full,
        // Tables that are missing or have other columns, and rows that do not fit into them.
        _ if ["22", "23", "42"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            StoreError::unreadable(text)
        }
        _ => StoreError::unavailable(text),
    }
}

/// The server's message for the operator; details and messages about values quote rows.
fn describe(error: &DbError) -> String {
    let code = error.code().code();
    if code.starts_with("22") || code.starts_with("23") {
        return format!("PostgreSQL refused the row (SQLSTATE {code})");
    }
    format!("PostgreSQL: {} (SQLSTATE {code})", error.message())
}

/// The error with its causes, in one line.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = format!("PostgreSQL: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their cause.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn io_source(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
