//! The flags that say where a key ring is and what wraps it; none of them carries a password.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use privyseal_keys::credential_path;
use privyseal_keys::kek::FileKek;
use privyseal_keys::ring::{Keeper, KeeperError, Opened};
use privyseal_server::{KekChoice, RingUrl, open_keeper};

use crate::failure::Failure;
use crate::store::{self, Unread};

/// Where the ring is, and what wraps it.
#[derive(Args, Debug)]
pub(crate) struct RingFlags {
    /// Address of the ring: file:DIR, shared-file:DIR, sqlite:PATH, postgres://, mysql://, redis://, rediss://, secretsmanager:NAME or vault:MOUNT/PATH; a name behind # chooses one of several in a database [env: PRIVYSEAL_RING]
    ///
    /// A URL with a password does not belong on a command line, which other users of the machine
    /// can see: give it with --ring-file, or as the systemd credential `ring_url`.
    #[arg(
        id = "ring",
        long,
        value_name = "URL",
        env = "PRIVYSEAL_RING",
        hide_env = true,
        help_heading = "Ring"
    )]
    url: Option<Unread>,
    /// File that holds the address of the ring, `-` for standard input; goes before --ring
    #[arg(
        id = "ring_file",
        long = "ring-file",
        value_name = "PATH",
        help_heading = "Ring"
    )]
    file: Option<PathBuf>,
    #[command(flatten)]
    kek: KekFlags,
}

/// Where a key is to be taken into.
#[derive(Args, Debug)]
pub(crate) struct IntoFlags {
    /// Address of the ring, as for --ring of `privyseal ring` [env: PRIVYSEAL_RING]
    ///
    /// A URL with a password does not belong on a command line: give it with --into-file.
    #[arg(
        id = "into",
        long,
        value_name = "URL",
        env = "PRIVYSEAL_RING",
        hide_env = true,
        help_heading = "Ring"
    )]
    url: Option<Unread>,
    /// File that holds the address of the ring; goes before --into
    #[arg(
        id = "ring_file",
        long = "into-file",
        value_name = "PATH",
        help_heading = "Ring"
    )]
    file: Option<PathBuf>,
    #[command(flatten)]
    kek: KekFlags,
}

/// What wraps a ring.
#[derive(Args, Debug)]
#[command(next_help_heading = "Ring")]
pub(crate) struct KekFlags {
    /// What wraps the keys of the ring: file:PATH, age:PATH, pkcs11:MODULE?token=LABEL&key=LABEL&pin-file=PATH, kms:KEY, transit:MOUNT/KEY, or plain for rings in files [env: PRIVYSEAL_KEK]
    #[arg(long, value_name = "KEK", env = "PRIVYSEAL_KEK", hide_env = true)]
    kek: Option<Unread>,
    /// What wrapped the ring before, to open what it wrapped
    #[arg(long, value_name = "KEK")]
    old_kek: Vec<Unread>,
    /// Recipient of age to wrap the ring to, for --kek age:PATH [default: those of its identities]
    #[arg(long = "recipient", value_name = "AGE1...")]
    recipients: Vec<String>,
}

/// Which ring is meant, and what opens it.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) url: RingUrl,
    pub(crate) kek: KekChoice,
    pub(crate) old: Vec<KekChoice>,
}

impl RingFlags {
    /// What the flags, the environment and the credentials say.
    pub(crate) fn access(&self) -> Result<Access> {
        self.access_with(None)
    }

    /// The same, if a ring is named at all.
    pub(crate) fn access_if_named(&self) -> Result<Option<Access>> {
        if self.url.is_none() && self.file.is_none() && credential().is_none() {
            return Ok(None);
        }
        self.access().map(Some)
    }

    /// The same with a key-encryption key in this file, if one is named, in place of --kek. What
    /// --kek says is then one of the old ones.
    pub(crate) fn access_with(&self, new_kek: Option<&Path>) -> Result<Access> {
        self.kek.access(self.url()?, new_kek)
    }

    fn url(&self) -> Result<RingUrl> {
        address(self.url.as_ref(), self.file.as_deref())
    }
}

impl IntoFlags {
    /// What the flags, the environment and the credentials say; as of [`RingFlags`].
    pub(crate) fn access_with(&self, new_kek: Option<&Path>) -> Result<Access> {
        let url = address(self.url.as_ref(), self.file.as_deref())?;
        self.kek.access(url, new_kek)
    }
}

fn address(url: Option<&Unread>, file: Option<&Path>) -> Result<RingUrl> {
    let url = named(url, file)?;
    url.check_built_in()?;
    Ok(url)
}

fn named(url: Option<&Unread>, file: Option<&Path>) -> Result<RingUrl> {
    let read =
        |path: &Path| store::read(path, "the address of the key ring", RingUrl::has_password);
    if let Some(path) = file {
        return read(path);
    }
    if let Some(Unread(url)) = url {
        let url: RingUrl = url.parse()?;
        return if url.has_password() {
            Err(password_in_sight().into())
        } else {
            Ok(url)
        };
    }
    match credential() {
        Some(path) => read(&path),
        None => Err(Failure::new(
            "no key ring was named",
            "give --ring URL, such as --ring file:ring, or set PRIVYSEAL_RING",
        )
        .into()),
    }
}

fn credential() -> Option<PathBuf> {
    credential_path("ring_url").filter(|path| !matches!(path.try_exists(), Ok(false)))
}

impl KekFlags {
    fn access(&self, url: RingUrl, new_kek: Option<&Path>) -> Result<Access> {
        let mut old = self.old()?;
        let kek = match new_kek {
            None => self.choice()?,
            Some(path) => {
                if self.kek.is_some() {
                    old.push(self.choice()?);
                }
                KekChoice::file(path)
            }
        };
        Ok(Access { url, kek, old })
    }

    fn choice(&self) -> Result<KekChoice> {
        let Some(Unread(kek)) = &self.kek else {
            return Err(Failure::new(
                "nothing says what wraps the key ring",
                "give --kek file:PATH, or set PRIVYSEAL_KEK; `privyseal ring init --new-kek PATH` \
                 makes such a file",
            )
            .into());
        };
        let choice: KekChoice = kek.parse()?;
        Ok(choice.with_recipients(self.recipients.clone())?)
    }

    fn old(&self) -> Result<Vec<KekChoice>> {
        let parsed = self.old_kek.iter().map(|Unread(kek)| Ok(kek.parse()?));
        parsed.collect()
    }
}

impl Access {
    /// Who reads and changes the ring.
    pub(crate) async fn keeper(&self) -> Result<Keeper> {
        Ok(open_keeper(&self.url, &self.kek, &self.old).await?)
    }

    /// That, and the ring as it stands.
    pub(crate) async fn read(&self) -> Result<(Keeper, Opened)> {
        let keeper = self.keeper().await?;
        let opened = keeper.read().await?.ok_or(KeeperError::Absent)?;
        Ok((keeper, opened))
    }
}

/// Makes the file of a key-encryption key, which is durable before anything depends on it.
pub(crate) fn make_kek(path: &Path) -> Result<()> {
    FileKek::create(path)?;
    Ok(())
}

/// Runs what talks to repositories.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start")?
        .block_on(work)
}

fn password_in_sight() -> Failure {
    Failure::new(
        "the address of the key ring holds a password, and others may see it on a command line or \
         in an environment",
        "change the password if the machine is shared; put the address into a file that only you \
         can read, and give --ring-file PATH",
    )
}
