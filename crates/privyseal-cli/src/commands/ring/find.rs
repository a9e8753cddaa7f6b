//! Keys of a ring as they are named on a command line.

use anyhow::Result;
use privyseal::KeyId;
use privyseal::ring::{KeyRecord, Ring, Tombstone};

use crate::failure::Failure;

/// The key that is meant by `primary`, `standby`, an id or the beginning of one.
pub(super) fn find(ring: &Ring, name: &str) -> Result<KeyId> {
    match name {
        "primary" => return Ok(ring.primary().id()),
        "standby" => {
            let standby = ring.standby().map(KeyRecord::id);
            return standby.ok_or_else(|| {
                let hint = "stage one with `privyseal ring stage`";
                Failure::new("the ring has no standby", hint).into()
            });
        }
        _ => {}
    }
    let name = name.to_lowercase();
    let known = ring.keys().iter().map(KeyRecord::id);
    let known = known.chain(ring.tombstones().iter().map(Tombstone::id));
    let mut found = known.filter(|id| id.to_string().starts_with(&name));
    match (found.next(), found.next()) {
        (Some(id), None) if name.len() >= SHORTEST => Ok(id),
        (Some(_), _) => Err(Failure::new(
            "that may be one of several keys",
            "write more of its id; `privyseal ring list` shows the keys of the ring",
        )
        .into()),
        (None, _) => Err(Failure::new(
            "the ring has no such key",
            "name it by its id, by the beginning of it, or as `primary` or `standby`; \
             `privyseal ring list` shows the keys of the ring",
        )
        .into()),
    }
}

/// The fewest characters of an id: with fewer, a slip of the hand meets a key too often.
const SHORTEST: usize = 4;
