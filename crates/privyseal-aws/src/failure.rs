//! What AWS says when something is wrong, without anything that was sent to it.

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use privyseal_keys::kek::{KekError, KekId};
use privyseal_keys::repository::RepositoryError;

/// Why a call has failed.
///
/// The texts of the service are not passed on, as they can quote what was sent; but those about
/// access, which name the user, the action and the resource.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    text: String,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No answer, or one that says to come back later.
    Unavailable,
    /// These credentials, or none, are not let in.
    Denied,
    /// A limit of the account or the secret is reached.
    Full,
    /// The service has refused this very request.
    Refused,
}

impl Failure {
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let Some(answer) = error.as_service_error() else {
            return Self {
                kind: Kind::Unavailable,
                text: chain(error),
            };
        };
        let code = answer.code().unwrap_or("an error without a code");
        let status = error
            .raw_response()
            .map_or(0, |response| response.status().as_u16());
        let kind = kind(code, status);
        let mut text = format!("the service answered {code}");
        if let Some(message) = answer.message().filter(|_| code == ACCESS_DENIED) {
            text = format!("{text}: {message}");
        }
        if let Some(id) = error.request_id() {
            text = format!("{text} (request {id})");
        }
        Self { kind, text }
    }

    pub(crate) fn of_repository(self) -> RepositoryError {
        match self.kind {
            Kind::Unavailable => RepositoryError::unavailable(self),
            Kind::Denied => RepositoryError::denied(self),
            Kind::Full => RepositoryError::Full(self.into()),
            Kind::Refused => RepositoryError::unreadable(self),
        }
    }

    pub(crate) fn of_kek(self, kek: &KekId) -> KekError {
        match self.kind {
            // What it does not take from us today it does not take tomorrow either.
            Kind::Denied | Kind::Refused => KekError::denied(kek, self),
            Kind::Unavailable | Kind::Full => KekError::unavailable(kek, self),
        }
    }
}

fn kind(code: &str, status: u16) -> Kind {
    match code {
        ACCESS_DENIED
        | "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Kind::Denied,
        "LimitExceededException" => Kind::Full,
        // The key of KMS that Secrets Manager itself uses; and of throttling there are several.
        "DecryptionFailure" | "EncryptionFailure" => Kind::Unavailable,
        _ if code.contains("Throttl") || matches!(status, 408 | 429 | 500..) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

/// The messages of an error and of what has caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

const ACCESS_DENIED: &str = "AccessDeniedException";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted() {
        for (code, status, expected) in [
            ("AccessDeniedException", 400, Kind::Denied),
            ("UnrecognizedClientException", 400, Kind::Denied),
            ("LimitExceededException", 400, Kind::Full),
            ("ThrottlingException", 400, Kind::Unavailable),
            ("RequestLimitExceeded", 503, Kind::Unavailable),
            ("InternalServiceError", 500, Kind::Unavailable),
            ("DecryptionFailure", 400, Kind::Unavailable),
            ("ValidationException", 400, Kind::Refused),
            ("InvalidParameterException", 400, Kind::Refused),
        ] {
            assert_eq!(kind(code, status), expected, "{code}");
        }
    }
}
