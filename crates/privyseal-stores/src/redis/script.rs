//! The scripts that run inside the server, each one atomic.

use std::fmt::Write as _;
use std::sync::LazyLock;

use redis::Cmd;
use sha1::{Digest as _, Sha1};

/// A script and its name for `EVALSHA`.
#[derive(Debug)]
pub(super) struct Script {
    code: String,
    hash: String,
}

impl Script {
    fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        let mut hash = String::with_capacity(40);
        for byte in Sha1::digest(code.as_bytes()) {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Self { code, hash }
    }

    /// The call by name, which a server that was restarted does not know.
    pub(super) fn by_name(&self, call: &Call<'_>) -> Cmd {
        call.command("EVALSHA", &self.hash)
    }

    /// The call with the whole script, after which the server knows its name.
    pub(super) fn in_full(&self, call: &Call<'_>) -> Cmd {
        call.command("EVAL", &self.code)
    }
}

/// What a script is called with.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) keys: &'a [String],
    pub(super) arguments: &'a [&'a [u8]],
}

impl Call<'_> {
    fn command(&self, name: &str, script: &str) -> Cmd {
        let keys: usize = self.keys.iter().map(String::len).sum();
        let arguments: usize = self.arguments.iter().map(|argument| argument.len()).sum();
        let count = 3 + self.keys.len() + self.arguments.len();
        // The number of keys has one digit.
        let size = name.len() + script.len() + 1 + keys + arguments;
        let mut command = Cmd::with_capacity(count, size);
        command.arg(name).arg(script).arg(self.keys.len());
        for key in self.keys {
            command.arg(key);
        }
        for argument in self.arguments {
            command.arg(*argument);
        }
        command
    }
}

pub(super) static ADD: LazyLock<Script> = LazyLock::new(|| with_index(include_str!("add.lua")));
pub(super) static CREATE: LazyLock<Script> =
    LazyLock::new(|| with_index(include_str!("create.lua")));
pub(super) static UPDATE: LazyLock<Script> =
    LazyLock::new(|| with_index(include_str!("update.lua")));
pub(super) static TOUCH: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("touch.lua")));
pub(super) static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("end.lua")));
pub(super) static APPEND: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("append.lua")));
pub(super) static SINCE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("since.lua")));
pub(super) static PRUNE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("prune.lua")));
pub(super) static RING_READ: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("ring_read.lua")));
pub(super) static RING_SWAP: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("ring_swap.lua")));
pub(super) static RING_HISTORY: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("ring_history.lua")));

fn with_index(code: &str) -> Script {
    Script::new([include_str!("index.lua"), code].concat())
}
