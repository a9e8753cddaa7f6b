//! The way to the server: one connection that all calls share, or a cluster's.

mod single;

#[cfg(feature = "redis-cluster")]
mod cluster;

use privyseal_session::store::StoreError;
use redis::{Cmd, FromRedisValue, RedisError, Value};

use super::error::{Unreadable, is_no_script, store_error};
use super::script::{Call, Script};

#[cfg(feature = "redis-cluster")]
pub(super) use cluster::Cluster;
pub(super) use single::Single;

/// Where commands go.
pub(super) enum Link {
    Single(Box<Single>),
    #[cfg(feature = "redis-cluster")]
    Cluster(Cluster),
}

impl Link {
    /// Whether the rows and the index are in one place, where a script reaches both.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Single(_))
    }

    /// A command that changes nothing, so that it may be sent twice.
    pub(super) async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let answer = self.send(command, Repeat::Always).await;
        understood(answer.map_err(|error| store_error(&error))?)
    }

    /// A command that is sent again only if it surely has not been executed.
    pub(super) async fn write<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let answer = self.send(command, Repeat::IfNotExecuted).await;
        understood(answer.map_err(|error| store_error(&error))?)
    }

    /// A script: by its name, or whole if the server has forgotten it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> Result<T, StoreError> {
        let call = Call { keys, arguments };
        let repeat = Repeat::IfNotExecuted;
        let answer = match self.send(&script.by_name(&call), repeat).await {
            Err(error) if is_no_script(&error) => self.send(&script.in_full(&call), repeat).await,
            answer => answer,
        };
        understood(answer.map_err(|error| store_error(&error))?)
    }

    async fn send(&self, command: &Cmd, repeat: Repeat) -> Result<Value, RedisError> {
        match self {
            Self::Single(single) => single.send(command, repeat).await,
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.send(command, repeat).await,
        }
    }
}

/// When a command may be sent a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Always,
    /// A compare-and-swap that is executed twice would take its own first write for somebody
    /// else's.
    IfNotExecuted,
}

fn understood<T: FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    // The client's own error would quote the answer.
    T::from_redis_value(answer)
        .map_err(|_| Unreadable("an answer is of another type than expected").into())
}
