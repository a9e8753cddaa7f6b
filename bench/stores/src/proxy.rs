//! A proxy in front of a server that counts round trips.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Passes everything on, as long as the runtime lives.
pub(crate) struct Proxy {
    url: String,
    trips: Arc<AtomicU64>,
}

impl Proxy {
    /// In front of the server that a URL names by its address.
    pub(crate) fn start(runtime: &Runtime, url: &str) -> Result<Self> {
        let (_, server) = url.split_once("://").context("a URL has a scheme")?;
        let server = server.split_once('@').map_or(server, |(_, server)| server);
        let server = server.split('/').next().unwrap_or(server).to_owned();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let trips = Arc::<AtomicU64>::default();
        runtime.spawn(serve(listener, server.parse()?, Arc::clone(&trips)));
        Ok(Self {
            url: url.replace(&server, &address.to_string()),
            trips,
        })
    }

    /// The URL, leading through us.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How often a client has spoken after the server, so far.
    pub(crate) fn trips(&self) -> u64 {
        self.trips.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, trips: Arc<AtomicU64>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, server, Arc::clone(&trips)));
    }
}

/// One connection; whoever ends it ends both sides.
async fn pass(client: TcpStream, server: SocketAddr, trips: Arc<AtomicU64>) -> Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let answered = AtomicBool::new(true);
    let upwards = copy(from_client, to_server, || {
        if answered.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
    });
    let downwards = copy(from_server, to_client, || {
        answered.store(true, Ordering::SeqCst);
    });
    tokio::select! { ended = upwards => ended, ended = downwards => ended }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: impl Fn()) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        heard();
        to.write_all(buffer.get(..len).unwrap_or_default()).await?;
    }
    Ok(())
}
