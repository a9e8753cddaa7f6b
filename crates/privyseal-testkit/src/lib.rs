#![doc = include_str!("../README.md")]

pub mod behaviour;
pub mod child;
pub mod client;
pub mod clock;
pub mod flask;
pub mod moto;
mod python;
pub mod random;
pub mod rings;
pub mod server;
pub mod servers;
pub mod sibling;
pub mod typed;
pub mod vectors;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What a future gives that waits for nothing: sessions that live in cookies do no I/O.
///
/// # Panics
/// When it has to wait.
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}
