//! Hears of changes, on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use redis::{Client, PushInfo, PushKind, RedisError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::options::RedisOptions;
use crate::bell::Bell;

/// Rings a bell for each message, until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    bell: Arc<Bell>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts to listen on a channel of one of these servers.
    pub(super) fn start(servers: Vec<Client>, channel: String, options: RedisOptions) -> Self {
        let bell = Arc::new(Bell::default());
        let ringer = Arc::clone(&bell);
        let task = tokio::spawn(async move { listen(&servers, &channel, &options, &ringer).await });
        Self { bell, task }
    }

    /// Returns when something was heard since the last call.
    pub(super) async fn changed(&self) {
        self.bell.heard().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(servers: &[Client], channel: &str, options: &RedisOptions, bell: &Bell) {
    // A cluster passes messages on to all of its nodes, so any of them will do.
    for server in servers.iter().cycle() {
        if let Err(error) = listen_to(server, channel, options, bell).await {
            let code = error.code();
            tracing::debug!(code, "no connection to hear of changes");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns when the connection is broken.
async fn listen_to(
    server: &Client,
    channel: &str,
    options: &RedisOptions,
    bell: &Bell,
) -> Result<(), RedisError> {
    let (sender, mut pushes) = mpsc::unbounded_channel::<PushInfo>();
    let config = options.connection_config().set_push_sender(sender);
    let mut connection = server
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    connection.subscribe(channel).await?;
    // Whatever was said until now was not heard.
    bell.ring();
    loop {
        match tokio::time::timeout(SILENCE, pushes.recv()).await {
            Ok(Some(push)) if push.kind == PushKind::Disconnection => return Ok(()),
            Ok(Some(push)) if push.kind == PushKind::Message => {
                bell.ring();
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
