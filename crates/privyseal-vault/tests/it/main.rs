//! The client against a server on this machine that keeps to the documented API; `fake.rs` says
//! to which part of it.

#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

mod fake;
mod repository;
mod tokens;
mod transit;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use privyseal_vault::{Credential, Login, Vault, VaultOptions};

use self::fake::Fake;

/// A file with a token or a secret, and the directory that it goes with.
struct Held {
    place: tempfile::TempDir,
}

impl Held {
    fn new(text: &str) -> Self {
        let held = Self {
            place: tempfile::tempdir().unwrap(),
        };
        held.write(text);
        held
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), format!("{text}\n")).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("credential")
    }

    fn credential(&self) -> Credential {
        Credential::File(self.path())
    }
}

/// Waits for a server on a machine that has much else to do.
fn options(fake: &Fake, login: Login) -> VaultOptions {
    VaultOptions::new(fake.url(), login).with_timeout(Duration::from_mins(1))
}

/// A client with this token.
fn with_token(fake: &Fake, token: &str) -> Vault {
    let held = Held::new(token);
    let vault = Vault::new(options(fake, Login::Token(held.credential()))).unwrap();
    // It is read when it is needed, and so the file stays until the test process ends.
    let _ = held.place.keep();
    vault
}
