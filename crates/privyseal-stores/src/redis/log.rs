//! The log of revocations: an ordered set, and a channel that says when it has grown.

use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation, RevocationLog, RevocationName};
use privyseal_session::store::StoreError;

use super::RedisStore;
use super::error::Unreadable;
use super::listener::Listener;
use super::row::number;
use super::script::{APPEND, PRUNE, SINCE};

/// Positions grow with the server's time, so they are still greater than all before when the
/// server has lost its last entries. Readers learn of new entries within milliseconds; a user of
/// the server who may not publish leaves them to polling.
impl RevocationLog for RedisStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        let keys = self.log_keys();
        let forget_at = entry.forget_at.unix_seconds();
        let bytes = [
            &entry.name.as_bytes()[..],
            &entry.began_until.unix_seconds().to_be_bytes(),
            &forget_at.to_be_bytes(),
        ];
        let (bytes, forget_at) = (bytes.concat(), forget_at.to_string());
        let channel = self.channel();
        let arguments = [&bytes[..], forget_at.as_bytes(), channel.as_bytes()];
        let _: i64 = self.link.run(&APPEND, &keys, &arguments).await?;
        Ok(())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        let [at, log, _] = self.log_keys();
        let (position, limit) = (position.to_string(), limit.min(MAX_PAGE).to_string());
        let arguments = [position.as_bytes(), limit.as_bytes()];
        let (last, entries): (u64, Vec<Vec<u8>>) =
            self.link.run(&SINCE, &[at, log], &arguments).await?;
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| read(entry))
            .collect::<Option<_>>()
            .ok_or(Unreadable(
                "an entry is not one that this version has written",
            ))?;
        Ok(Page {
            position: entries.last().map_or(last, |(_, position)| *position),
            entries: entries.into_iter().map(|(entry, _)| entry).collect(),
        })
    }

    async fn changed(&self) {
        let start = || {
            let (servers, options) = (self.servers.clone(), self.options.clone());
            Listener::start(servers, self.channel(), options)
        };
        self.listener.get_or_init(start).changed().await;
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let [_, log, forgetting] = self.log_keys();
        let (now, limit) = (now.to_string(), limit.min(MAX_PAGE).to_string());
        let arguments = [now.as_bytes(), limit.as_bytes()];
        self.link.run(&PRUNE, &[log, forgetting], &arguments).await
    }
}

impl RedisStore {
    /// One place in a cluster, so that a script reaches all of them.
    fn log_keys(&self) -> [String; 3] {
        let prefix = &self.options.prefix;
        ["position", "entries", "forgetting"].map(|part| format!("{prefix}{{revocations}}:{part}"))
    }

    fn channel(&self) -> String {
        format!("{}{{revocations}}", self.options.prefix)
    }
}

/// An entry and its position.
fn read(bytes: &[u8]) -> Option<(Revocation, u64)> {
    let (name, bytes) = bytes.split_first_chunk()?;
    let (began_until, bytes) = number(bytes)?;
    let (forget_at, bytes) = number(bytes)?;
    let (position, []) = number(bytes)? else {
        return None;
    };
    let entry = Revocation {
        name: RevocationName::from_bytes(*name),
        began_until: Timestamp::from_unix_seconds(began_until),
        forget_at: Timestamp::from_unix_seconds(forget_at),
    };
    Some((entry, position))
}

/// A script holds up everybody else, so one page is no longer than this.
const MAX_PAGE: usize = 10_000;
