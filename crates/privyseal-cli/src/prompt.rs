//! Asks for a key on a terminal, without showing it.

use std::io::{self, BufRead, Read, Write};

use privyseal_keys::{KeyText, MAX_KEY_BYTES, Origin, SourceError};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Reads one line from standard input, which has to be a terminal.
pub(crate) fn key() -> Result<KeyText, SourceError> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES));
    let read = Quiet::new().and_then(|_quiet| {
        let mut input = io::stdin().lock().take(MAX_KEY_BYTES as u64);
        input.read_until(b'\n', &mut line)
    });
    match read {
        Ok(_) => KeyText::from_reader(line.as_slice(), Origin::StandardInput),
        Err(source) => Err(SourceError::Unreadable {
            origin: Origin::StandardInput,
            source,
        }),
    }
}

/// While it lives, the terminal does not show what is typed.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // What was typed before the question is no answer to it, and has been shown.
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        let quiet = Self { before };
        io::stderr().write_all(b"key: ")?;
        Ok(quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The line break that ended the key was not shown either.
        let _ = io::stderr().write_all(b"\n");
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
