//! An actix-web application on a free port, and a middleware that catches panics.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread::JoinHandle;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;
use actix_web::{Error, rt};
use privyseal_testkit::behaviour::Listening;

/// Serves from a thread of its own until it is dropped.
pub(crate) struct ActixServer {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl ActixServer {
    /// Starts the server that the function makes, which listens where it is told to.
    pub(crate) fn start(
        serve: impl FnOnce(TcpListener) -> io::Result<Server> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (started, starts) = mpsc::channel();
        let run = move || {
            rt::System::new().block_on(async {
                let server = serve(listener)?;
                started.send(server.handle()).unwrap();
                server.await
            })
        };
        let thread = std::thread::Builder::new().spawn(run)?;
        Ok(Self {
            address,
            handle: starts.recv().unwrap(),
            thread: Some(thread),
        })
    }
}

impl Listening for ActixServer {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ActixServer {
    fn drop(&mut self) {
        // It is told to stop now; the future only waits until it has.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers 500 to a handler that panics; actix-web itself would close the connection.
pub(crate) async fn catch_panics<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut inner = pin!(next.call(request));
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(ErrorInternalServerError("a handler panicked"))))
    })
    .await
}
