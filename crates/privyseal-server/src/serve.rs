//! From a listener and a sign to stop, to a server.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::{Options, ServeError, sample};

/// How long requests that are under way have to finish once the server is told to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// Serves until `shutdown` resolves, and then until the requests under way are answered, for
/// [`GRACE`] at most.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (stop, stopping) = oneshot::channel();
    let shutdown = async move {
        shutdown.await;
        // Nobody waits any more only when the server is gone already.
        let _ = stop.send(());
    };
    let overdue = async move {
        match stopping.await {
            Ok(()) => sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    let server = axum::serve(listener, sample::router(&options.keys, &options.sessions));
    tokio::select! {
        ended = server.with_graceful_shutdown(shutdown) => ended.map_err(ServeError::Listener),
        () = overdue => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_answers_until_it_is_told_to_stop() {
        let place = tempfile::tempdir().unwrap();
        let options = Options::prepare(place.path()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, options, async {
            stopped.await.unwrap();
        }));

        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");

        // The connection stays open and idle, which must not keep the server alive.
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
        let place = tempfile::tempdir().unwrap();
        let options = Options::prepare(place.path()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, options, async {
            stopped.await.unwrap();
        }));
        let request = "POST /sealed/sign-in HTTP/1.1\r\nHost: localhost\r\n\
            Origin: http://localhost\r\nContent-Length: 9\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n\r\nname";
        client.write_all(request.as_bytes()).await.unwrap();
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    }
}
