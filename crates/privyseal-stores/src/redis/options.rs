//! How to reach a server, and under which keys.

use std::fmt;
use std::time::Duration;

use privyseal_session::store::StoreError;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    RedisError,
};

use super::error::store_error;

/// Settings of a [`RedisStore`](super::RedisStore), all with a default.
///
/// # Examples
/// ```no_run
/// use privyseal_stores::{RedisOptions, RedisStore};
///
/// # async fn example() -> Result<(), privyseal_session::store::StoreError> {
/// let options = RedisOptions::default().with_prefix("shop:");
/// let store = RedisStore::connect_with("redis://127.0.0.1:6379/2", options).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) prefix: String,
    pub(super) timeout: Duration,
    #[cfg(feature = "redis-tls")]
    root_certificates: Option<Vec<u8>>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            prefix: "privyseal:".to_owned(),
            timeout: Duration::from_secs(2),
            #[cfg(feature = "redis-tls")]
            root_certificates: None,
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl RedisOptions {
    /// What all keys begin with, and the channel: `privyseal:` if nothing is said. Applications
    /// that share a server need one each.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long to wait for a connection, and for an answer: two seconds if nothing is said.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts these authorities, certificates in PEM, instead of those of the operating system.
    #[cfg(feature = "redis-tls")]
    #[must_use]
    pub fn with_root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    pub(super) fn connection_config(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
            .set_pipeline_buffer_size(MAX_QUEUED)
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn certificates(&self) -> Option<redis::TlsCertificates> {
        let root_cert = Some(self.root_certificates.clone()?);
        Some(redis::TlsCertificates {
            client_tls: None,
            root_cert,
        })
    }

    /// A client for an address; nothing is connected yet.
    pub(super) fn client(&self, address: ConnectionInfo) -> Result<Client, StoreError> {
        self.build(address).map_err(|error| store_error(&error))
    }

    #[cfg(feature = "redis-tls")]
    fn build(&self, address: ConnectionInfo) -> Result<Client, RedisError> {
        if !matches!(address.addr(), redis::ConnectionAddr::TcpTls { .. }) {
            return Client::open(address);
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Without one the client panics when features of rustls leave it a choice. Somebody
            // may have been faster, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        match self.certificates() {
            Some(certificates) => Client::build_with_tls(address, certificates),
            None => Client::open(address),
        }
    }

    #[cfg(not(feature = "redis-tls"))]
    #[expect(
        clippy::unused_self,
        reason = "certificates are among the options with TLS"
    )]
    fn build(&self, address: ConnectionInfo) -> Result<Client, RedisError> {
        Client::open(address)
    }
}

/// What a URL says.
pub(super) fn address(url: &str) -> Result<ConnectionInfo, StoreError> {
    // The client's error might quote the password.
    let address = url
        .into_connection_info()
        .map_err(|_| StoreError::unavailable(BadAddress))?;
    // In this version of the protocol the server and the client tell when a connection breaks.
    let settings = address.redis_settings().clone();
    Ok(address.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3)))
}

/// A URL that says no place of a server.
#[derive(Debug, thiserror::Error)]
#[error(
    "the address of Redis is not one of redis://, rediss:// (with the feature redis-tls) or \
     redis+unix://"
)]
struct BadAddress;

/// How many calls may wait to be sent: more than a node has requests at once.
const MAX_QUEUED: usize = 1024;
