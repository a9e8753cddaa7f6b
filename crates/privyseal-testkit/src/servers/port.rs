//! Ports that nobody else takes.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result};

/// A port of the loopback interface that is ours until this is dropped, whether its server runs or
/// not.
///
/// A port that the kernel names as free may be gone before a server has it, and again while the
/// server is restarted: to another test, or to the near end of any connection. So these are below
/// those that the kernel hands out, and claimed: each test process that wants one listens on it
/// at an address of 127.0.0.0/8 that no server uses, which only one can.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: TcpListener,
}

impl Port {
    /// Claims one that nobody listens on.
    ///
    /// # Errors
    /// When there is none.
    pub fn claim() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Processes of today begin in different places, so that they seldom meet.
        let start = std::process::id().wrapping_mul(97);
        for _ in 0..COUNT {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let offset = start.wrapping_add(step) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset)?;
            if let Ok(claim) = TcpListener::bind((CLAIMS, number))
                && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
            {
                return Ok(Self {
                    number,
                    _claim: claim,
                });
            }
        }
        None.context("there is no free port")
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Where claims are staked.
const CLAIMS: Ipv4Addr = Ipv4Addr::new(127, 77, 77, 77);

/// The kernel hands out ports from 32768 on.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_at_the_same_time_are_different_and_can_be_listened_on() {
        let ports: Vec<Port> = (0..200).map(|_| Port::claim().unwrap()).collect();
        let numbers: BTreeSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 200);
        for number in numbers {
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        }
    }

    #[test]
    fn what_is_claimed_is_not_claimed_again_until_it_is_dropped() {
        let port = Port::claim().unwrap();
        let again = || TcpListener::bind((CLAIMS, port.number()));
        assert!(again().is_err());
        let number = port.number();
        drop(port);
        TcpListener::bind((CLAIMS, number)).unwrap();
    }
}
