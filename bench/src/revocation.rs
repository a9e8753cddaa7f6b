//! Revocations in memory: what asking a million of them costs, and what they occupy.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{
    Page, Presented, Revocation, RevocationLog, RevocationName, Revocations,
};
use privyseal_session::store::{StoreError, Subject};

use crate::harness::Contender;

/// The rows' names begin so.
pub(crate) const PREFIX: &str = "revocation check";

/// The contenders, and the bytes of memory per revocation.
pub(crate) fn contenders() -> Result<(Vec<Contender>, f64)> {
    let (revocations, bytes) = filled()?;
    let subject = Subject::new("user-4711")?;
    let row = |what: &str, first: u64, signed_in: bool, refused: bool| {
        let (revocations, subject) = (revocations.clone(), subject.clone());
        let mut number = 0;
        // A different session every time, in no order: what is asked for is seldom in a cache.
        let check = move || {
            number = (number + STRIDE) % COUNT;
            let session = Presented {
                id: Some(session(first + number)),
                mac: None,
                began_at: NOW,
                signed_in: signed_in.then_some((&subject, NOW)),
            };
            ensure!(revocations.refuses(&session) == refused);
            // What a session that lives in its cookie is asked after that.
            ensure!(refused || revocations.renewed_at(&session, 0, LIFE).is_none());
            Ok(())
        };
        Contender::new(format!("{PREFIX} {what}"), Some(ONE_READ), check)
    };
    let rows = vec![
        one_read()?,
        row("hit", 0, false, true)?,
        row("miss", COUNT, false, false)?,
        row("miss, signed in", COUNT, true, false)?,
    ];
    Ok((rows, bytes))
}

/// What the machine charges for one read at random from as much memory.
fn one_read() -> Result<Contender> {
    let memory = vec![[1_u8; 22]; usize::try_from(COUNT)?];
    let mut number = 0;
    Contender::new(ONE_READ, None, move || {
        number = (number + STRIDE) % COUNT;
        let [first, second, third, fourth, ..] = *session(number).as_bytes();
        let first = u64::from(u32::from_be_bytes([first, second, third, fourth]));
        let place = (first * COUNT) >> 32;
        let entry = memory.get(usize::try_from(place)?);
        entry.copied().context("the place is below the count")
    })
}

/// A million revocations, read from a log as a node reads them when it starts.
fn filled() -> Result<(Revocations, f64)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let mut filled = None;
    let memory = allocation_counter::measure(|| {
        let revocations = Revocations::new(Million);
        let ready = runtime.block_on(revocations.ready());
        filled = Some(ready.map(|()| revocations));
    });
    let revocations = filled.context("it was called")??;
    ensure!(revocations.count() as u64 == COUNT);
    let bytes = f64::from(i32::try_from(memory.bytes_current)?);
    Ok((revocations, bytes / f64::from(u32::try_from(COUNT)?)))
}

/// The row that the checks are compared with.
const ONE_READ: &str = "revocation check, one read";

/// A log that makes up its entries, and so occupies nothing itself.
struct Million;

impl RevocationLog for Million {
    async fn append(&self, _: &Revocation) -> Result<(), StoreError> {
        Err(StoreError::Full)
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        let end = COUNT.min(position.saturating_add(limit as u64));
        let entry = |number| Revocation {
            name: RevocationName::of_session(session(number)),
            began_until: FAR,
            forget_at: FAR,
        };
        Ok(Page {
            entries: (position..end).map(entry).collect(),
            position: end,
        })
    }

    async fn prune(&self, _: Timestamp, _: usize) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Ids as good as random, by `SplitMix64`.
fn session(number: u64) -> SessionId {
    let mix = |seed: u64| {
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let (high, low) = (mix(number), mix(!number));
    SessionId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

const COUNT: u64 = 1_000_000;

/// Has no divisor in common with the count, so that every session has its turn.
const STRIDE: u64 = 618_033;

const LIFE: Duration = Duration::from_hours(90 * 24);
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
const FAR: Timestamp = Timestamp::from_unix_seconds(4_000_000_000);
