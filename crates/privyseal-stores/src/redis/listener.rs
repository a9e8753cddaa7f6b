//! Hears of new entries in the log, on a connection of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Client, PushInfo, PushKind, RedisError};
use tokio::sync::{mpsc, watch};

use super::options::RedisOptions;

/// Counts what was heard.
#[derive(Debug)]
pub(super) struct Listener {
    heard: watch::Receiver<u64>,
    /// Up to which count somebody was told.
    told: Mutex<u64>,
}

impl Listener {
    /// Starts to listen on a channel of one of these servers, until it is dropped.
    pub(super) fn start(servers: Vec<Client>, channel: String, options: RedisOptions) -> Self {
        let (heard, receiver) = watch::channel(0);
        tokio::spawn(async move {
            let stopped = heard.closed();
            tokio::select! {
                () = stopped => {}
                () = listen(&servers, &channel, &options, &heard) => {}
            }
        });
        Self {
            heard: receiver,
            told: Mutex::new(0),
        }
    }

    /// Returns when something was heard since the last call.
    pub(super) async fn changed(&self) {
        let before = *self.told();
        let mut receiver = self.heard.clone();
        let heard = receiver.wait_for(|heard| *heard > before).await;
        let Some(heard) = heard.ok().map(|heard| *heard) else {
            // The runtime that it listened on is gone.
            return std::future::pending().await;
        };
        let mut told = self.told();
        *told = heard.max(*told);
    }

    fn told(&self) -> MutexGuard<'_, u64> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(
    servers: &[Client],
    channel: &str,
    options: &RedisOptions,
    heard: &watch::Sender<u64>,
) {
    // A cluster passes messages on to all of its nodes, so any of them will do.
    for server in servers.iter().cycle() {
        if let Err(error) = listen_to(server, channel, options, heard).await {
            let code = error.code();
            tracing::debug!(code, "no connection to hear of revocations");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns when the connection is broken.
async fn listen_to(
    server: &Client,
    channel: &str,
    options: &RedisOptions,
    heard: &watch::Sender<u64>,
) -> Result<(), RedisError> {
    let (sender, mut pushes) = mpsc::unbounded_channel::<PushInfo>();
    let config = options.connection_config().set_push_sender(sender);
    let mut connection = server
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    connection.subscribe(channel).await?;
    // Whatever was said until now was not heard.
    heard.send_modify(|count| *count += 1);
    loop {
        match tokio::time::timeout(SILENCE, pushes.recv()).await {
            Ok(Some(push)) if push.kind == PushKind::Disconnection => return Ok(()),
            Ok(Some(push)) if push.kind == PushKind::Message => {
                heard.send_modify(|count| *count += 1);
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            // A server whose machine is gone says nothing, either.
            Err(_) => redis::cmd("PING").exec_async(&mut connection).await?,
        }
    }
}

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(200);

/// How long nothing may be heard before the server is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(5);
