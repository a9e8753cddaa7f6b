//! What Redis says when something is wrong, as the store says it.
//!
//! Its texts are not passed on: for a command that it does not know it quotes the arguments, and
//! those are ids, subjects and the data of sessions.

use privyseal_session::store::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why Redis could not be asked, without anything that was sent to it.
#[derive(Debug, thiserror::Error)]
#[error("Redis: {text}")]
struct Failure {
    text: String,
    is_denied: bool,
}

/// An answer that is none of those a command can have.
#[derive(Debug, thiserror::Error)]
#[error("Redis: {0}")]
pub(super) struct Unreadable(pub(super) &'static str);

impl From<Unreadable> for StoreError {
    fn from(error: Unreadable) -> Self {
        Self::unreadable(error)
    }
}

/// The error of the store for one of the client.
pub(super) fn store_error(error: &RedisError) -> StoreError {
    if is_full(error) {
        return StoreError::Full;
    }
    let failure = Failure {
        text: describe(error),
        is_denied: denies(error),
    };
    if is_unreadable(error) && !failure.is_denied {
        StoreError::unreadable(failure)
    } else {
        StoreError::unavailable(failure)
    }
}

/// Whether the server said that this user may not do it.
pub(super) fn is_denied(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else {
        return false;
    };
    let failure = source.downcast_ref::<Failure>();
    failure.is_some_and(|failure| failure.is_denied)
}

/// Whether another connection may answer where this one does not: it is broken, silent, or leads
/// to a server that has become a replica.
pub(super) fn wants_new_connection(error: &RedisError) -> bool {
    let moved = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
    );
    moved || error.is_io_error() || error.is_unrecoverable_error()
}

pub(super) fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Servers before 7 wrap the error of a script's command in a text of their own.
fn is_full(error: &RedisError) -> bool {
    let wrapped = || error.detail().is_some_and(|text| text.contains("-OOM "));
    error.code() == Some("OOM") || wrapped()
}

/// Of what a script was not allowed, servers say so in a text of their own.
fn denies(error: &RedisError) -> bool {
    let in_script = [
        "ACL failure in script",
        "can't run this command",
        "can't access",
    ];
    let says = |text: &str| in_script.iter().any(|refusal| text.contains(refusal));
    error.code() == Some("NOPERM") || error.detail().is_some_and(says)
}

fn is_unreadable(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::UnexpectedReturnType
        | ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::CrossSlot) => true,
        ErrorKind::Extension => matches!(error.code(), Some("WRONGTYPE" | "UNREADABLE")),
        _ => false,
    }
}

fn describe(error: &RedisError) -> String {
    match (error.kind(), error.code()) {
        (ErrorKind::Io, _) => error.to_string(),
        (_, Some(code)) => format!("the server answered {code}"),
        (kind, None) => format!("{kind:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn said(answer: &str) -> RedisError {
        let answer = redis::parse_redis_value(format!("-{answer}\r\n").as_bytes()).unwrap();
        answer.extract_error().unwrap_err()
    }

    #[test]
    fn errors_of_the_server_are_sorted() {
        for answer in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.",
            "CLUSTERDOWN The cluster is down",
            "MOVED 3999 127.0.0.1:6381",
            "ASK 3999 127.0.0.1:6381",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "MASTERDOWN Link with MASTER is down",
            "BUSY Redis is busy running a script",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOAUTH Authentication required.",
            "NOPERM this user has no permissions",
            "NOREPLICAS Not enough good replicas to write.",
        ] {
            let error = store_error(&said(answer));
            assert!(error.is_unavailable(), "{answer}: {error:?}");
        }
        for answer in [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed",
        ] {
            let error = store_error(&said(answer));
            assert!(matches!(error, StoreError::Full), "{answer}: {error:?}");
        }
        for answer in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "UNREADABLE row",
            "ERR bad argument",
        ] {
            let error = store_error(&said(answer));
            assert!(
                matches!(error, StoreError::Unreadable(_)),
                "{answer}: {error:?}"
            );
        }
    }

    #[test]
    fn what_the_server_quotes_is_not_passed_on() {
        let quoted = "ERR unknown command 'EVALSHA', with args beginning with: 'topsecret'";
        let error = store_error(&said(quoted));
        assert!(!format!("{error:?}").contains("topsecret"), "{error:?}");
    }

    #[test]
    fn connections_that_lead_nowhere_are_replaced() {
        assert!(wants_new_connection(&said("READONLY a replica")));
        assert!(wants_new_connection(
            &io::Error::from(io::ErrorKind::TimedOut).into()
        ));
        assert!(wants_new_connection(
            &io::Error::from(io::ErrorKind::ConnectionReset).into()
        ));
        assert!(!wants_new_connection(&said("LOADING Redis is loading")));
        assert!(!wants_new_connection(&said("NOSCRIPT No matching script.")));
    }
}
