//! Tells again what happened under a seed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling is what it is for"
)]

use std::process::ExitCode;

use privyseal_ring_model::{Slip, replay};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().and_then(|seed| seed.parse().ok());
    let slip = match arguments.next().as_deref() {
        None => Some(None),
        Some("short-activation") => Some(Some(Slip::ShortActivation)),
        Some(_) => None,
    };
    let (Some(seed), Some(slip)) = (seed, slip) else {
        eprintln!("usage: privyseal-ring-model SEED [short-activation]");
        return ExitCode::from(2);
    };
    match replay(seed, slip, &mut |event| println!("{event}")) {
        Ok(coverage) => {
            println!("{coverage:#?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{violation}");
            ExitCode::FAILURE
        }
    }
}
