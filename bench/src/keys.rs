//! The live key ring: what a request pays for asking whether its keys are still the current ones.

use std::hint::black_box;

use anyhow::{Result, ensure};
use privyseal::LiveKeyRing;

use crate::Fixture;
use crate::harness::Contender;
use crate::requests::BARE;

/// The one that every request with a session does.
pub(crate) const CHECK: &str = "key ring check";

pub(crate) fn contenders(fixture: &Fixture) -> Result<[Contender; 2]> {
    let live = LiveKeyRing::new(fixture.ring.clone());
    let (checked, snapshot) = (live.clone(), live.current());
    let check = Contender::new(CHECK, Some(BARE), move || {
        ensure!(black_box(&checked).is_current(&snapshot));
        Ok(())
    })?;
    let current = Contender::new("key ring snapshot", Some(BARE), move || {
        Ok(black_box(&live).current())
    })?;
    Ok([check, current])
}
