//! What can go wrong, and what it says about a ring.

use privyseal_keys::SourceError;
use privyseal_keys::repository::RepositoryError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no client: what it was told makes no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The address is none of a server.
    #[error("the address of the server cannot be read")]
    Address,
    /// The address says `http:`, and is not on this machine.
    #[error("the address of the server is not one of TLS")]
    Plain,
    /// A header cannot hold the namespace.
    #[error("the namespace cannot be read")]
    Namespace,
    /// A mount, a path or the name of a key.
    #[error("a mount, path or name has other characters than are taken here")]
    Path,
    /// There are no certificates to trust, or they cannot be read.
    #[error("found no certificates to trust")]
    NoCertificates,
}

impl VaultError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Address => "it looks like https://vault.internal:8200, with nothing behind it",
            Self::Plain => {
                "say https:, or put an agent on this machine; where the network encrypts by \
                 itself, allow it with danger_allow_plain_http"
            }
            Self::Namespace => "it looks like team/shop",
            Self::Path => {
                "use at most 120 letters, digits, dots, hyphens and underscores, and single \
                 slashes between them"
            }
            Self::NoCertificates => {
                "install ca-certificates, or give the certificate of the authority in PEM"
            }
        }
        .to_owned()
    }
}

/// Why a call has no answer that its caller can make something of.
///
/// It quotes nothing that the server says: what stands between it and us may repeat our token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the server cannot be reached")]
    Unreachable(#[source] Source),
    #[error("the server has not answered in time")]
    Late,
    #[error("the server is sealed, or not ready")]
    Sealed,
    #[error("the server answered {0}")]
    Outage(u16),
    #[error("what answers is no server of Vault or OpenBao")]
    Foreign,
    #[error("there is no engine at this mount, or not yet")]
    NoEngine,
    #[error("the answer is longer than {} bytes", crate::client::MAX_ANSWER)]
    TooLong,
    #[error("the token has not the right to do this")]
    Denied,
    #[error("the server does not let us in")]
    LoginRefused,
    #[error("there is nothing to get in with")]
    Credential(#[source] SourceError),
    #[error("what is to get us in is no token")]
    NoToken,
    #[error("the server takes no entry of this length")]
    TooLarge,
    #[error("the server takes the request for a wrong one ({0})")]
    Invalid(u16),
}

impl CallError {
    /// What a status says that no caller makes anything else of.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Denied,
            413 => Self::TooLarge,
            // Not up to date yet, too many requests, and two states of nodes that only replicate.
            412 | 429 | 472 | 473 => Self::Outage(status),
            503 => Self::Sealed,
            400..500 => Self::Invalid(status),
            // A redirection as well: a token goes to the address that was configured.
            _ => Self::Outage(status),
        }
    }

    /// Whether somebody has decided against us, in contrast to an outage.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(
            self,
            Self::Denied | Self::LoginRefused | Self::Credential(_) | Self::NoToken
        )
    }
}

impl From<CallError> for RepositoryError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::TooLarge => Self::Full(error.into()),
            CallError::TooLong => Self::unreadable(error),
            CallError::Invalid(_) => Self::Refused("the server takes the request for a wrong one"),
            denied if denied.is_denial() => Self::denied(denied),
            outage => Self::unavailable(outage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_no_refusal_and_a_refusal_no_outage() {
        for (status, expected) in [
            (302, "unavailable"),
            (307, "unavailable"),
            (400, "refused"),
            (401, "denied"),
            (403, "denied"),
            (405, "refused"),
            (412, "unavailable"),
            (413, "full"),
            (429, "unavailable"),
            (472, "unavailable"),
            (473, "unavailable"),
            (500, "unavailable"),
            (502, "unavailable"),
            (503, "unavailable"),
            (599, "unavailable"),
        ] {
            let found = match RepositoryError::from(CallError::of_status(status)) {
                RepositoryError::Unavailable(_) => "unavailable",
                RepositoryError::Denied(_) => "denied",
                RepositoryError::Full(_) => "full",
                RepositoryError::Refused(_) => "refused",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{status}");
        }
    }

    #[test]
    fn every_error_has_a_hint() {
        for error in [
            VaultError::Address,
            VaultError::Plain,
            VaultError::Namespace,
            VaultError::Path,
            VaultError::NoCertificates,
        ] {
            assert!(!error.hint().is_empty(), "{error}");
        }
    }
}
