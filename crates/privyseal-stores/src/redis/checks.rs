//! Looks at a server once, for settings under which sessions and key rings get lost.

use std::collections::BTreeMap;

use privyseal_session::store::StoreError;
use redis::{Client, FromRedisValue, RedisError};

use super::error::store_error;
use super::options::RedisOptions;

/// Warns of a server that drops what it holds when its memory is full, or forgets them when it ends.
///
/// Managed services forbid some of the questions; what cannot be asked is passed over.
pub(super) async fn warn_of_settings(
    client: &Client,
    options: &RedisOptions,
) -> Result<(), StoreError> {
    let config = options.connection_config();
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map_err(|error| store_error(&error))?;
    let info = redis::cmd("INFO");
    let info: Option<String> = answer(info.query_async(&mut connection).await);
    let mut save = redis::cmd("CONFIG");
    let save = save.arg("GET").arg("save").query_async(&mut connection);
    let save: Option<BTreeMap<String, String>> = answer(save.await);
    let info = info.unwrap_or_default();
    let field = |name: &str| {
        let value = |line: &str| {
            Some(
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim()
                    .to_owned(),
            )
        };
        info.lines().find_map(value)
    };
    if let Some(policy) = field("maxmemory_policy").filter(|policy| policy != "noeviction") {
        tracing::warn!(
            policy,
            "Redis drops what it holds when its memory is full; set maxmemory-policy to noeviction"
        );
    }
    let no_file = field("aof_enabled").is_some_and(|enabled| enabled == "0");
    let no_snapshots = save.is_some_and(|save| save.get("save").is_some_and(String::is_empty));
    if no_file && no_snapshots {
        tracing::warn!("Redis keeps what it holds in memory only; set appendonly to yes");
    }
    Ok(())
}

fn answer<T: FromRedisValue>(answer: Result<T, RedisError>) -> Option<T> {
    if let Err(error) = &answer {
        let code = error.code();
        tracing::debug!(code, "Redis does not tell its settings");
    }
    answer.ok()
}
