//! One server, and one connection to it that is made anew when it breaks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, PushInfo, PushKind, RedisError, Value};

use super::Repeat;
use crate::redis::error::wants_new_connection;
use crate::redis::options::RedisOptions;

/// A connection that many calls use at once.
///
/// Nothing is tried in the background: the first call that finds the connection broken makes
/// another, and those that come meanwhile wait for it, or fail with it. So a server that is back
/// is found by the very next call, and one that is away is asked no oftener than there are calls.
pub(in crate::redis) struct Single {
    client: Client,
    options: RedisOptions,
    current: Arc<Mutex<Current>>,
    attempts: AtomicU64,
    /// Held by the one that connects; how it went the last time.
    connecting: tokio::sync::Mutex<Option<RedisError>>,
}

#[derive(Default)]
struct Current {
    connection: Option<MultiplexedConnection>,
    /// Counts the connections, so that the end of an old one does not take a new one away.
    number: u64,
}

impl Single {
    /// Connects, once.
    pub(in crate::redis) async fn connect(
        client: Client,
        options: RedisOptions,
    ) -> Result<Self, RedisError> {
        let single = Self {
            client,
            options,
            current: Arc::default(),
            attempts: AtomicU64::new(0),
            connecting: tokio::sync::Mutex::default(),
        };
        single.connection().await?;
        Ok(single)
    }

    pub(super) async fn send(&self, command: &Cmd, repeat: Repeat) -> Result<Value, RedisError> {
        let mut again = repeat == Repeat::Always;
        loop {
            let (mut connection, number) = self.connection().await?;
            match command.query_async(&mut connection).await {
                Err(error) if wants_new_connection(&error) => {
                    forget(&self.current, number);
                    // A server that is silent has had its time.
                    if !again || error.is_timeout() {
                        return Err(error);
                    }
                    again = false;
                }
                answer => return answer,
            }
        }
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), RedisError> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let seen = self.attempts.load(Ordering::Acquire);
        let mut failure = self.connecting.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        match &*failure {
            // Whoever was waited for has tried for this call, too.
            Some(error) if self.attempts.load(Ordering::Acquire) != seen => Err(error.clone()),
            _ => {
                let connected = self.new_connection().await;
                *failure = connected.as_ref().err().cloned();
                self.attempts.fetch_add(1, Ordering::Release);
                connected
            }
        }
    }

    fn current(&self) -> Option<(MultiplexedConnection, u64)> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = current.connection.clone()?;
        Some((connection, current.number))
    }

    /// Called by one at a time.
    async fn new_connection(&self) -> Result<(MultiplexedConnection, u64), RedisError> {
        let number = {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            current.number += 1;
            current.number
        };
        // A connection that breaks while nobody uses it is not left for the next call to find
        // out, which, being a write, could not be repeated.
        let watched = Arc::downgrade(&self.current);
        let notice = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection
                && let Some(current) = watched.upgrade()
            {
                forget(&current, number);
            }
            Ok::<(), ()>(())
        };
        let config = self.options.connection_config().set_push_sender(notice);
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.connection = Some(connection.clone());
        Ok((connection, number))
    }
}

fn forget(current: &Mutex<Current>, number: u64) {
    let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
    if current.number == number {
        current.connection = None;
    }
}
