//! An actix-web application on a free port, and a middleware that catches panics.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::Next;
use actix_web::{App, Error, HttpServer, rt};
use privyseal_testkit::behaviour::Listening;

/// Serves from a thread of its own until it is dropped.
pub(crate) struct ActixServer {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl ActixServer {
    /// Serves the application that the function makes for each of two workers.
    pub(crate) fn start<T, B>(app: impl Fn() -> App<T> + Clone + Send + 'static) -> io::Result<Self>
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        T::Service: 'static,
        B: MessageBody + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (started, starts) = mpsc::channel();
        let run = move || {
            rt::System::new().block_on(async {
                let server = HttpServer::new(app).workers(2).disable_signals();
                // A machine that is busy with other tests is no slow client.
                let patient = server
                    .client_request_timeout(PATIENCE)
                    .client_disconnect_timeout(PATIENCE);
                let server = patient.listen(listener)?.run();
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

const PATIENCE: Duration = Duration::from_mins(1);

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
