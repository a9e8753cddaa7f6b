//! Calls to a server: each with a token, a deadline, and a bound on what comes back.

mod answer;
mod token;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use zeroize::Zeroizing;

pub(crate) use self::answer::Answer;
use self::token::Tokens;
pub(crate) use self::wire::MAX_ANSWER;
use self::wire::Wire;
use crate::error::CallError;
use crate::{VaultError, VaultOptions};

/// A server of Vault or OpenBao, and a token for it. Clones share the token.
///
/// Every call has a connection of its own: they are some a minute. Redirections are not followed,
/// and nothing is tried again but a call whose token was refused, once, with a new token.
///
/// Needs the runtime of tokio, with I/O and time.
///
/// # Security
/// Neither its `Debug` nor an error shows a token. Tokens and keys are wiped from the memory that
/// is held here, and not from the buffers of the connection and of TLS.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    wire: Wire,
    tokens: Tokens,
    timeout: Duration,
}

impl Vault {
    /// The server of these options. Whether it is there shows with the first call.
    ///
    /// # Errors
    /// When the options make no sense, or there are no certificates to trust.
    pub fn new(options: VaultOptions) -> Result<Self, VaultError> {
        Ok(Self(Arc::new(Inner {
            wire: Wire::new(&options)?,
            tokens: Tokens::new(options.login)?,
            timeout: options.timeout,
        })))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, CallError> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        content: &impl Serialize,
    ) -> Result<Answer, CallError> {
        let content = wire::encoded(content)?;
        self.call(Method::POST, path, Some(content)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Answer, CallError> {
        let answer = tokio::time::timeout(self.0.timeout, self.authorized(method, path, content));
        answer.await.map_err(|_| CallError::Late)?
    }

    async fn authorized(
        &self,
        method: Method,
        path: &str,
        content: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Answer, CallError> {
        let Inner { wire, tokens, .. } = &*self.0;
        let token = tokens.present(wire).await?;
        let send = |token| wire.send(method.clone(), path, content.clone(), Some(token));
        let answer = send(&token).await?;
        if answer.status != FORBIDDEN {
            return answer.or_failure();
        }
        // Of a token that has ended and of a right that is missing the same is said, and in both
        // cases nothing was done.
        match tokens.after_refusal(wire, &token).await? {
            Some(token) => send(&token).await?.or_failure(),
            None => Err(CallError::Denied),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("wire", &self.0.wire)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

const FORBIDDEN: u16 = 403;
