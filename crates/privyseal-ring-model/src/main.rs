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
    let name = arguments.next();
    let slip = name
        .as_ref()
        .map(|name| Slip::ALL.into_iter().find(|slip| slip.name() == name));
    let (Some(seed), false) = (seed, slip == Some(None)) else {
        eprintln!("usage: privyseal-ring-model SEED [SLIP]");
        return ExitCode::from(2);
    };
    let slip = slip.flatten();
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
