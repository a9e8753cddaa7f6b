//! A run is a list of steps; each prints one line: what it was, what it found, how long it took.

use std::io::Write as _;
use std::time::Instant;

use anyhow::Result;

/// Runs one step. The text that it returns (a count, a version) joins its line.
pub(crate) fn step(name: &str, run: impl FnOnce() -> Result<String>) -> Result<()> {
    print!("{name:<44} ");
    std::io::stdout().flush()?;
    let start = Instant::now();
    let outcome = run();
    let seconds = start.elapsed().as_secs_f64();
    match outcome {
        Ok(ref note) => println!("{seconds:7.1} s  {note}"),
        Err(_) => println!("{seconds:7.1} s  FAILED"),
    }
    outcome.map(drop)
}
