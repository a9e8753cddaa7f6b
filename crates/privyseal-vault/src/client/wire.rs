//! One request and its answer, over a connection of its own.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::token::Token;
use crate::error::CallError;
use crate::{VaultError, VaultOptions};

/// Where requests go, and how.
pub(super) struct Wire {
    host: String,
    port: u16,
    namespace: Option<HeaderValue>,
    way: Way,
}

enum Way {
    Tls {
        connector: TlsConnector,
        name: ServerName<'static>,
    },
    /// In the clear; over a network as well, if that was allowed.
    Plain { anywhere: bool },
}

impl Wire {
    pub(super) fn new(options: &VaultOptions) -> Result<Self, VaultError> {
        let address: Uri = options.address.parse().map_err(|_| VaultError::Address)?;
        let host = address.host().ok_or(VaultError::Address)?;
        let bare = address.path_and_query().is_none_or(|path| path == "/");
        let has_user = options.address.contains('@');
        if host.is_empty() || !bare || has_user {
            return Err(VaultError::Address);
        }
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let (way, port) = match address.scheme_str() {
            Some("https") => (tls(&host, options.roots.as_deref())?, 443),
            Some("http") => (plain(&host, options.plain_anywhere)?, 80),
            _ => return Err(VaultError::Address),
        };
        let namespace = options.namespace.as_deref().map(HeaderValue::from_str);
        Ok(Self {
            host,
            port: address.port_u16().unwrap_or(port),
            namespace: namespace.transpose().map_err(|_| VaultError::Namespace)?,
            way,
        })
    }

    /// Sends a request for a path below `/v1/`, and reads the answer whole.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content: Option<Zeroizing<Vec<u8>>>,
        token: Option<&Token>,
    ) -> Result<Answer, CallError> {
        let request = self.request(method, path, content, token)?;
        let stream = self.connect().await?;
        match &self.way {
            Way::Plain { .. } => exchange(stream, request).await,
            Way::Tls { connector, name } => {
                let stream = connector.connect(name.clone(), stream).await;
                exchange(stream.map_err(unreachable)?, request).await
            }
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content: Option<Zeroizing<Vec<u8>>>,
        token: Option<&Token>,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let host = if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/v1/{path}"))
            .header(HOST, host)
            // Agents can be set to refuse requests without it, which pages in a browser cannot set.
            .header("x-vault-request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        if let Some(token) = token {
            let mut token = HeaderValue::from_str(token).map_err(|_| CallError::NoToken)?;
            token.set_sensitive(true);
            request = request.header("x-vault-token", token);
        }
        if content.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        // Wiped when it is sent.
        let content = content.map(Bytes::from_owner).unwrap_or_default();
        request.body(Full::new(content)).map_err(unreachable)
    }

    async fn connect(&self) -> Result<TcpStream, CallError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        // A name can lead anywhere, whatever it is.
        let allowed = |address: &SocketAddr| match self.way {
            Way::Plain { anywhere: false } => address.ip().is_loopback(),
            _ => true,
        };
        let mut last = None;
        for address in found.map_err(unreachable)?.filter(allowed) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| unreachable("its name leads nowhere"), unreachable))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("namespace", &self.namespace)
            .field("is_tls", &matches!(self.way, Way::Tls { .. }))
            .finish_non_exhaustive()
    }
}

/// JSON that is wiped when it is dropped.
pub(super) fn encoded(content: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, CallError> {
    // All the room that a token or a key takes: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_CREDENTIAL));
    serde_json::to_writer(&mut *bytes, content).map_err(unreachable)?;
    Ok(bytes)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, CallError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let body = read(response.into_body()).await?;
        Ok(Answer { status, body })
    };
    let mut answer = std::pin::pin!(answer);
    // No task of its own: whoever drops the call drops the connection.
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // All that the server said is here already.
        _ = connection => answer.await,
    }
}

async fn read(mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, CallError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_CREDENTIAL));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(unreachable)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > MAX_ANSWER {
            return Err(CallError::TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn plain(host: &str, anywhere: bool) -> Result<Way, VaultError> {
    let address = host.parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if is_here || anywhere {
        Ok(Way::Plain { anywhere })
    } else {
        Err(VaultError::Plain)
    }
}

fn tls(host: &str, roots: Option<&[u8]>) -> Result<Way, VaultError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| VaultError::Address)?;
    let mut trusted = RootCertStore::empty();
    if let Some(pem) = roots {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| VaultError::NoCertificates)?;
            let added = trusted.add(certificate);
            added.map_err(|_| VaultError::NoCertificates)?;
        }
    } else {
        // Some of a system's certificates may be broken; the others will do.
        let found = rustls_native_certs::load_native_certs();
        trusted.add_parsable_certificates(found.certs);
    }
    if trusted.is_empty() {
        return Err(VaultError::NoCertificates);
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
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    Ok(Way::Tls { connector, name })
}

fn unreachable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CallError {
    CallError::Unreachable(source.into())
}

/// The longest answer that is read: the longest ring in base64, and half as much again.
pub(crate) const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// Longer than any token or key.
const LONGEST_CREDENTIAL: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credential, Login};

    fn options(address: &str) -> VaultOptions {
        VaultOptions::new(address, Login::Token(Credential::Variable("NONE".into())))
    }

    #[test]
    fn nothing_goes_over_a_network_in_the_clear_unless_allowed() {
        for (address, is_here) in [
            ("http://127.0.0.1:8200", true),
            ("http://127.8.7.6", true),
            ("http://[::1]:8200/", true),
            ("http://localhost:8200", true),
            ("http://0.0.0.0:8200", false),
            ("http://10.0.0.7:8200", false),
            ("http://vault.internal:8200", false),
            ("http://localhost.example:8200", false),
            ("http://127.0.0.1.example:8200", false),
            ("http://[::2]:8200", false),
        ] {
            let refused = Wire::new(&options(address)).err();
            let refused = matches!(refused, Some(VaultError::Plain));
            assert_eq!(refused, !is_here, "{address}");
            let allowed = Wire::new(&options(address).danger_allow_plain_http());
            assert!(allowed.is_ok(), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_for_this_machine_that_leads_elsewhere_is_not_followed() {
        let here = Wire::new(&options("http://localhost:8200")).unwrap();
        // As a resolver would have it that was lied to.
        let elsewhere = Wire {
            host: "192.0.2.7".to_owned(),
            ..here
        };
        let error = elsewhere.connect().await.unwrap_err();
        let CallError::Unreachable(source) = error else {
            panic!("{error:?}");
        };
        assert_eq!(source.to_string(), "its name leads nowhere");
    }

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for address in [
            "",
            "vault.internal:8200",
            "vault.internal",
            "ftp://vault.internal",
            "https://",
            "https://vault.internal/prefix",
            "https://vault.internal/?x",
            "https://user@vault.internal",
            "https://two words",
        ] {
            let refused = Wire::new(&options(address)).err();
            assert!(matches!(refused, Some(VaultError::Address)), "{address}");
        }
    }

    #[test]
    fn roots_that_hold_no_certificate_are_refused() {
        for pem in [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let options = options("https://127.0.0.1:8200").with_roots(pem);
            let refused = Wire::new(&options).err();
            assert!(matches!(refused, Some(VaultError::NoCertificates)), "{pem}");
        }
    }

    #[test]
    fn a_namespace_is_one_header() {
        let options = options("http://127.0.0.1:8200");
        assert!(Wire::new(&options.clone().with_namespace("team/shop")).is_ok());
        let refused = Wire::new(&options.with_namespace("a\r\nx: y")).err();
        assert!(matches!(refused, Some(VaultError::Namespace)));
    }
}
