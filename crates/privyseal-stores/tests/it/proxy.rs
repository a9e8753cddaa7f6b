//! A proxy in front of a database that counts round trips and loses answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Proxy {
    address: SocketAddr,
    server: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    trips: AtomicUsize,
    connections: AtomicUsize,
    next_answer: AtomicU8,
}

/// What becomes of the next thing that the server says.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Answer {
    /// The connection is closed instead.
    Lost = 1,
    /// It is never delivered, nor is anything else on this connection.
    Withheld = 2,
}

impl Proxy {
    /// In front of the server that a URL names by its address.
    pub(crate) async fn new(url: &str) -> Self {
        let server = url.split(['@', '/']).find(|part| part.contains(':'));
        let server = url.split('@').nth(1).or(server).unwrap();
        let server = server.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        tokio::spawn(serve(listener, server.clone(), Arc::clone(&state)));
        Self {
            address,
            server,
            state,
        }
    }

    /// The URL, leading through us.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(&self.server, &self.address.to_string())
    }

    /// How often the client has spoken after the server, since the last call.
    pub(crate) fn trips(&self) -> usize {
        self.state.trips.swap(0, Ordering::SeqCst)
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn next_answer_is(&self, answer: Answer) {
        self.state.next_answer.store(answer as u8, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, server: String, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.unwrap();
        state.connections.fetch_add(1, Ordering::SeqCst);
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let server_spoke = Arc::new(AtomicBool::new(false));
        let up = upwards(
            from_client,
            to_server,
            Arc::clone(&state),
            Arc::clone(&server_spoke),
        );
        let down = downwards(from_server, to_client, Arc::clone(&state), server_spoke);
        tokio::spawn(async move {
            tokio::select! { () = up => {}, () = down => {} }
        });
    }
}

async fn upwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<State>,
    server_spoke: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        if server_spoke.swap(false, Ordering::SeqCst) {
            state.trips.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(buffer.get(..len).unwrap()).await.is_err() {
            return;
        }
    }
}

async fn downwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<State>,
    server_spoke: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        match state.next_answer.swap(0, Ordering::SeqCst) {
            0 => {}
            1 => return,
            _ => std::future::pending().await,
        }
        server_spoke.store(true, Ordering::SeqCst);
        if to.write_all(buffer.get(..len).unwrap()).await.is_err() {
            return;
        }
    }
}
