//! Connections, and the thread that they are on.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::{Call, Fault, Seen, State};

/// What a server shows of itself.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<rustls::ServerConfig>);

impl Certificate {
    /// `server.pem` and `server.key` of a directory.
    pub(crate) fn of(directory: &Path) -> Self {
        let certificate = CertificateDer::from_pem_file(directory.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(directory.join("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self(Arc::new(config))
    }
}

/// A server that runs.
pub(super) struct Running {
    thread: JoinHandle<()>,
    end: oneshot::Sender<End>,
}

enum End {
    /// Connections are cut, wherever they are.
    Now,
    /// What has begun is answered.
    Gently,
}

impl Running {
    pub(super) fn start(
        port: u16,
        certificate: Option<Certificate>,
        state: Arc<Mutex<State>>,
    ) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
                let _ = ready.send(listener.as_ref().map(drop).map_err(ToString::to_string));
                if let Ok(listener) = listener {
                    serve(listener, certificate, state, ended).await;
                }
            });
        });
        let bound = is_ready.recv().context("the thread ended")?;
        bound.map_err(anyhow::Error::msg)?;
        Ok(Self { thread, end })
    }

    pub(super) fn kill(self) {
        self.end(End::Now);
    }

    pub(super) fn stop(self) {
        self.end(End::Gently);
    }

    fn end(self, how: End) {
        let _ = self.end.send(how);
        self.thread.join().unwrap();
    }
}

async fn serve(
    listener: TcpListener,
    certificate: Option<Certificate>,
    state: Arc<Mutex<State>>,
    mut ended: oneshot::Receiver<End>,
) {
    let acceptor = certificate.map(|Certificate(config)| TlsAcceptor::from(config));
    let graceful = GracefulShutdown::new();
    let how = loop {
        let (stream, _) = tokio::select! {
            how = &mut ended => break how.unwrap_or(End::Now),
            stream = listener.accept() => stream.unwrap(),
        };
        let (state, acceptor) = (Arc::clone(&state), acceptor.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            match acceptor {
                None => connection(stream, state, watcher).await,
                Some(acceptor) => {
                    // Clients that do not trust us go away here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(stream, state, watcher).await;
                    }
                }
            }
        });
    };
    drop(listener);
    if matches!(how, End::Gently) {
        graceful.shutdown().await;
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    state: Arc<Mutex<State>>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&state)));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // Whoever hung up has no interest in our complaint.
    let _ = watcher.watch(connection).await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| Some(head.headers.get(name)?.to_str().unwrap().to_owned());
    let token = header("x-vault-token");
    let path = head.uri.path().strip_prefix("/v1/").unwrap_or_default();
    let call = Call {
        method: head.method.clone(),
        path,
        query: head.uri.query(),
        token: token.as_deref(),
        content: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let reply = {
        let mut state = state.lock().unwrap();
        state.seen.push(Seen {
            call: format!("{} {path}", head.method),
            namespace: header("x-vault-namespace"),
            has_request_header: header("x-vault-request").as_deref() == Some("true"),
        });
        match state.fault {
            Some(Fault::Silence) => None,
            Some(Fault::Long(length)) => Some((200, long(length), false)),
            Some(Fault::Page(status)) => Some((status, "<html>no</html>".to_owned(), false)),
            Some(Fault::Redirect) => Some((307, String::new(), true)),
            _ => {
                let (status, content) = state.reply(&call);
                Some((status, content.to_string(), false))
            }
        }
    };
    let Some((status, content, is_redirect)) = reply else {
        return std::future::pending().await;
    };
    let mut response = Response::builder().status(status);
    if is_redirect {
        response = response.header("location", format!("/v1/{path}?elsewhere"));
    }
    Ok(response.body(Full::new(content.into())).unwrap())
}

/// JSON of so many bytes.
fn long(length: usize) -> String {
    let [start, end] = [r#"{"data":""#, r#""}"#];
    format!(
        "{start}{}{end}",
        "x".repeat(length - start.len() - end.len())
    )
}
