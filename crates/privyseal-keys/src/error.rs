//! Where a key came from, what came of it, and what went wrong on the way.

use std::fmt;
use std::io;
use std::path::PathBuf;

use privyseal::KeyRing;
use privyseal::keyring::KeyListError;
use privyseal::secret::{KeyEncoding, KeyError};

/// The place that a key was taken from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An environment variable.
    Variable(String),
    /// One entry of a list in an environment variable, counted from zero.
    Entry {
        /// The name of the variable.
        variable: String,
        /// The position of the entry.
        index: usize,
    },
    /// A file.
    File(PathBuf),
    /// One entry of a list in a file, counted from zero.
    FileEntry {
        /// The file.
        path: PathBuf,
        /// The position of the entry.
        index: usize,
    },
    /// A variable in a file of variables.
    Line {
        /// The file.
        path: PathBuf,
        /// The name of the variable.
        variable: String,
    },
    /// Standard input.
    StandardInput,
    /// An open file descriptor.
    Descriptor(u32),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Entry { variable, index } => {
                write!(f, "entry {index} of environment variable {variable}")
            }
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::FileEntry { path, index } => {
                write!(f, "entry {index} of file {}", path.display())
            }
            Self::Line { path, variable } => write!(f, "{variable} in file {}", path.display()),
            Self::StandardInput => f.write_str("standard input"),
            Self::Descriptor(number) => write!(f, "file descriptor {number}"),
        }
    }
}

/// A ring of keys, and what its owner should know about where they lie.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The keys.
    pub ring: KeyRing,
    /// What could be better; empty most of the time.
    pub warnings: Vec<Warning>,
}

/// Something that works and should not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Others than the owner may read or write the file.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is mounted by itself, so that it is never replaced while the process runs.
    NeverChanges {
        /// The file.
        path: PathBuf,
    },
    /// A key that is too weak to sign was accepted for verification.
    WeakVerifyKey {
        /// Where the key comes from.
        origin: Origin,
        /// What is wrong with it.
        reason: KeyError,
    },
}

impl Warning {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::OpenToOthers { path, .. } => format!("run `chmod 600 {}`", path.display()),
            Self::NeverChanges { .. } => {
                "mount the whole directory (in Kubernetes without `subPath`), or start the \
                 process anew for each new key"
                    .to_owned()
            }
            Self::WeakVerifyKey { .. } => {
                "whoever guesses the key can forge sessions as long as it is accepted: remove it \
                 as soon as the sessions under it have expired"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers { path, mode } => write!(
                f,
                "key file {} is open to others than its owner (mode {mode:04o})",
                path.display()
            ),
            Self::NeverChanges { path } => write!(
                f,
                "key file {} is mounted by itself and will never show another key",
                path.display()
            ),
            Self::WeakVerifyKey { origin, reason } => {
                write!(f, "{origin} is accepted for verification only: {reason}")
            }
        }
    }
}

/// Why there are no keys from a source. No message contains any part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Neither the variable nor its `_FILE` twin is set.
    #[error("no secret key: neither {variable} nor {variable}_FILE is set")]
    Missing {
        /// The name of the variable.
        variable: String,
    },
    /// The variable and its `_FILE` twin are both set.
    #[error("both {variable} and {variable}_FILE are set")]
    Ambiguous {
        /// The name of the variable.
        variable: String,
    },
    /// The source could not be read.
    #[error("could not read the secret key from {origin}")]
    Unreadable {
        /// The source.
        origin: Origin,
        /// What the operating system says.
        source: io::Error,
    },
    /// The source is longer than any key.
    #[error("{origin} holds more than {limit} bytes, which is no secret key")]
    TooLarge {
        /// The source.
        origin: Origin,
        /// The most bytes that a source may hold.
        limit: usize,
    },
    /// The source is not UTF-8 where a text is needed.
    #[error("{origin} is not UTF-8 text")]
    NotText {
        /// The source.
        origin: Origin,
    },
    /// A weak key in an encoding other than text cannot be let through.
    #[error("{origin} holds a weak key in {encoding}")]
    WeakEncoded {
        /// The source.
        origin: Origin,
        /// The encoding that was asked for.
        encoding: KeyEncoding,
    },
    /// The key is malformed or unfit for use.
    #[error("the secret key from {origin} cannot be used")]
    Key {
        /// The source.
        origin: Origin,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// The list of older keys is malformed.
    #[error("the list of older keys in {origin} cannot be used")]
    List {
        /// The source.
        origin: Origin,
        /// What is wrong with the list.
        source: KeyListError,
    },
    /// There is a file already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file to be replaced is open to others, so somebody else may depend on it.
    #[error("{} is open to others than its owner (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file or directory could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A directory that was never initialised has other things in it.
    #[error("{} is not empty and is no data directory of privyseal", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that had keys has none any more.
    #[error("{} was initialised before, but its keys are gone", path.display())]
    KeysGone {
        /// The directory.
        path: PathBuf,
    },
    /// Neither the key nor a version of it is mounted.
    #[error("there is no key at {0}, nor a version such as {0}_v1", path.display())]
    NotMounted {
        /// The path of the key.
        path: PathBuf,
    },
    /// What should be a file is something else.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// A number that could be read in two ways, or is too large.
    #[error("{} does not end in the number of a version", path.display())]
    VersionName {
        /// The file.
        path: PathBuf,
    },
    /// There are more versions of a key than anybody needs.
    #[error("there are more than {limit} versions of the key {}", path.display())]
    TooManyVersions {
        /// The path of the key, without a version.
        path: PathBuf,
        /// How many there may be.
        limit: usize,
    },
    /// A file that was there when the keys were read last has been taken away.
    #[error("{} was there before and is gone", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The files were different each time they were read.
    #[error("the keys at {} change faster than they can be read", path.display())]
    Unsettled {
        /// The path of the key.
        path: PathBuf,
    },
    /// Randomness for a new key was not to be had.
    #[error("could not make a secret key")]
    Generate(#[source] KeyError),
}

impl SourceError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { variable } => format!(
                "run `privyseal key generate --format dotenv --name {variable}` and put the line \
                 into the environment of the application"
            ),
            Self::Ambiguous { variable } => {
                format!("unset one of them, so that it is clear which key {variable} is")
            }
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; no new key is made in its place, as that would end every session"
                    .to_owned()
            }
            Self::Unreadable { .. } => {
                "see that this user may read it; no new key is made in its place, as that would \
                 end every session"
                    .to_owned()
            }
            Self::TooLarge { .. } => "check that this is the right file".to_owned(),
            Self::NotText { .. } => {
                "keys that are not text belong into a file, and are read without an encoding"
                    .to_owned()
            }
            Self::WeakEncoded { .. } => {
                "weak keys are accepted as text only, the way Flask takes them".to_owned()
            }
            Self::Key { source, .. } | Self::Generate(source) => source.hint().to_owned(),
            Self::List { source, .. } => source.hint().to_owned(),
            Self::Exists { .. } => {
                "choose another name; a key that is overwritten is lost, and its sessions with it"
                    .to_owned()
            }
            Self::OpenToOthers { path, .. } => format!(
                "its replacement would be readable by its owner only; if nobody else needs it, \
                 run `chmod 600 {}` first",
                path.display()
            ),
            Self::Unwritable { .. } => {
                "see that the directory exists and that this user may write to it".to_owned()
            }
            Self::NotEmpty { .. } => "give an empty directory or a new name".to_owned(),
            Self::NotMounted { .. } => {
                "mount the secret there, or check the path; no new key is made in its place, as \
                 that would end every session"
                    .to_owned()
            }
            Self::NotAFile { .. } => {
                "check the path; Docker makes an empty directory where a file to mount is missing"
                    .to_owned()
            }
            Self::VersionName { .. } => {
                "number versions from `_v1` to `_v999999999`, without a zero in front".to_owned()
            }
            Self::TooManyVersions { .. } => {
                "remove the versions whose sessions have expired; every key that verifies costs \
                 time for each cookie that none of them made"
                    .to_owned()
            }
            Self::Gone { .. } => {
                "put it back; until then the keys that were read last are used. To do without it, \
                 start the process anew; a list without entries is `[]`"
                    .to_owned()
            }
            Self::Unsettled { .. } => {
                "see who writes there; until it is quiet the keys that were read last are used"
                    .to_owned()
            }
            Self::KeysGone { path } => format!(
                "restore {} from a backup; to start afresh and end every session, remove the \
                 whole directory",
                path.join("keys").display()
            ),
        }
    }
}
