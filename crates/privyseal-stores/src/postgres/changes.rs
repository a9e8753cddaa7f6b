//! The connection on which PostgreSQL says that something has changed.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use privyseal_session::store::StoreError;
use tokio::task::AbortHandle;
use tokio_postgres::AsyncMessage;

use super::error::Failure;
use super::tls::Connector;
use crate::bell::Bell;

/// Waits for notifications on a connection of its own, from the first call on.
pub(super) struct Changes {
    connector: Connector,
    channel: &'static str,
    bell: Arc<Bell>,
    listener: OnceLock<Listener>,
}

struct Listener(AbortHandle);

impl Changes {
    pub(super) fn new(connector: Connector, channel: &'static str) -> Self {
        Self {
            connector,
            channel,
            bell: Arc::default(),
            listener: OnceLock::new(),
        }
    }

    pub(super) async fn heard(&self) {
        self.listener.get_or_init(|| {
            let bell = Arc::clone(&self.bell);
            let listening = listen(self.connector.clone(), self.channel, bell);
            Listener(tokio::spawn(listening).abort_handle())
        });
        self.bell.heard().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens for ever, on one connection after the other.
async fn listen(connector: Connector, channel: &'static str, bell: Arc<Bell>) {
    loop {
        if let Err(error) = listen_once(&connector, channel, &bell).await {
            let error = StoreError::from(Failure::from(error));
            tracing::debug!(%error, channel, "changes are polled for until PostgreSQL is back");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(
    connector: &Connector,
    channel: &str,
    bell: &Arc<Bell>,
) -> Result<(), tokio_postgres::Error> {
    let (config, tls) = connector.parts();
    let (client, mut connection) = config.connect(tls).await?;
    let notified = Arc::clone(bell);
    let messages = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message? {
                notified.ring();
            }
        }
        Ok(())
    });
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    // What was written while nobody listened.
    bell.ring();
    // The client ends the connection when it is dropped, also with this task.
    let ended = messages.await.unwrap_or(Ok(()));
    drop(client);
    ended
}

/// Between two connections for notifications.
const PAUSE: Duration = Duration::from_millis(500);
