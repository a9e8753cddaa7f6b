//! Asks before something that cannot be taken back.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::stderr;
use anyhow::{Context, Result};

use crate::failure::Failure;

/// Whether to go on: said with a flag, or typed on a terminal. Without either it is an error.
pub(crate) fn confirmed(said_yes: bool) -> Result<bool> {
    if said_yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            "nothing was changed: this was not confirmed",
            "if that is what you want, say `--yes` as well; `--dry-run` shows what it would do",
        )
        .into());
    }
    // Without a standard error there is nobody to ask, and the answer is not yes.
    let _ = stderr().write_all(b"type yes to go on: ");
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("could not read the answer")?;
    Ok(answer.trim() == "yes")
}
