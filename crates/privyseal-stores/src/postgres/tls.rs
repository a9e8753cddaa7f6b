//! Where the database is and how to talk to it, in the clear or by TLS.

use std::time::Duration;

use tokio_postgres::Config;

use crate::connect::ConnectError;

#[cfg(not(feature = "postgres-tls"))]
pub(super) type Tls = tokio_postgres::NoTls;
#[cfg(feature = "postgres-tls")]
pub(super) type Tls = tokio_postgres_rustls::MakeRustlsConnect;

/// What a connection needs to be made.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Tls,
}

impl Connector {
    pub(super) fn new(url: &str) -> Result<Self, ConnectError> {
        // The client's error may quote what it takes for an option: part of the password, if that
        // has a question mark in it.
        let mut config: Config = url.parse().map_err(|_| ConnectError::Url(URL))?;
        if config.get_hosts().is_empty() {
            return Err(ConnectError::Url(URL));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        // Without it, a server that vanishes is noticed after a quarter of an hour, and until then
        // every call waits for it again.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_TIMEOUT);
        }
        // The connection for notifications says nothing itself, so somebody has to ask.
        if config.get_keepalives_idle() >= Duration::from_hours(2) {
            config.keepalives_idle(SILENCE_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("privyseal");
        }
        Ok(Self {
            config,
            tls: tls()?,
        })
    }

    #[cfg_attr(
        not(feature = "postgres-tls"),
        expect(clippy::clone_on_copy, reason = "with TLS it is no copy")
    )]
    pub(super) fn parts(&self) -> (Config, Tls) {
        (self.config.clone(), self.tls.clone())
    }
}

#[cfg(not(feature = "postgres-tls"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with TLS there may be no certificates"
)]
fn tls() -> Result<Tls, ConnectError> {
    Ok(tokio_postgres::NoTls)
}

#[cfg(feature = "postgres-tls")]
fn tls() -> Result<Tls, ConnectError> {
    use std::sync::Arc;

    use rustls::{ClientConfig, RootCertStore};

    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ConnectError::NoCertificates);
    }
    // Named, since a process that has two of them and no default would panic.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(
        clippy::expect_used,
        reason = "ring has the suites of both versions of TLS"
    )]
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls::new(config))
}

/// How long a new connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the server may leave bytes unacknowledged, or a silent connection go unasked.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

const URL: &str = "postgres://user:password@host:5432/database?sslmode=require";
