//! What an error of SQLite says about the store.

use std::sync::Arc;

use rusqlite::{Error, ErrorCode};

use privyseal_session::store::StoreError;

/// All who wait for one transaction share its error. The errors of SQLite name tables and codes,
/// never what is in a row.
pub(super) fn of(error: impl Into<Arc<Error>>) -> StoreError {
    let error: Arc<Error> = error.into();
    match code(&error) {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            StoreError::unreadable(error)
        }
        Some(_) => StoreError::unavailable(error),
    }
}

/// Whether the file is no database.
pub(super) fn is_foreign(error: &Error) -> bool {
    code(error) == Some(ErrorCode::NotADatabase)
}

/// Whether another connection is in the way, and may be gone in a moment.
pub(super) fn is_busy(error: &Error) -> bool {
    let code = code(error);
    code == Some(ErrorCode::DatabaseBusy) || code == Some(ErrorCode::DatabaseLocked)
}

/// `None` when SQLite did its work, and we could not make sense of the answer.
fn code(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::SqlInputError { error, .. } => Some(error.code),
        other => other.sqlite_error_code(),
    }
}
