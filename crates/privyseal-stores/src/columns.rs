//! What is read from a database, unless it makes no sense.

use privyseal_session::store::{StoreError, Subject};

pub(crate) fn subject(bytes: Vec<u8>) -> Result<Subject, StoreError> {
    let text = String::from_utf8(bytes).map_err(|_| unreadable("a subject that is no text"))?;
    Subject::new(text).map_err(StoreError::unreadable)
}

pub(crate) fn sixteen(bytes: &[u8]) -> Result<[u8; 16], StoreError> {
    let sixteen = bytes.try_into();
    sixteen.map_err(|_| unreadable("an id that is not 16 bytes long"))
}

/// Clients quote in their own errors what they could not read.
pub(crate) fn unreadable(what: &'static str) -> StoreError {
    StoreError::unreadable(what)
}
